#include "tests/simulator/round_trip.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

Sample taken(std::uint8_t user) {
    Sample sample;
    sample.time = kTime;
    sample.user = user;
    return sample;
}

}  // namespace

TEST_CASE("what a cuff measured is what the hub decodes") {
    auto sample = taken(2);
    sample.status = 4;
    sample.values = {
        {"systolic", {128.5, 1}}, {"diastolic", {82, 0}}, {"mean", {97, 0}}, {"pulse", {71, 0}}};
    const auto measurement = decoded("blood-pressure", sample);
    CHECK_FALSE(measurement.refused);
    CHECK(measurement.deviceTime == sample.time);
    CHECK(measurement.reading.user_slot() == 2);
    const auto all = values(measurement);
    CHECK(all.at("MDC_PRESS_BLD_NONINV_SYS") == "128.5 mm[Hg]");
    CHECK(all.at("MDC_PRESS_BLD_NONINV_DIA") == "82 mm[Hg]");
    CHECK(all.at("MDC_PRESS_BLD_NONINV_MEAN") == "97 mm[Hg]");
    CHECK(all.at("MDC_PULS_RATE_NON_INV") == "71 /min");
    CHECK(measurement.reading.status_size() == 1);
}

TEST_CASE("every status word of a cuff is a status of the hub") {
    for (const auto& status : findModel("blood-pressure")->statuses) {
        Sample sample;
        sample.status = status.bits;
        sample.values = {{"systolic", {128, 0}}, {"diastolic", {82, 0}}};
        const auto measurement = decoded("blood-pressure", sample);
        CAPTURE(status.word);
        CHECK(measurement.reading.status_size() == 1);
    }
}

TEST_CASE("a failed measurement is refused, whatever device it comes from") {
    Sample sample;
    sample.time = kTime;
    sample.failed = true;
    for (const auto* word : {"blood-pressure", "thermometer", "weight-scale", "heart-rate"}) {
        CAPTURE(word);
        const auto measurement = decoded(word, sample);
        CHECK(measurement.refused.has_value());
        CHECK(measurement.reading.observations_size() == 0);
    }
}

TEST_CASE("temperatures keep their decimals, in both units") {
    Sample sample;
    sample.values = {{"temperature", {36.60, 2}}};
    DeviceSettings ear;
    ear.thermometer.site = temperatureSite("ear");
    const auto inCelsius = decoded("thermometer", sample, ear);
    REQUIRE(inCelsius.reading.observations_size() == 1);
    CHECK(inCelsius.reading.observations(0).value() == doctest::Approx(36.6));
    CHECK(inCelsius.reading.observations(0).decimals() == 2);
    CHECK(inCelsius.reading.observations(0).unit() == "Cel");
    sample.values = {{"temperature", {98.6, 1}}};
    const auto inFahrenheit = decoded("thermometer", sample, inUnit("degF"));
    REQUIRE(inFahrenheit.reading.observations_size() == 1);
    CHECK(inFahrenheit.reading.observations(0).value() == doctest::Approx(37.0));
}

TEST_CASE("weights come over in kilograms and pounds") {
    auto sample = taken(1);
    sample.values = {{"weight", {79.96, 2}}, {"bmi", {23.8, 1}}, {"height", {1.83, 2}}};
    const auto metric = decoded("weight-scale", sample);
    REQUIRE(metric.reading.observations_size() >= 1);
    CHECK(metric.reading.observations(0).value() == doctest::Approx(79.96));
    CHECK(metric.reading.user_slot() == 1);
    sample.values = {{"weight", {150.25, 2}}};
    const auto imperial = decoded("weight-scale", sample, inUnit("lb"));
    REQUIRE(imperial.reading.observations_size() == 1);
    CHECK(imperial.reading.observations(0).value() == doctest::Approx(68.152).epsilon(0.001));
}

TEST_CASE("heart rates come over, narrow and wide") {
    Sample sample;
    sample.status = 0x06;
    sample.values = {{"rate", {72, 0}}, {"interval", {833, 0}}};
    const auto narrow = decoded("heart-rate", sample);
    REQUIRE_FALSE(narrow.refused);
    REQUIRE(narrow.reading.observations_size() >= 1);
    CHECK(narrow.reading.observations(0).value() == 72);
}
