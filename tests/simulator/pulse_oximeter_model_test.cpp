#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

Sample oxygen() {
    Sample sample;
    sample.values = {{"saturation", {97, 0}}, {"pulse", {64, 0}}};
    return sample;
}

}  // namespace

TEST_CASE("a spot check: saturation and pulse, time, states and perfusion") {
    const auto oximeter = make("pulse-oximeter");
    CHECK(sent(*oximeter, oxygen()) == Texts{"2A5E 00"
                                             "6100"
                                             "4000"});
    auto sample = oxygen();
    sample.time = kTime;
    sample.values["perfusion"] = {1.5, 1};
    sample.status = status("pulse-oximeter", "fully-qualified") |
                    status("pulse-oximeter", "low-perfusion") |
                    status("pulse-oximeter", "clock-not-set");
    CHECK(sent(*oximeter, sample) == Texts{"2A5E 1f"
                                           "6100"
                                           "4000"
                                           "ea070b17080e05"
                                           "0001"
                                           "200000"
                                           "0ff0"});
    sample = oxygen();
    sample.failed = true;
    CHECK(sent(*oximeter, sample) == Texts{"2A5E 00"
                                           "ff07"
                                           "ff07"});
}

TEST_CASE("a value of a stream: fast and slow pairs, states and perfusion") {
    const auto oximeter = make("pulse-oximeter");
    auto sample = oxygen();
    sample.continuous = true;
    CHECK(sent(*oximeter, sample) == Texts{"2A5F 00"
                                           "6100"
                                           "4000"});
    sample.values["fast-saturation"] = {98, 0};
    sample.values["fast-pulse"] = {66, 0};
    sample.values["slow-saturation"] = {96, 0};
    sample.values["slow-pulse"] = {62, 0};
    sample.values["perfusion"] = {2, 0};
    sample.status = status("pulse-oximeter", "measurement-ongoing") |
                    status("pulse-oximeter", "sensor-displaced");
    CHECK(sent(*oximeter, sample) == Texts{"2A5F 1f"
                                           "6100"
                                           "4000"
                                           "6200"
                                           "4200"
                                           "6000"
                                           "3e00"
                                           "2000"
                                           "002000"
                                           "0200"});
}

TEST_CASE("its features; storage is one with records, and marks what comes from it") {
    CHECK(read(*make("pulse-oximeter"), 0x2a60) ==
          "7b00"
          "e0ff"
          "ffff00");
    DeviceSettings settings;
    settings.records.kept = true;
    const auto oximeter = make("pulse-oximeter", settings);
    CHECK(read(*oximeter, 0x2a60) ==
          "7f00"
          "e0ff"
          "ffff00");
    CHECK(sent(*oximeter, oxygen()).empty());
    CHECK(ask(*oximeter, 0x2a52, "0101") == Texts{"2A5E 02"
                                                  "6100"
                                                  "4000"
                                                  "0002",
                                                  "2A52 06000101"});
    CHECK(ask(*oximeter, 0x2a52, "0103010000") == Texts{"2A52 06000104"});  // no choice
    CHECK(ask(*oximeter, 0x2a52, "0201") == Texts{"2A52 06000201"});
    CHECK(ask(*oximeter, 0x2a52, "0401") == Texts{"2A52 05000000"});
}
