#include <array>

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
    CHECK(values(narrow).at("MDC_ECG_HEART_RATE") == "72 /min");
    CHECK(narrow.sensorContact == true);
    sample.values["rate"] = {255, 0};
    CHECK(values(decoded("heart-rate", sample)).at("MDC_ECG_HEART_RATE") == "255 /min");
    sample.values["rate"] = {256, 0};
    CHECK(values(decoded("heart-rate", sample)).at("MDC_ECG_HEART_RATE") == "256 /min");
}

TEST_CASE("a wide heart rate comes over with its energy and all intervals") {
    Sample sample;
    sample.values = {{"rate", {272, 0}}, {"energy", {1234, 0}}};
    sample.lists = {{"interval", {{220, 0}, {221, 0}, {219, 0}}}};
    const auto outputs = make("heart-rate")->measured(sample, 1);
    REQUIRE(outputs.size() == 1);
    CHECK(outputs[0].value.size() == 1 + 2 + 2 + 3 * 2);
    const auto wide = decoded(outputs[0]);
    CHECK_FALSE(wide.refused);
    CHECK_FALSE(wide.sensorContact);
    const auto all = values(wide);
    CHECK(all.at("MDC_ECG_HEART_RATE") == "272 /min");
    CHECK(all.at("MDC_HF_ENERGY") == "1234 kJ");
    const auto& intervals = wide.reading.observations(2);
    CHECK(intervals.code() == "MDC_ECG_TIME_PD_RR_GL");
    REQUIRE(intervals.samples().raw_size() == 3);
    const std::array expected{220.0, 221.0, 219.0};
    for (int i = 0; i < 3; ++i) {
        const auto ms = intervals.samples().raw(i) * intervals.samples().scale();
        CHECK(ms == doctest::Approx(expected.at(static_cast<std::size_t>(i))).epsilon(0.005));
    }
}

TEST_CASE("cuff pressures on the way to a measurement come over as such") {
    auto sample = taken(2);
    sample.values = {
        {"systolic", {128, 0}}, {"diastolic", {82, 0}}, {"mean", {97, 0}}, {"pulse", {71, 0}}};
    sample.status = 4;
    for (const bool enhanced : {false, true}) {
        CAPTURE(enhanced);
        DeviceSettings settings;
        settings.cuffPressures = 2;
        settings.enhanced = enhanced;
        const auto outputs = make("blood-pressure", settings)->measured(sample, 1);
        REQUIRE(outputs.size() == 3);
        for (int i = 0; i < 2; ++i) {
            const auto& output = outputs[static_cast<std::size_t>(i)];
            CHECK(output.numbers.empty());
            CHECK(output.characteristic ==
                  Uuid{enhanced ? std::uint16_t{0x2b35} : std::uint16_t{0x2a36}});
            const auto early = decoded(output);
            CHECK(early.intermediate);
            CHECK_FALSE(early.refused);
            CHECK(early.deviceTime == kTime);
            CHECK(early.reading.user_slot() == 2);
            CHECK(early.reading.status_size() == 0);
            CHECK(values(early) == std::map<std::string, std::string>{
                                       {"MDC_PRESS_CUFF", i == 0 ? "148 mm[Hg]" : "138 mm[Hg]"}});
            CHECK(output.plain.has_value() == enhanced);
            if (!enhanced) continue;
            const auto plain = decoded(Output{output.plain->characteristic, output.plain->value});
            CHECK(output.plain->characteristic == Uuid{0x2a36});
            CHECK(values(plain) == values(early));
        }
        CHECK_FALSE(decoded(outputs.back()).intermediate);
    }
}

TEST_CASE("a cuff pressure comes over in kilopascal too") {
    auto sample = taken(1);
    sample.values = {{"systolic", {17.1, 1}}, {"diastolic", {10.9, 1}}};
    auto settings = inUnit("kPa");
    settings.cuffPressures = 1;
    const auto early = decoded("blood-pressure", sample, settings);
    CHECK(early.intermediate);
    REQUIRE(early.reading.observations_size() == 1);
    CHECK(early.reading.observations(0).reported().value() == doctest::Approx(18.6));
    CHECK(early.reading.observations(0).reported().unit() == "kPa");
}
