#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

Sample pressures(std::optional<LocalDateTime> time = kTime) {
    Sample sample;
    sample.time = time;
    sample.values = {{"systolic", {120, 0}}, {"diastolic", {80, 0}}, {"mean", {93, 0}}};
    return sample;
}

DeviceSettings enhanced() {
    DeviceSettings settings;
    settings.enhanced = true;
    settings.userTimeOffset = std::chrono::minutes{60};
    return settings;
}

}  // namespace

TEST_CASE("a cuff sends pressures, time, pulse, user and status") {
    auto sample = pressures();
    sample.user = 1;
    sample.status = 4;
    sample.values["pulse"] = {71, 0};
    const auto cuff = make("blood-pressure");
    CHECK(sent(*cuff, sample) == Texts{"2A35 1e780050005d00ea070b17080e054700010400"});
    CHECK(read(*cuff, 0x2a49) == "1f00");
}

TEST_CASE("a cuff in kPa without clock, pulse and user; a mean that was not computed is absent") {
    Sample sample;
    sample.values = {{"systolic", {16.2, 1}}, {"diastolic", {10.6, 1}}};
    CHECK(sent(*make("blood-pressure", inUnit("kPa")), sample) == Texts{"2A35 11a2f06af0ff070000"});
}

TEST_CASE("a failed measurement of a cuff has no number in any field") {
    Sample sample;
    sample.time = kTime;
    sample.failed = true;
    CHECK(sent(*make("blood-pressure"), sample) ==
          Texts{"2A35 16ff07ff07ff07ea070b17080e05ff070000"});
}

TEST_CASE("an enhanced cuff says both times in seconds, and the plain value beside") {
    const auto cuff = make("blood-pressure", enhanced());
    CHECK(read(*cuff, 0x2a49) == "1f01");
    const auto outputs = cuff->measured(pressures(), 7);
    // 2026-11-23 08:14:05 is 848,736,845 s after 2000-01-01; the inner clock is an hour behind.
    CHECK(texts(outputs) == Texts{"2B34 72780050005d00"
                                  "3da49632"
                                  "0000"
                                  "4db29632"});
    REQUIRE(outputs[0].plain);
    CHECK(outputs[0].plain->characteristic == Uuid{0x2a35});
    CHECK(toHex(outputs[0].plain->value) == "12780050005d00ea070b17080e050000");
    CHECK(outputs[0].numbers == std::vector<std::uint64_t>{7});
}

TEST_CASE("a stored measurement goes in one segment if it fits, with the CRC of all of it") {
    auto settings = enhanced();
    settings.records.kept = true;
    auto cuff = make("blood-pressure", settings);
    CHECK(cuff->measured(pressures(std::nullopt), 1).empty());
    CHECK(ask(*cuff, 0x2a52, "0101") == Texts{"2B36 03"
                                              "0000"
                                              "342b"
                                              "50780050005d000000",
                                              "2A52 06000101"});
    settings.crc = true;
    cuff = make("blood-pressure", settings);
    CHECK(read(*cuff, 0x2a49) == "5f01");
    (void)cuff->measured(pressures(std::nullopt), 1);
    const auto record = *fromHex("030000342b50780050005d000000");
    CHECK(ask(*cuff, 0x2a52, "0101") == Texts{"2B36 " + toHex(withCrc(record)), "2A52 06000101"});
}

TEST_CASE("a stored measurement that is longer goes in segments whose counter rolls on") {
    auto settings = enhanced();
    settings.records.kept = true;
    auto cuff = make("blood-pressure", settings);
    (void)cuff->measured(pressures(), 1);
    (void)cuff->measured(pressures(), 2);
    CHECK(ask(*cuff, 0x2a52, "0101") == Texts{"2B36 01"
                                              "0000"
                                              "342b"
                                              "72780050005d003da496320000"
                                              "4d",
                                              "2B36 06"
                                              "b29632",
                                              "2B36 09"
                                              "0100"
                                              "342b"
                                              "72780050005d003da496320000"
                                              "4d",
                                              "2B36 0e"
                                              "b29632",
                                              "2A52 06000101"});
}
