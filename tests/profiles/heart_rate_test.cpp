#include "adapters/profiles/heart_rate.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kMeasurement = 0x2A37;
constexpr auto kRate = "MDC_ECG_HEART_RATE";
constexpr auto kEnergy = "MDC_HF_ENERGY";

Bytes full() {
    return sample({
        {"1e", "flags: 8 bit, contact supported and there, energy, RR intervals"},
        {"48", "72 /min"},
        {"2c01", "300 kJ"},
        {"5503", "853/1024 s"},
        {"6003", "864/1024 s"},
    });
}

}  // namespace

TEST_CASE("a complete heart rate has every field") {
    const auto m = measurement(kMeasurement, full());
    CHECK(m.reading.kind() == "heart-rate");
    CHECK(m.reading.observations_size() == 3);
    CHECK(shown(m, kRate) == "72 /min");
    CHECK(shown(m, kEnergy) == "300 kJ");
    CHECK(m.reading.observations(0).mdc() == 147842);
    CHECK(m.reading.observations(0).loinc() == "8867-4");
    CHECK(m.reading.observations(1).comparator() == v1::COMPARATOR_UNSPECIFIED);
    const auto& intervals = m.reading.observations(2);
    CHECK(intervals.code() == "MDC_ECG_TIME_PD_RR_GL");
    CHECK(intervals.mdc() == 147240);
    CHECK(intervals.unit() == "ms");
    CHECK(intervals.samples().scale() == 0.9765625);
    CHECK(intervals.samples().offset() == 0);
    CHECK(std::vector<int>(intervals.samples().raw().begin(), intervals.samples().raw().end()) ==
          std::vector<int>{853, 864});
    CHECK(intervals.samples().period_ms() == 0);
    CHECK(intervals.samples().at_ms().empty());
}

TEST_CASE("a wide heart rate is two octets") {
    CHECK(shown(measurement(kMeasurement, octets("01 2c01")), kRate) == "300 /min");
    CHECK(shown(measurement(kMeasurement, octets("01 4800")), kRate) == "72 /min");
    checkPrefixes(kMeasurement, octets("01 2c01"));
    checkTrailing(kMeasurement, octets("01 2c01"));
}

TEST_CASE("every octet short or wrong of a heart rate is noticed") {
    // Without any, or with one RR interval less, it is a shorter heart rate.
    checkPrefixes(kMeasurement, full(), {4, 6});
    checkBitFlips(kMeasurement, full());
}

TEST_CASE("an RR interval that no heart has is left out, its place marked, and the rate stands") {
    // 853, nothing, nothing, 64 s, 864 and 10.0 s (the last one a heart may have)
    const auto m = measurement(kMeasurement, octets("10 48 5503 0000 ffff 6003 0028 ffff"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kRate) == "72 /min");
    const auto& samples = m.reading.observations(1).samples();
    CHECK(std::vector<int>(samples.raw().begin(), samples.raw().end()) ==
          std::vector<int>{853, 864, 10240});
    REQUIRE(samples.spans_size() == 2);
    CHECK(samples.spans(0).from_ms() == 833);  // 853/1024 s
    CHECK(samples.spans(0).to_ms() == 833);
    CHECK(samples.spans(0).status(0) == "implausible");
    CHECK(samples.spans(1).from_ms() == 11676);
    CHECK(measurement(kMeasurement, full()).reading.observations(2).samples().spans().empty());
}

TEST_CASE("without a single plausible RR interval there is none, and the rate stands") {
    const auto m = measurement(kMeasurement, octets("10 48 0000 ffff"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kRate) == "72 /min");
    CHECK(shown(m, "MDC_ECG_TIME_PD_RR_GL") == "ABSENT_UNSPECIFIED");
    CHECK(statusOf(m, "MDC_ECG_TIME_PD_RR_GL") == std::vector<std::string>{"implausible"});
}

TEST_CASE("half an RR interval is refused") {
    const auto error = decodeError(kMeasurement, octets("10 48 5503 60"));
    CHECK(error.reason == v1::REFUSED_TRUNCATED);
    CHECK(error.field == "RR interval");
    CHECK(error.octet == 4);
}

TEST_CASE("more RR intervals than an attribute holds are refused") {
    Bytes value = octets("10 48");
    value.resize(514, 3);
    CHECK(decodeError(kMeasurement, value).reason == v1::REFUSED_MALFORMED);
    value.resize(512);
    CHECK(measurement(kMeasurement, value).reading.observations(1).samples().raw_size() == 255);
}

TEST_CASE("a sensor without contact gives no heart rate") {
    const auto m = measurement(kMeasurement, octets("04 48"));
    CHECK(m.refused == v1::REFUSED_NO_CONTACT);
    CHECK(m.reading.observations().empty());
    CHECK(measurement(kMeasurement, octets("04 00")).refused == v1::REFUSED_NO_CONTACT);
}

TEST_CASE("contact counts only where the sensor supports it") {
    CHECK_FALSE(measurement(kMeasurement, octets("00 48")).refused);
    CHECK_FALSE(measurement(kMeasurement, octets("02 48")).refused);
    CHECK_FALSE(measurement(kMeasurement, octets("06 48")).refused);
}

TEST_CASE("a heart rate of zero is none") {
    const auto m = measurement(kMeasurement, octets("00 00"));
    CHECK(m.refused == v1::REFUSED_FAILED);
    CHECK(m.refusedField == "heart rate");
}

TEST_CASE("a heart rate that no person has is refused") {
    CHECK(measurement(kMeasurement, octets("00 13")).refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(measurement(kMeasurement, octets("01 2d01")).refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(measurement(kMeasurement, octets("01 ffff")).refused == v1::REFUSED_IMPLAUSIBLE);
}

TEST_CASE("a full energy counter means at least that much") {
    const auto m = measurement(kMeasurement, octets("08 48 ffff"));
    CHECK(m.reading.observations(1).comparator() == v1::COMPARATOR_ABOVE);
    CHECK(shown(m, kEnergy) == "65535 kJ");
}

TEST_CASE("reserved flag bits change nothing") {
    auto value = full();
    value[0] |= 0xE0;
    CHECK(measurement(kMeasurement, value).reading.SerializeAsString() ==
          measurement(kMeasurement, full()).reading.SerializeAsString());
    CHECK(measurement(kMeasurement, octets("e0 48")).reading.SerializeAsString() ==
          measurement(kMeasurement, octets("00 48")).reading.SerializeAsString());
}

TEST_CASE("the static location of the sensor is merged") {
    auto m = measurement(kMeasurement, full());
    profiles::applySensorLocation(m, 0);
    CHECK_FALSE(m.reading.observations(0).has_body_site());
    profiles::applySensorLocation(m, 2);
    CHECK(m.reading.observations(0).body_site().code() == "vitalgate:wrist");
}

TEST_CASE("location and control point are named fields") {
    CHECK(json(0x2A38, "01") == R"({"sensorLocation":"chest"})");
    CHECK(json(0x2A38, "00") == R"({"sensorLocation":"other"})");
    CHECK(json(0x2A38, "07") == R"({"sensorLocation":"unknown"})");
    CHECK(json(0x2A39, "01") == R"({"command":"reset-energy"})");
    CHECK(json(0x2A39, "02") == R"({"command":"unknown"})");
    checkPrefixes(0x2A38, octets("01"));
    checkTrailing(0x2A39, octets("01"));
}

}  // namespace vitalgate::testing
