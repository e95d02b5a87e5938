#include <doctest/doctest.h>

#include <map>

#include "adapters/profiles/profile.hpp"
#include "adapters/simulator/model.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;

namespace {

/// What the decoders of the hub make of a value of this model.
profiles::Measurement decoded(std::string_view word, const Sample& sample, std::string unit = "",
                              std::optional<std::uint8_t> site = std::nullopt) {
    DeviceSettings settings;
    settings.unit = std::move(unit);
    settings.site = site;
    const auto model = findModel(word)->make(settings);
    const auto* spec = profiles::findCharacteristic(model->measurement());
    REQUIRE(spec);
    auto result = spec->decode(model->encode(sample), profiles::DecodeOptions{});
    REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
    return std::get<profiles::Measurement>(*result);
}

/// The values of a reading, as their codes' names say them, with their decimals.
std::map<std::string, std::string> values(const profiles::Measurement& measurement) {
    std::map<std::string, std::string> out;
    for (const auto& each : measurement.reading.observations()) {
        out[each.code()] = fmt::format("{:.{}f} {}", each.value(), each.decimals(), each.unit());
    }
    return out;
}

}  // namespace

TEST_CASE("what a cuff measured is what the hub decodes") {
    Sample sample{LocalDateTime{2026, 11, 23, 8, 14, 5}, 2, {}, 4, false};
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
        Sample sample{std::nullopt, std::nullopt, {}, status.bits, false};
        sample.values = {{"systolic", {128, 0}}, {"diastolic", {82, 0}}};
        const auto measurement = decoded("blood-pressure", sample);
        CAPTURE(status.word);
        CHECK(measurement.reading.status_size() == 1);
    }
}

TEST_CASE("a failed measurement is refused, whatever device it comes from") {
    Sample sample{LocalDateTime{2026, 11, 23, 8, 14, 5}, std::nullopt, {}, 0, true};
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
    const auto inCelsius = decoded("thermometer", sample, "", temperatureSite("ear"));
    REQUIRE(inCelsius.reading.observations_size() == 1);
    CHECK(inCelsius.reading.observations(0).value() == doctest::Approx(36.6));
    CHECK(inCelsius.reading.observations(0).decimals() == 2);
    CHECK(inCelsius.reading.observations(0).unit() == "Cel");
    sample.values = {{"temperature", {98.6, 1}}};
    const auto inFahrenheit = decoded("thermometer", sample, "degF");
    REQUIRE(inFahrenheit.reading.observations_size() == 1);
    CHECK(inFahrenheit.reading.observations(0).value() == doctest::Approx(37.0));
}

TEST_CASE("weights come over in kilograms and pounds") {
    Sample sample{LocalDateTime{2026, 5, 12, 18, 53, 54}, 1, {}, 0, false};
    sample.values = {{"weight", {79.96, 2}}, {"bmi", {23.8, 1}}, {"height", {1.83, 2}}};
    const auto metric = decoded("weight-scale", sample);
    REQUIRE(metric.reading.observations_size() >= 1);
    CHECK(metric.reading.observations(0).value() == doctest::Approx(79.96));
    CHECK(metric.reading.user_slot() == 1);
    sample.values = {{"weight", {150.25, 2}}};
    const auto imperial = decoded("weight-scale", sample, "lb");
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
