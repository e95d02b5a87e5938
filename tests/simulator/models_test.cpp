#include <doctest/doctest.h>

#include "adapters/simulator/model.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;

namespace {

std::unique_ptr<Model> make(std::string_view word, std::string unit = "",
                            std::optional<std::uint8_t> site = std::nullopt) {
    DeviceSettings settings;
    settings.unit = std::move(unit);
    settings.site = site;
    return findModel(word)->make(settings);
}

const LocalDateTime kTime{2026, 11, 23, 8, 14, 5};

}  // namespace

TEST_CASE("a cuff sends pressures, time, pulse, user and status") {
    Sample sample{kTime, 1, {}, 4, false};
    sample.values = {
        {"systolic", {120, 0}}, {"diastolic", {80, 0}}, {"mean", {93, 0}}, {"pulse", {71, 0}}};
    CHECK(toHex(make("blood-pressure")->encode(sample)) ==
          "1e780050005d00ea070b17080e054700010400");
}

TEST_CASE("a cuff in kPa without clock, pulse and user; a mean that was not computed is absent") {
    Sample sample;
    sample.values = {{"systolic", {16.2, 1}}, {"diastolic", {10.6, 1}}};
    CHECK(toHex(make("blood-pressure", "kPa")->encode(sample)) == "11a2f06af0ff070000");
}

TEST_CASE("a failed measurement of a cuff has no number in any field") {
    Sample sample{kTime, std::nullopt, {}, 0, true};
    CHECK(toHex(make("blood-pressure")->encode(sample)) == "16ff07ff07ff07ea070b17080e05ff070000");
}

TEST_CASE("a thermometer sends its site, in both units") {
    Sample sample;
    sample.values = {{"temperature", {36.6, 1}}};
    CHECK(toHex(make("thermometer", "", temperatureSite("ear"))->encode(sample)) == "046e0100ff03");
    CHECK(toHex(make("thermometer", "degF")->encode(sample)) == "016e0100ff");
    sample.time = kTime;
    sample.failed = true;
    CHECK(toHex(make("thermometer")->encode(sample)) == "02ffff7f00ea070b17080e05");
}

TEST_CASE("a scale sends what a real one sent") {
    Sample sample{LocalDateTime{2026, 5, 12, 18, 53, 54}, 1, {}, 0, false};
    sample.values = {{"weight", {79.96, 2}}, {"bmi", {23.8, 1}}, {"height", {1.83, 2}}};
    CHECK(toHex(make("weight-scale")->encode(sample)) == "0e783eea07050c12353601ee002607");
}

TEST_CASE("a scale in pounds, and one that could not weigh") {
    Sample sample;
    sample.values = {{"weight", {150.25, 2}}};
    CHECK(toHex(make("weight-scale", "lb")->encode(sample)) == "01b13a");
    sample.failed = true;
    CHECK(toHex(make("weight-scale")->encode(sample)) == "00ffff");
}

TEST_CASE("a strap sends narrow and wide rates, contact and intervals") {
    Sample sample;
    sample.values = {{"rate", {72, 0}}, {"interval", {833, 0}}};
    sample.status = 0x06;
    CHECK(toHex(make("heart-rate")->encode(sample)) == "16485503");
    sample.values = {{"rate", {300, 0}}, {"energy", {1024, 0}}};
    sample.status = 0;
    CHECK(toHex(make("heart-rate")->encode(sample)) == "092c010004");
    sample.values = {{"rate", {72, 0}}};
    sample.failed = true;
    CHECK(toHex(make("heart-rate")->encode(sample)) == "0400");
}

TEST_CASE("the control point of a strap takes only what it knows") {
    const auto strap = make("heart-rate");
    const Uuid controlPoint{0x2a39};
    const Bytes reset{1};
    const Bytes other{2};
    CHECK(strap->write(controlPoint, reset));
    CHECK(strap->write(controlPoint, other).error() == AttError::applicationRefused);
    CHECK(strap->write(controlPoint, Bytes{}).error() == AttError::invalidLength);
    CHECK(strap->write(Uuid{0x2a38}, reset).error() == AttError::writeNotPermitted);
}

TEST_CASE("every model describes a database in which handles rise") {
    for (const auto& spec : allModels()) {
        DeviceSettings settings;
        Database database;
        spec.make(settings)->describe(database, {});
        std::uint16_t last = 0;
        for (const auto& service : database.services()) {
            CHECK(service.handle > last);
            last = service.handle;
            for (const auto& each : service.characteristics) {
                CHECK(each.handle > last);
                last = static_cast<std::uint16_t>(each.handle + (each.hasConfiguration() ? 2 : 1));
            }
        }
    }
}
