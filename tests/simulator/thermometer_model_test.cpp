#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

TEST_CASE("a thermometer sends its site, in both units") {
    Sample sample;
    sample.values = {{"temperature", {36.6, 1}}};
    DeviceSettings ear;
    ear.thermometer.site = temperatureSite("ear");
    const auto model = make("thermometer", ear);
    CHECK(sent(*model, sample) == Texts{"2A1C 046e0100ff03"});
    CHECK(read(*model, 0x2a1d) == "03");
    CHECK(sent(*make("thermometer", inUnit("degF")), sample) == Texts{"2A1C 016e0100ff"});
    sample.time = kTime;
    sample.failed = true;
    CHECK(sent(*make("thermometer"), sample) == Texts{"2A1C 02ffff7f00ea070b17080e05"});
}

TEST_CASE("values on the way rise to the final one, and belong to no measurement") {
    DeviceSettings settings;
    settings.thermometer.intermediate = 2;
    const auto model = make("thermometer", settings);
    Sample sample;
    sample.values = {{"temperature", {36.6, 1}}};
    const auto outputs = model->measured(sample, 1);
    CHECK(texts(outputs) == Texts{"2A1E 00680100ff", "2A1E 006b0100ff", "2A1C 006e0100ff"});
    CHECK(outputs[0].numbers.empty());
    CHECK(outputs[2].numbers == std::vector<std::uint64_t>{1});
}

TEST_CASE("the measurement interval is read and set") {
    DeviceSettings settings;
    settings.thermometer.intervalSeconds = 300;
    const auto model = make("thermometer", settings);
    CHECK(read(*model, 0x2a21) == "2c01");
    CHECK(ask(*model, 0x2a21, "3c00").empty());
    CHECK(read(*model, 0x2a21) == "3c00");
    CHECK(ask(*model, 0x2a21, "3c") == Texts{"error 0d"});
    CHECK(make("thermometer")->read(Uuid{0x2a21}, {}).error() == AttError::readNotPermitted);
}
