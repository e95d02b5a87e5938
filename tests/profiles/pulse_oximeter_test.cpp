#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kSpotCheck = 0x2A5E;
constexpr std::uint16_t kContinuous = 0x2A5F;
constexpr std::uint16_t kFeatures = 0x2A60;
constexpr auto kSaturation = "MDC_PULS_OXIM_SAT_O2";
constexpr auto kPulse = "MDC_PULS_OXIM_PULS_RATE";
constexpr auto kPerfusion = "MDC_PULS_OXIM_PERF_REL";

Bytes fullSpotCheck() {
    return sample({
        {"0f", "flags: time, measurement status, sensor status, pulse amplitude index"},
        {"6200", "98 %"},
        {"4800", "72 /min"},
        {"ea070b17080e05", "2026-11-23 08:14:05"},
        {"8001", "validated, fully qualified"},
        {"200000", "low perfusion"},
        {"34f0", "5.2 %"},
    });
}

Bytes fullContinuous() {
    return sample({
        {"1f", "flags: fast, slow, measurement status, sensor status, pulse amplitude index"},
        {"6200", "98 %"},
        {"4800", "72 /min"},
        {"6100", "fast: 97 %"},
        {"4a00", "fast: 74 /min"},
        {"d9f3", "slow: 98.5 %"},
        {"4700", "slow: 71 /min"},
        {"2000", "ongoing"},
        {"100000", "signal poor"},
        {"34f0", "5.2 %"},
    });
}

/// Of all observations with the code, in their order: the number and its words.
std::vector<std::string> all(const profiles::Measurement& m, std::string_view code) {
    std::vector<std::string> out;
    for (const auto& observation : m.reading.observations()) {
        if (observation.code() != code) continue;
        const auto number = fmt::format("{:.{}f}", observation.value(), observation.decimals());
        out.push_back(number + (observation.status().empty() ? "" : " " + observation.status(0)));
    }
    return out;
}

std::optional<v1::MeasurementRefusal> refusedSpotCheck(std::string_view status) {
    return measurement(kSpotCheck, octets(fmt::format("02 6200 4800 {}", status))).refused;
}

std::optional<v1::MeasurementRefusal> refusedBySensor(std::string_view status) {
    return measurement(kSpotCheck, octets(fmt::format("04 6200 4800 {}", status))).refused;
}

}  // namespace

TEST_CASE("a complete spot check has every field") {
    const auto m = measurement(kSpotCheck, fullSpotCheck());
    CHECK(m.reading.kind() == "pulse-oximetry");
    CHECK_FALSE(m.continuous);
    CHECK(m.reading.observations_size() == 3);
    CHECK(shown(m, kSaturation) == "98 %");
    CHECK(m.reading.observations(0).mdc() == 150456);
    CHECK(m.reading.observations(0).loinc() == "2708-6");
    CHECK(shown(m, kPulse) == "72 /min");
    CHECK(m.reading.observations(1).mdc() == 149530);
    CHECK(shown(m, kPerfusion) == "5.2 %");
    CHECK(m.reading.device_time() == "2026-11-23T08:14:05");
    CHECK_FALSE(m.clockNotSet);
    CHECK(statusOf(m) == std::vector<std::string>{"validated", "fully-qualified", "low-perfusion"});
    CHECK_FALSE(m.reading.has_source());
}

TEST_CASE("a complete continuous value has three pairs") {
    const auto m = measurement(kContinuous, fullContinuous());
    CHECK(m.reading.kind() == "pulse-oximetry");
    CHECK(m.continuous);
    CHECK(m.reading.observations_size() == 7);
    CHECK(all(m, kSaturation) == std::vector<std::string>{"98", "97 fast", "98.5 slow"});
    CHECK(all(m, kPulse) == std::vector<std::string>{"72", "74 fast", "71 slow"});
    CHECK(shown(m, kPerfusion) == "5.2 %");
    CHECK(statusOf(m) == std::vector<std::string>{"measurement-ongoing", "signal-poor"});
}

TEST_CASE("each pair of a continuous value has its own flag") {
    CHECK(all(measurement(kContinuous, octets("01 6200 4800 6100 4a00")), kSaturation) ==
          std::vector<std::string>{"98", "97 fast"});
    CHECK(all(measurement(kContinuous, octets("02 6200 4800 6100 4a00")), kPulse) ==
          std::vector<std::string>{"72", "74 slow"});
    CHECK(all(measurement(kContinuous, octets("00 6200 4800")), kPulse) ==
          std::vector<std::string>{"72"});
}

TEST_CASE("every octet short or wrong of an oximeter's value is noticed") {
    checkPrefixes(kSpotCheck, fullSpotCheck());
    checkBitFlips(kSpotCheck, fullSpotCheck());
    checkTrailing(kSpotCheck, fullSpotCheck());
    checkPrefixes(kContinuous, fullContinuous());
    checkBitFlips(kContinuous, fullContinuous());
    checkTrailing(kContinuous, fullContinuous());
}

TEST_CASE("an oximeter that says that its clock was never set is not asked for the time") {
    const auto m = measurement(kSpotCheck, octets("11 6200 4800 e10701010a0000"));
    CHECK(m.clockNotSet);
    CHECK(m.reading.device_time() == "2017-01-01T10:00:00");
    CHECK(shown(m, kSaturation) == "98 %");
}

TEST_CASE("states in which a value is none of a patient") {
    CHECK(refusedSpotCheck("0004") == v1::REFUSED_DEMO);
    CHECK(refusedSpotCheck("0008") == v1::REFUSED_TEST);
    CHECK(refusedSpotCheck("0010") == v1::REFUSED_CALIBRATING);
    CHECK(refusedSpotCheck("0020") == v1::REFUSED_UNAVAILABLE);
    CHECK(refusedSpotCheck("0040") == v1::REFUSED_QUESTIONABLE);
    CHECK(refusedSpotCheck("0080") == v1::REFUSED_INVALID);
    // The reason that says most comes first.
    CHECK(refusedSpotCheck("00fc") == v1::REFUSED_DEMO);
    CHECK(refusedSpotCheck("00f8") == v1::REFUSED_TEST);
    CHECK(refusedSpotCheck("e003") == std::nullopt);
    const auto m = measurement(kContinuous, octets("04 6200 4800 0040"));
    CHECK(m.refused == v1::REFUSED_QUESTIONABLE);
    CHECK(m.refusedField == "measurement status");
    CHECK(m.reading.observations().empty());
    CHECK(statusOf(m) == std::vector<std::string>{"questionable-measurement"});
}

TEST_CASE("a sensor without contact, or broken") {
    CHECK(refusedBySensor("000800") == v1::REFUSED_NO_CONTACT);
    CHECK(refusedBySensor("002000") == v1::REFUSED_NO_CONTACT);
    CHECK(refusedBySensor("008000") == v1::REFUSED_NO_CONTACT);
    CHECK(refusedBySensor("020000") == v1::REFUSED_SENSOR_FAULT);
    CHECK(refusedBySensor("004000") == v1::REFUSED_SENSOR_FAULT);
    CHECK(refusedBySensor("751600") == std::nullopt);
    const auto m = measurement(kContinuous, octets("08 6200 4800 004000"));
    CHECK(m.refused == v1::REFUSED_SENSOR_FAULT);
    CHECK(m.refusedField == "device and sensor status");
}

TEST_CASE("a signal that no saturation can be computed from gives no number") {
    CHECK(refusedBySensor("080000") == v1::REFUSED_UNSTABLE);
    CHECK(refusedBySensor("800000") == v1::REFUSED_UNSTABLE);
    CHECK(refusedBySensor("000100") == v1::REFUSED_QUESTIONABLE);
    CHECK(refusedBySensor("800100") == v1::REFUSED_UNSTABLE);
    CHECK(refusedBySensor("884800") == v1::REFUSED_NO_CONTACT);
    CHECK(refusedBySensor("8a0000") == v1::REFUSED_SENSOR_FAULT);
    const auto m = measurement(kContinuous, octets("08 6200 4800 800000"));
    CHECK(m.refused == v1::REFUSED_UNSTABLE);
    CHECK(m.refusedField == "device and sensor status");
    CHECK(m.reading.observations().empty());
    CHECK(statusOf(m) == std::vector<std::string>{"signal-non-pulsatile"});
}

TEST_CASE("a value of a weak signal, and an early one, stands with its word") {
    const auto weak = measurement(kSpotCheck, octets("04 6200 4800 340000"));
    CHECK(shown(weak, kSaturation) == "98 %");
    CHECK(statusOf(weak) ==
          std::vector<std::string>{"signal-irregular", "signal-poor", "low-perfusion"});
    const auto early = measurement(kContinuous, octets("04 6200 4800 6000"));
    CHECK(shown(early, kSaturation) == "98 %");
    CHECK(statusOf(early) == std::vector<std::string>{"measurement-ongoing", "early-estimate"});
}

TEST_CASE("a value out of the oximeter's memory is marked so") {
    const auto m = measurement(kSpotCheck, octets("02 6200 4800 0002"));
    CHECK(m.reading.source().stored());
    CHECK(statusOf(m) == std::vector<std::string>{"from-storage"});
}

TEST_CASE("special numbers of an oximeter are absent with their reason") {
    CHECK(measurement(kSpotCheck, octets("00 ff07 ff07")).refused == v1::REFUSED_FAILED);
    const auto m = measurement(kSpotCheck, octets("08 6200 ff07 0008"));
    CHECK(shown(m, kPulse) == "ABSENT_NOT_A_NUMBER");
    CHECK(shown(m, kPerfusion) == "ABSENT_NOT_AT_THIS_RESOLUTION");
    CHECK(shown(measurement(kSpotCheck, octets("00 6200 0000")), kPulse) == "ABSENT_NOT_COMPUTED");
    const auto fast = measurement(kContinuous, octets("01 6200 4800 ff07 0000"));
    CHECK(shown(fast, kSaturation) == "98 %");
    CHECK(fast.reading.observations(2).absent() == v1::ABSENT_NOT_A_NUMBER);
    CHECK(fast.reading.observations(3).absent() == v1::ABSENT_NOT_COMPUTED);
}

TEST_CASE("a saturation that no person has is refused, a pulse beside it is left out") {
    CHECK(measurement(kSpotCheck, octets("00 7f00 4800")).refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(measurement(kSpotCheck, octets("00 0000 4800")).refused == v1::REFUSED_IMPLAUSIBLE);
    const auto m = measurement(kSpotCheck, octets("00 6200 ff00"));
    CHECK_FALSE(m.refused);
    const auto odd = measurement(kSpotCheck, octets("00 6200 9001"));
    CHECK_FALSE(odd.refused);
    CHECK(shown(odd, kPulse) == "ABSENT_UNSPECIFIED");
    CHECK(statusOf(odd, kPulse) == std::vector<std::string>{"implausible"});
}

TEST_CASE("reserved bits of an oximeter change nothing") {
    auto spot = fullSpotCheck();
    spot[0] |= 0xE0;
    CHECK(measurement(kSpotCheck, spot).reading.SerializeAsString() ==
          measurement(kSpotCheck, fullSpotCheck()).reading.SerializeAsString());
    CHECK(measurement(kSpotCheck, octets("06 6200 4800 1f00 0000ff")).reading.status().empty());
    auto continuous = fullContinuous();
    continuous[0] |= 0xE0;
    CHECK(measurement(kContinuous, continuous).reading.SerializeAsString() ==
          measurement(kContinuous, fullContinuous()).reading.SerializeAsString());
}

TEST_CASE("the features of an oximeter name what it can tell") {
    CHECK(json(kFeatures, "8c00") ==
          R"({"features":["measurement-storage","time-stamp","multiple-bonds"]})");
    CHECK(json(kFeatures, "0300 2080 000800") ==
          R"({"features":["measurement-status","sensor-status"],)"
          R"("measurementStatus":["measurement-ongoing","invalid-measurement"],)"
          R"("sensorStatus":["sensor-not-on-person"]})");
    CHECK(json(kFeatures, "0200 000800") ==
          R"({"features":["sensor-status"],"sensorStatus":["sensor-not-on-person"]})");
    checkPrefixes(kFeatures, octets("0300 2080 000800"));
    checkBitFlips(kFeatures, octets("0300 2080 000800"));
}

TEST_CASE("a perfusion beside neither saturation nor pulse is a failed measurement") {
    const auto spot = measurement(0x2A5E, octets("08 ff07 ff07 64f0"));
    CHECK(spot.refused == v1::REFUSED_FAILED);
    CHECK(spot.refusedField == "SpO2");
    CHECK_FALSE(measurement(0x2A5E, octets("08 ff07 4600 64f0")).refused);
}

}  // namespace vitalgate::testing
