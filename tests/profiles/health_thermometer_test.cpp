#include "adapters/profiles/health_thermometer.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kMeasurement = 0x2A1C;
constexpr auto kTemperature = "MDC_TEMP_BODY";

Bytes full() {
    return sample({
        {"06", "flags: Celsius, time stamp, type"},
        {"6f0100ff", "36.7"},
        {"ea07 0b 17", "2026-11-23"},
        {"06 1e 00", "06:30:00"},
        {"06", "mouth"},
    });
}

}  // namespace

TEST_CASE("a complete temperature has every field") {
    const auto m = measurement(kMeasurement, full());
    CHECK(m.reading.kind() == "body-temperature");
    CHECK_FALSE(m.reading.has_type());
    REQUIRE(m.reading.observations_size() == 1);
    const auto& observation = m.reading.observations(0);
    CHECK(shown(m, kTemperature) == "36.7 Cel");
    CHECK(observation.mdc() == 150364);
    CHECK(observation.loinc() == "8310-5");
    CHECK(observation.body_site().code() == "MDC_TEMP_ORAL");
    CHECK(observation.body_site().mdc() == 188424);
    CHECK_FALSE(observation.has_reported());
    CHECK(m.reading.device_time() == "2026-11-23T06:30:00");
    CHECK_FALSE(m.reading.has_user_slot());
    CHECK_FALSE(m.intermediate);
}

TEST_CASE("degrees Fahrenheit become degrees Celsius and stay as reported") {
    const auto m = measurement(kMeasurement, octets("01 da0300ff"));
    CHECK(shown(m, kTemperature) == "37.00 Cel");
    CHECK(reported(m, kTemperature) == "98.6 [degF]");
}

TEST_CASE("every octet short, long or wrong of a temperature is noticed") {
    checkPrefixes(kMeasurement, full());
    checkBitFlips(kMeasurement, full());
    checkTrailing(kMeasurement, full());
}

TEST_CASE("a temperature that is no number failed, whatever the special value") {
    for (const auto* hex : {"00 ffff7f00", "00 00008000", "00 feff7f00", "00 02008000",
                            "00 01008000", "01 ffff7f00"}) {
        CAPTURE(hex);
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK(m.refused == v1::REFUSED_FAILED);
        CHECK(m.reading.observations().empty());
    }
}

TEST_CASE("a temperature that no person has is refused") {
    CHECK(measurement(kMeasurement, octets("00 f90000ff")).refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(measurement(kMeasurement, octets("00 cd0100ff")).refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(measurement(kMeasurement, octets("01 250000 00")).refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(measurement(kMeasurement, octets("00 f90000ff")).refusedField == "temperature");
    CHECK_FALSE(measurement(kMeasurement, octets("00 fa0000ff")).refused);
}

TEST_CASE("precision is the device's: 37, 37.0 and 37.00 differ") {
    CHECK(shown(measurement(kMeasurement, octets("00 25000000")), kTemperature) == "37 Cel");
    CHECK(shown(measurement(kMeasurement, octets("00 720100ff")), kTemperature) == "37.0 Cel");
    CHECK(shown(measurement(kMeasurement, octets("00 740e00fe")), kTemperature) == "37.00 Cel");
}

TEST_CASE("a reserved type or the body in general names no site") {
    for (const auto* type : {"00", "02", "0a", "ff"}) {
        CAPTURE(type);
        const auto m = measurement(kMeasurement, octets("04 6f0100ff" + std::string(type)));
        CHECK_FALSE(m.reading.observations(0).has_body_site());
    }
}

TEST_CASE("the static type fills in a site that the measurement does not name") {
    auto m = measurement(kMeasurement, octets("00 6f0100ff"));
    profiles::applyTemperatureType(m, 0);
    CHECK_FALSE(m.reading.observations(0).has_body_site());
    profiles::applyTemperatureType(m, 3);
    CHECK(m.reading.observations(0).body_site().code() == "MDC_TEMP_EAR");
    profiles::applyTemperatureType(m, 1);
    CHECK(m.reading.observations(0).body_site().code() == "MDC_TEMP_EAR");
}

TEST_CASE("a refused temperature stays empty when the static type is merged") {
    auto m = measurement(kMeasurement, octets("00 ffff7f00"));
    profiles::applyTemperatureType(m, 3);
    CHECK(m.reading.observations().empty());
}

TEST_CASE("reserved flag bits change nothing") {
    CHECK(measurement(kMeasurement, octets("f8 6f0100ff")).reading.SerializeAsString() ==
          measurement(kMeasurement, octets("00 6f0100ff")).reading.SerializeAsString());
}

TEST_CASE("an intermediate temperature is marked") {
    const auto m = measurement(0x2A1E, full());
    CHECK(m.intermediate);
    CHECK(shown(m, kTemperature) == "36.7 Cel");
    checkPrefixes(0x2A1E, full());
}

TEST_CASE("temperature type and interval are named fields") {
    CHECK(json(0x2A1D, "03") == R"({"temperatureType":"ear"})");
    CHECK(json(0x2A1D, "02") == "{\"temperatureType\":\"body (general)\"}");
    CHECK(json(0x2A1D, "00") == R"({"temperatureType":"unknown"})");
    CHECK(json(0x2A21, "2c01") == R"({"measurementIntervalSeconds":300})");
    checkPrefixes(0x2A1D, octets("03"));
    checkPrefixes(0x2A21, octets("2c01"));
    checkTrailing(0x2A1D, octets("03"));
    checkTrailing(0x2A21, octets("2c01"));
}

}  // namespace vitalgate::testing
