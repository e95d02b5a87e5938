#include "tests/simulator/round_trip.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

Sample oxygen(bool continuous = false) {
    Sample sample;
    sample.time = kTime;
    sample.continuous = continuous;
    sample.values = {{"saturation", {97, 0}}, {"pulse", {64, 0}}, {"perfusion", {1.5, 1}}};
    return sample;
}

}  // namespace

TEST_CASE("a spot check and a value of a stream come over") {
    const auto spot = decoded("pulse-oximeter", oxygen());
    CHECK_FALSE(spot.refused);
    CHECK_FALSE(spot.continuous);
    CHECK(spot.deviceTime == kTime);
    for (const auto& measurement : {spot, decoded("pulse-oximeter", oxygen(true))}) {
        const auto all = values(measurement);
        CHECK(all.at("MDC_PULS_OXIM_SAT_O2") == "97 %");
        CHECK(all.at("MDC_PULS_OXIM_PULS_RATE") == "64 /min");
        CHECK(all.at("MDC_PULS_OXIM_PERF_REL") == "1.5 %");
    }
    auto sample = oxygen(true);
    for (const auto* name : {"fast-saturation", "slow-saturation"}) sample.values[name] = {95, 0};
    for (const auto* name : {"fast-pulse", "slow-pulse"}) sample.values[name] = {70, 0};
    const auto stream = decoded("pulse-oximeter", sample);
    CHECK(stream.continuous);
    CHECK(stream.reading.observations_size() == 7);
}

TEST_CASE("every status word of an oximeter is that of the hub, in both kinds of value") {
    for (const bool continuous : {false, true}) {
        for (const auto& status : findModel("pulse-oximeter")->statuses) {
            auto sample = oxygen(continuous);
            sample.status = status.bits;
            const auto measurement = decoded("pulse-oximeter", sample);
            CAPTURE(status.word);
            if (status.word == "clock-not-set") {
                CHECK(measurement.clockNotSet == !continuous);
            } else {
                CHECK(words(measurement) == Texts{std::string(status.word)});
            }
        }
    }
}

TEST_CASE("what comes from storage says so, and what failed is refused") {
    DeviceSettings settings;
    settings.records.kept = true;
    const auto oximeter = make("pulse-oximeter", settings);
    (void)oximeter->measured(oxygen(), 1);
    const auto answer = oximeter->write(Uuid{0x2a52}, *fromHex("0101"), {});
    REQUIRE(answer);
    CHECK(decoded(answer->outputs[0]).reading.source().stored());
    auto sample = oxygen();
    sample.failed = true;
    CHECK(decoded("pulse-oximeter", sample).refused.has_value());
}
