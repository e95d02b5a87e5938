#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

Sample glucose(const Number& value) {
    Sample sample;
    sample.time = kTime;
    sample.values = {{"glucose", value}};
    return sample;
}

}  // namespace

TEST_CASE("a meter sends number, base time, concentration, type and location") {
    const auto meter = make("glucose", inUnit("mg/dL"));
    CHECK(sent(*meter, glucose({95, 0})) == Texts{"2A18 02"
                                                  "0000"
                                                  "ea070b17080e05"
                                                  "5fb0"
                                                  "11"});
    CHECK(read(*meter, 0x2a51) == "ff03");
    auto sample = glucose({110.5, 1});
    sample.status = status("glucose", "battery-low") | status("glucose", "temperature-low");
    sample.choices = {{"type", 8}, {"location", 15}};
    CHECK(sent(*meter, sample) == Texts{"2A18 0a"
                                        "0100"
                                        "ea070b17080e05"
                                        "51a4"
                                        "f8"
                                        "0101"});
}

TEST_CASE("a meter in mmol/L whose person sees another time than its inner clock") {
    auto settings = inUnit("mmol/L");
    settings.userTimeOffset = std::chrono::minutes{-90};
    const auto meter = make("glucose", settings);
    CHECK(sent(*meter, glucose({5.4, 1})) == Texts{"2A18 07"
                                                   "0000"
                                                   "ea070b17092c05"
                                                   "a6ff"
                                                   "36c0"
                                                   "11"});
}

TEST_CASE("control solution says so in type and location; a failed test has no number") {
    const auto meter = make("glucose", inUnit("mg/dL"));
    auto sample = glucose({120, 0});
    sample.choices = {{"control", 1}};
    CHECK(sent(*meter, sample) == Texts{"2A18 02"
                                        "0000"
                                        "ea070b17080e05"
                                        "78b0"
                                        "4a"});
    sample = glucose({120, 0});
    sample.failed = true;
    CHECK(sent(*meter, sample) == Texts{"2A18 02"
                                        "0100"
                                        "ea070b17080e05"
                                        "ff07"
                                        "11"});
}

TEST_CASE("a context follows its record with the same number, fields in the order of their flags") {
    const auto meter = make("glucose", inUnit("mg/dL"));
    auto sample = glucose({95, 0});
    sample.values["carbohydrate"] = {45, 0};
    sample.values["exercise"] = {1800, 0};
    sample.values["exercise-intensity"] = {60, 0};
    sample.values["medication"] = {12, 0};
    sample.values["hba1c"] = {6.5, 1};
    sample.choices = {{"carbohydrate-kind", 2},
                      {"meal", 1},
                      {"tester", 1},
                      {"health", 5},
                      {"medication-kind", 1}};
    const auto outputs = meter->measured(sample, 9);
    CHECK(texts(outputs) == Texts{"2A18 12"
                                  "0000"
                                  "ea070b17080e05"
                                  "5fb0"
                                  "11",
                                  "2A34 5f"
                                  "0000"
                                  "02"
                                  "2dd0"
                                  "01"
                                  "51"
                                  "0807"
                                  "3c"
                                  "01"
                                  "0ca0"
                                  "41f0"});
    CHECK(outputs[1].numbers == std::vector<std::uint64_t>{9});
    sample = glucose({95, 0});
    sample.values["medication-volume"] = {0.5, 1};
    sample.choices = {{"health", 4}};
    CHECK(sent(*meter, sample)[1] ==
          "2A34 34"
          "0100"
          "4f"
          "01"
          "05c0");
}

TEST_CASE("a meter that stores sends nothing by itself") {
    auto settings = inUnit("mg/dL");
    settings.records.kept = true;
    auto meter = make("glucose", settings);
    CHECK(sent(*meter, glucose({95, 0})).empty());
    CHECK(ask(*meter, 0x2a52, "0401") == Texts{"2A52 05000100"});
    settings.records.live = true;
    meter = make("glucose", settings);
    CHECK(sent(*meter, glucose({95, 0})).size() == 1);
    CHECK(ask(*meter, 0x2a52, "0401") == Texts{"2A52 05000100"});
    CHECK(meter->records()->find(1)->key == 0);
    meter->reset({});
    CHECK(ask(*meter, 0x2a52, "0101") == Texts{"2A52 06000106"});
}
