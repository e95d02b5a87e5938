#include "tests/simulator/round_trip.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

DeviceSettings analysing(bool inTwoPackets) {
    DeviceSettings settings;
    settings.scale = {.hasWeight = true, .hasComposition = true, .inTwoPackets = inTwoPackets};
    return settings;
}

Sample body() {
    Sample sample;
    sample.time = kTime;
    sample.user = 1;
    sample.values = {
        {"weight", {79.96, 2}},      {"fat", {22.5, 1}},       {"basal-metabolism", {7200, 0}},
        {"muscle", {41.2, 1}},       {"muscle-mass", {33, 0}}, {"fat-free-mass", {62, 0}},
        {"soft-lean-mass", {58, 0}}, {"water-mass", {45, 0}},  {"impedance", {500, 0}}};
    return sample;
}

double valueOf(const profiles::Measurement& measurement, std::string_view code) {
    for (const auto& each : measurement.reading.observations()) {
        if (each.code() == code) return each.value();
    }
    FAIL("no " << code);
    return 0;
}

}  // namespace

TEST_CASE("a weight and a composition come over as parts of one event") {
    const auto scale = make("weight-scale", analysing(false));
    const auto outputs = scale->measured(body(), 1);
    REQUIRE(outputs.size() == 2);
    const auto weight = decoded(outputs[0]);
    const auto composition = decoded(outputs[1], *scale->read(Uuid{0x2a9b}, {}));
    CHECK(weight.part->kind == profiles::Part::Kind::weight);
    CHECK(composition.part->kind == profiles::Part::Kind::composition);
    CHECK(weight.part->event == composition.part->event);
    CHECK_FALSE(composition.part->announced);
    CHECK_FALSE(composition.refused);
    CHECK(valueOf(composition, "MDC_BODY_FAT") == doctest::Approx(22.5));
    CHECK(valueOf(composition, "vitalgate:basal-metabolism") == 7200);
    CHECK(valueOf(composition, "vitalgate:muscle-percentage") == doctest::Approx(41.2));
    CHECK(valueOf(composition, "vitalgate:muscle-mass") == 33);
    CHECK(valueOf(composition, "MDC_MASS_BODY_FAT_FREE") == 62);
    CHECK(valueOf(composition, "MDC_MASS_BODY_SOFT_LEAN") == 58);
    CHECK(valueOf(composition, "MDC_BODY_WATER") == 45);
    CHECK(valueOf(composition, "vitalgate:body-impedance") == 500);
}

TEST_CASE("the two packets of a composition are announced, and hold each value once") {
    const auto outputs = make("weight-scale", analysing(true))->measured(body(), 1);
    REQUIRE(outputs.size() == 3);
    const auto first = decoded(outputs[1]);
    const auto second = decoded(outputs[2]);
    CHECK(first.part->announced);
    CHECK(first.part->event == second.part->event);
    CHECK_FALSE(second.refused);
    CHECK(valueOf(first, "MDC_BODY_FAT") == doctest::Approx(22.5));
    CHECK(valueOf(second, "vitalgate:body-impedance") == 500);
    CHECK(first.reading.observations_size() + second.reading.observations_size() == 8);
}

TEST_CASE("a composition alone has its weight, in pounds too; a failed one is refused") {
    auto settings = analysing(false);
    settings.unit = "lb";
    settings.scale.hasWeight = false;
    auto sample = body();
    sample.values["weight"] = {150.25, 2};
    CHECK(valueOf(decoded("weight-scale", sample, settings), "MDC_MASS_BODY_ACTUAL") ==
          doctest::Approx(68.152).epsilon(0.001));
    sample.failed = true;
    CHECK(decoded("weight-scale", sample, settings).refused.has_value());
}
