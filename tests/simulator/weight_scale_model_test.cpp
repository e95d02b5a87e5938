#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

DeviceSettings analysing(bool inTwoPackets = false) {
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

}  // namespace

TEST_CASE("a scale sends what a real one sent") {
    Sample sample;
    sample.time = LocalDateTime{2026, 5, 12, 18, 53, 54};
    sample.user = 1;
    sample.values = {{"weight", {79.96, 2}}, {"bmi", {23.8, 1}}, {"height", {1.83, 2}}};
    CHECK(sent(*make("weight-scale"), sample) == Texts{"2A9D 0e783eea07050c12353601ee002607"});
}

TEST_CASE("a scale in pounds, and one that could not weigh") {
    Sample sample;
    sample.values = {{"weight", {150.25, 2}}};
    CHECK(sent(*make("weight-scale", inUnit("lb")), sample) == Texts{"2A9D 01b13a"});
    sample.failed = true;
    CHECK(sent(*make("weight-scale"), sample) == Texts{"2A9D 00ffff"});
}

TEST_CASE(
    "a scale with composition sends the weight, then all fields in the order of their flags") {
    const auto scale = make("weight-scale", analysing());
    CHECK(sent(*scale, body()) == Texts{"2A9D 06783eea070b17080e0501",
                                        "2A9C fe03"
                                        "e100"
                                        "ea070b17080e05"
                                        "01"
                                        "201c"
                                        "9c01"
                                        "c819"
                                        "7030"
                                        "502d"
                                        "2823"
                                        "8813"});
    CHECK(read(*scale, 0x2a9b) == "ffbf0100");
}

TEST_CASE("a composition in two packets says so in both, with time and user to know them by") {
    CHECK(sent(*make("weight-scale", analysing(true)), body()) ==
          Texts{"2A9D 06783eea070b17080e0501",
                "2A9C 7e10"
                "e100"
                "ea070b17080e05"
                "01"
                "201c"
                "9c01"
                "c819"
                "7030",
                "2A9C 8613"
                "ffff"
                "ea070b17080e05"
                "01"
                "502d"
                "2823"
                "8813"});
}

TEST_CASE("a composition alone has weight and height; one that failed has nothing") {
    auto settings = analysing();
    settings.unit = "lb";
    settings.scale.hasWeight = false;
    const auto scale = make("weight-scale", settings);
    Sample sample;
    sample.values = {{"weight", {150.25, 2}}, {"height", {70.5, 1}}, {"fat", {20, 0}}};
    CHECK(sent(*scale, sample) == Texts{"2A9C 010c"
                                        "c800"
                                        "b13a"
                                        "c102"});
    sample.failed = true;
    CHECK(sent(*scale, sample) == Texts{"2A9C 0100ffff"});
    CHECK(scale->advertised() == std::vector{Uuid{0x181b}});
}

TEST_CASE("a scale gives a person's data only with the person's code") {
    DeviceSettings settings;
    settings.consents = {{1, 1234}, {2, 7}};
    const auto scale = make("weight-scale", settings);
    CHECK_FALSE(scale->maySend(1));
    CHECK(read(*scale, 0x2a9a) == "ff");
    CHECK(scale->read(Uuid{0x2a99}, {}).error() == AttError::applicationRefused);
    CHECK(ask(*scale, 0x2a9f, "02010000") == Texts{"2A9F 200205"});
    CHECK(ask(*scale, 0x2a9f, "0209d204") == Texts{"2A9F 200203"});
    CHECK(ask(*scale, 0x2a9f, "0201d2") == Texts{"2A9F 200203"});
    CHECK_FALSE(scale->maySend(1));
    CHECK(ask(*scale, 0x2a9f, "0201d204") == Texts{"2A9F 200201"});
    CHECK(scale->maySend(1));
    CHECK(scale->maySend(std::nullopt));
    CHECK_FALSE(scale->maySend(2));
    CHECK(read(*scale, 0x2a9a) == "01");
    CHECK(ask(*scale, 0x2a99, "05000100").empty());
    CHECK(read(*scale, 0x2a99) == "05000100");
    scale->disconnected();
    CHECK_FALSE(scale->maySend(1));
}

TEST_CASE("users are registered, deleted, and everything else is not supported") {
    DeviceSettings settings;
    settings.consents = {{1, 1234}};
    const auto scale = make("weight-scale", settings);
    CHECK(ask(*scale, 0x2a9f, "010500") == Texts{"2A9F 20010102"});
    CHECK(ask(*scale, 0x2a9f, "0105") == Texts{"2A9F 200103"});
    CHECK(ask(*scale, 0x2a9f, "03") == Texts{"2A9F 200305"});
    CHECK(ask(*scale, 0x2a9f, "02020500") == Texts{"2A9F 200201"});
    CHECK(scale->maySend(2));
    CHECK(ask(*scale, 0x2a9f, "03") == Texts{"2A9F 200301"});
    CHECK(ask(*scale, 0x2a9f, "02020500") == Texts{"2A9F 200203"});
    CHECK(ask(*scale, 0x2a9f, "010700") == Texts{"2A9F 20010102"});
    CHECK(ask(*scale, 0x2a9f, "04") == Texts{"2A9F 20040102"});
    CHECK(ask(*scale, 0x2a9f, "0509") == Texts{"2A9F 200503"});
    CHECK(ask(*scale, 0x2a9f, "0502") == Texts{"2A9F 20050102"});
    CHECK(ask(*scale, 0x2a9f, "0501") == Texts{"2A9F 200504"});
    CHECK(ask(*scale, 0x2a9f, "04") == Texts{"2A9F 20040101"});
    CHECK(ask(*scale, 0x2a9f, "06") == Texts{"2A9F 200602"});
    CHECK(ask(*scale, 0x2a9f, "") == Texts{"error 0d"});
    CHECK(ask(*scale, 0x2a9f, "04", {.isAnswering = true}) == Texts{"error fe"});
}
