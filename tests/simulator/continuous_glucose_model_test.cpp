#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;
using namespace std::chrono_literals;

namespace {

Sample glucose(double value, Duration age) {
    Sample sample;
    sample.age = age;
    sample.values = {{"glucose", {value, 0}}};
    return sample;
}

DeviceSettings storing(bool crc = false) {
    DeviceSettings settings;
    settings.crc = crc;
    settings.records.kept = true;
    settings.records.live = true;
    return settings;
}

/// `hex` and its CRC.
std::string sealed(std::string_view hex) {
    return toHex(withCrc(*fromHex(hex)));
}

}  // namespace

TEST_CASE("a sensor sends concentration and minutes, and what else it has") {
    const auto sensor = make("continuous-glucose");
    CHECK(sent(*sensor, glucose(104, 125s)) == Texts{"2AA7 06"
                                                     "00"
                                                     "6800"
                                                     "0200"});
    auto sample = glucose(104, 10min);
    sample.values["trend"] = {-1.5, 1};
    sample.values["quality"] = {98, 0};
    CHECK(sent(*sensor, sample) == Texts{"2AA7 0a"
                                         "03"
                                         "6800"
                                         "0a00"
                                         "f1ff"
                                         "6200"});
    sample = glucose(104, 10min);
    sample.failed = true;
    CHECK(sent(*sensor, sample) == Texts{"2AA7 06"
                                         "00"
                                         "ff07"
                                         "0a00"});
}

TEST_CASE(
    "octets of the annunciation are status, calibration and warning, without the empty ones") {
    const auto sensor = make("continuous-glucose");
    auto sample = glucose(60, 1min);
    sample.status = status("continuous-glucose", "battery-low") |
                    status("continuous-glucose", "calibration-required") |
                    status("continuous-glucose", "below-hypo");
    CHECK(sent(*sensor, sample) == Texts{"2AA7 09"
                                         "e0"
                                         "3c00"
                                         "0100"
                                         "02"
                                         "08"
                                         "04"});
    sample.status = status("continuous-glucose", "result-above-range");
    CHECK(sent(*sensor, sample) == Texts{"2AA7 07"
                                         "20"
                                         "3c00"
                                         "0100"
                                         "80"});
    CHECK(read(*sensor, 0x2aa9, 3min) ==
          "0300"
          "000080");
}

TEST_CASE("with CRC every value has one, the features too, which have its place without") {
    CHECK(read(*make("continuous-glucose"), 0x2aa8) ==
          "ff8f01"
          "59"
          "ffff");
    const auto sensor = make("continuous-glucose", storing(true));
    CHECK(read(*sensor, 0x2aa8) == sealed("ff9f0159"));
    CHECK(sent(*sensor, glucose(104, 1min)) == Texts{"2AA7 " + sealed("080068000100")});
    CHECK(read(*sensor, 0x2aa9, 1min) == sealed("0100000000"));
    CHECK(read(*sensor, 0x2aab) == sealed("f000"));
    CHECK(read(*sensor, 0x2aaa) == sealed("000000000000000000"));
    CHECK(ask(*sensor, 0x2aac, sealed("02")) == Texts{"2AAC " + sealed("0305")});
    CHECK(ask(*sensor, 0x2aac, "02") == Texts{"error 80"});
    CHECK(ask(*sensor, 0x2aac, "020000") == Texts{"error 81"});
    CHECK(ask(*sensor, 0x2aaa, "ea070b17080e050404") == Texts{"error 80"});
    CHECK(ask(*sensor, 0x2aaa, "ea070b17080e0504040000") == Texts{"error 81"});
    CHECK(ask(*sensor, 0x2aaa, sealed("ea070b17080e050404")).empty());
}

TEST_CASE("a session that began earlier than the collector's time by what has passed") {
    auto settings = storing();
    settings.session.age = 1h;
    const auto sensor = make("continuous-glucose", settings);
    CHECK(read(*sensor, 0x2aaa) == "000000000000000000");
    CHECK(ask(*sensor, 0x2aaa, "ea070b17080e050404", {.age = 5min}).empty());
    CHECK(read(*sensor, 0x2aaa) ==
          "ea070b17070905"
          "0404");
    CHECK(sent(*sensor, glucose(104, 5min)) == Texts{"2AA7 0600"
                                                     "6800"
                                                     "4100"});
    CHECK(ask(*sensor, 0x2aaa, "ea07") == Texts{"error 0d"});
    CHECK(ask(*sensor, 0x2aaa, "ea070d17080e050404") == Texts{"error ff"});
}

TEST_CASE("records are chosen by their minute, several in one value") {
    auto settings = storing();
    settings.session.together = 2;
    const auto sensor = make("continuous-glucose", settings);
    for (int minute = 1; minute <= 3; ++minute) {
        (void)sensor->measured(glucose(100 + minute, std::chrono::minutes{minute}),
                               static_cast<std::uint64_t>(minute));
    }
    const auto answer = sensor->write(Uuid{0x2a52}, *fromHex("0101"), {});
    REQUIRE(answer);
    CHECK(texts(answer->outputs) == Texts{"2AA7 060065000100"
                                          "060066000200",
                                          "2AA7 060067000300", "2A52 06000101"});
    CHECK(answer->outputs[0].numbers == std::vector<std::uint64_t>{1, 2});
    CHECK(ask(*sensor, 0x2a52, "0103010300") == Texts{"2AA7 060067000300", "2A52 06000101"});
}

TEST_CASE("the control point: interval, limits, calibration") {
    const auto sensor = make("continuous-glucose");
    CHECK(ask(*sensor, 0x2aac, "010a") == Texts{"2AAC 1c0101"});
    CHECK(ask(*sensor, 0x2aac, "02") == Texts{"2AAC 030a"});
    CHECK(ask(*sensor, 0x2aac, "08") == Texts{"2AAC 090000"});
    CHECK(ask(*sensor, 0x2aac, "07b400") == Texts{"2AAC 1c0701"});
    CHECK(ask(*sensor, 0x2aac, "08") == Texts{"2AAC 09b400"});
    CHECK(ask(*sensor, 0x2aac, "0b") == Texts{"2AAC 0c0000"});
    CHECK(ask(*sensor, 0x2aac, "05ffff") == Texts{"2AAC 1c0505"});
    CHECK(ask(*sensor, 0x2aac,
              "04"
              "6400"
              "0a00"
              "11"
              "0000"
              "0000"
              "00") == Texts{"2AAC 1c0401"});
    CHECK(ask(*sensor, 0x2aac, "05ffff") == Texts{"2AAC 06"
                                                  "6400"
                                                  "0a00"
                                                  "11"
                                                  "0000"
                                                  "0100"
                                                  "00"});
    CHECK(ask(*sensor, 0x2aac, "19") == Texts{"2AAC 1c1901"});
    CHECK(ask(*sensor, 0x2aac, "1d") == Texts{"2AAC 1c1d02"});
    CHECK(ask(*sensor, 0x2aac, "01") == Texts{"error 0d"});
    CHECK(ask(*sensor, 0x2aac, "02", {.isAnswering = true}) == Texts{"error fe"});
}

TEST_CASE("a session is stopped and another one begins, without the records of the first") {
    const auto sensor = make("continuous-glucose", storing());
    (void)sensor->measured(glucose(100, 2min), 1);
    CHECK(ask(*sensor, 0x2aac, "1a") == Texts{"2AAC 1c1a04"});
    CHECK(ask(*sensor, 0x2aac, "1b") == Texts{"2AAC 1c1b01"});
    CHECK_FALSE(sensor->measures());
    CHECK(read(*sensor, 0x2aa9, 3min) ==
          "0300"
          "010000");
    CHECK(ask(*sensor, 0x2aac, "1b") == Texts{"2AAC 1c1b04"});
    CHECK(ask(*sensor, 0x2aac, "1a", {.age = 4min}) == Texts{"2AAC 1c1a01"});
    CHECK(sensor->measures());
    CHECK(read(*sensor, 0x2aa9, 6min) ==
          "0200"
          "000000");
    CHECK(ask(*sensor, 0x2a52, "0101") == Texts{"2A52 06000106"});
    CHECK(sensor->records()->takeLost().size() == 1);
}
