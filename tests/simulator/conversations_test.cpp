#include "tests/simulator/device_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

// Devices with several characteristics, or with control points that are not of records.

namespace {

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("weight and composition are one measurement: it goes again as a whole") {
    Bench bench(joined({kUtc,
                        "    composition: true\n    packets: 2\n"
                        "    measure: [{at: 1s, user: 1, weight: 80, fat: 20, impedance: 500}]\n"}),
                "weight-scale");
    bench.clock.advance(1s);
    bench.radio.confirms = false;
    bench.connect({0x2a9d, 0x2a9c});
    CHECK(bench.sent() == Texts{"2A9D 06803eea070b1708000101"});
    bench.device->confirmed();
    CHECK(bench.sent() == Texts{"2A9C 0610c800ea070b1708000101"});
    bench.device->disconnect("link-lost");
    bench.clock.advance(2s);
    bench.radio.confirms = true;
    bench.connect({0x2a9d});
    CHECK(bench.sent() == Texts{"2A9D 06803eea070b1708000101"});
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a9c), true));
    CHECK(bench.sent() ==
          Texts{"2A9C 0610c800ea070b1708000101", "2A9C 0612ffffea070b17080001018813"});
    CHECK_FALSE(bench.wrote("missed"));
}

TEST_CASE("values on the way are for whoever listens, and hold nothing up") {
    Bench bench(
        joined({kUtc,
                "    intermediate: 2\n    measure:\n      - {at: 1s, temperature: 36.6}\n"
                "      - {at: 10s, temperature: 36.6}\n      - {at: 20s, temperature: 37}\n"}),
        "thermometer");
    bench.clock.advance(2s);
    bench.connect({0x2a1c});
    bench.clock.advance(10s);
    CHECK(bench.sent().size() == 2);
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a1e), true));
    bench.clock.advance(10s);
    const auto sent = bench.sent();
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].starts_with("2A1E"));
    CHECK(sent[2].starts_with("2A1C"));
    CHECK(bench.wrote(R"("what":"sent","characteristic":"2A1E")"));
}

TEST_CASE("an enhanced cuff without records sends what was subscribed to") {
    const auto bench = [] {
        return std::make_unique<Bench>(
            joined({kUtc, "    enhanced: true\n    records: false\n",
                    "    measure: [{at: 1s, systolic: 120, diastolic: 80}]\n"}));
    };
    auto plain = bench();
    plain->connect({0x2a35});
    plain->clock.advance(1s);
    CHECK(plain->sent() == Texts{"2A35 1278005000ff07ea070b170800010000"});
    auto enhanced = bench();
    enhanced->connect({0x2a35, 0x2b34});
    enhanced->clock.advance(1s);
    CHECK(enhanced->sent() == Texts{"2B34 7278005000ff0701af9632000001af9632"});
    CHECK(enhanced->wrote(R"("what":"offered","n":1,"characteristic":"2B34")"));
}

TEST_CASE("a scale with codes sends each person's measurements after that person's consent") {
    Bench bench(joined({kUtc,
                        "    users: {1: {slot: 1, consent: 1234}, 2: {slot: 2, consent: 4321}}\n"
                        "    measure:\n      - {at: 1s, user: 1, weight: 80}\n"
                        "      - {at: 2s, user: 2, weight: 60}\n"
                        "      - {at: 3s, user: 1, weight: 81}\n"}),
                "weight-scale");
    bench.clock.advance(3s);
    bench.connect({0x2a9d, 0x2a9f});
    CHECK(bench.sent().empty());
    REQUIRE(bench.write(0x2a9f, "02020000"));
    CHECK(bench.sent() == Texts{"2A9F 200205"});
    REQUIRE(bench.write(0x2a9f, "0202e110"));
    CHECK(bench.sent() == Texts{"2A9F 200201", "2A9D 06e02eea070b1708000202"});
    REQUIRE(bench.write(0x2a9f, "0201d204"));
    CHECK(bench.sent().size() == 3);
    bench.device->disconnect("by-hub");
    bench.clock.advance(2s);
    bench.connect({0x2a9d, 0x2a9f});
    CHECK(bench.read(0x2a9a) == "ff");
}

TEST_CASE("a stream is measured while somebody is connected, and nothing of it is kept") {
    Bench bench(joined({kUtc,
                        "    mode: both\n    measure:\n"
                        "      - {at: 1s, for: 5s, saturation: 97, pulse: 60}\n"
                        "      - {at: 10s, for: 5s, saturation: 97, pulse: 60}\n"
                        "      - {at: 20s, for: 2s, saturation: 97, pulse: 60}\n"}),
                "pulse-oximeter");
    bench.clock.advance(8s);
    CHECK_FALSE(bench.wrote("measured"));
    bench.connect({0x2a5e, 0x2a5f});
    bench.clock.advance(10s);
    CHECK(bench.sent().size() == 5);
    CHECK_FALSE(bench.wrote("missed"));
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a5f), false));
    bench.clock.advance(10s);
    CHECK(bench.wrote(R"("what":"missed","n":7,"why":"nobody has subscribed")"));
    CHECK_FALSE(bench.wrote(R"("n":8)"));
}

TEST_CASE("a session that was stopped over the air measures nothing until another one begins") {
    Bench bench("    measure: [{at: 1m, every: 1m, glucose: 100}]\n", "continuous-glucose");
    bench.connect({0x2aa7, 0x2aac, 0x2a52});
    bench.clock.advance(1min);
    CHECK(bench.sent() == Texts{"2AA7 060064000100"});
    REQUIRE(bench.write(0x2aac, "1b"));
    CHECK(bench.sent() == Texts{"2AAC 1c1b01"});
    bench.clock.advance(2min);
    CHECK(bench.sent().empty());
    REQUIRE(bench.write(0x2aac, "1a"));
    bench.clock.advance(1min);
    CHECK(bench.sent() == Texts{"2AAC 1c1a01", "2AA7 060064000000"});
}

TEST_CASE("the battery's level and state") {
    Bench bench("    battery: 64\n    battery-status: true\n");
    REQUIRE(bench.device->connect());
    CHECK(bench.read(0x2bed) ==
          "02"
          "c100"
          "40");
    Bench low("    battery: 10\n    battery-status: true\n");
    REQUIRE(low.device->connect());
    CHECK(low.read(0x2bed) ==
          "02"
          "4101"
          "0a");
}

TEST_CASE("elapsed time is read and set, in local time or with an offset") {
    Bench bench("    clock: {as: elapsed-time, zone: UTC}\n");
    REQUIRE(bench.device->connect());
    CHECK(bench.read(0x2bf2) ==
          "20"
          "00af96320000"
          "00"
          "80"
          "00"
          "00");
    REQUIRE(bench.write(0x2bf2,
                        "20"
                        "10af96320000"
                        "00"
                        "80"
                        "00"
                        "00"));
    CHECK(bench.read(0x2bf2) ==
          "20"
          "10af96320000"
          "00"
          "80"
          "00"
          "00");
    // UTC in tenths of a second, two hours ahead.
    REQUIRE(bench.write(0x2bf2,
                        "36"
                        "a062e3f90100"
                        "06"
                        "08"));
    CHECK(bench.read(0x2bf2).substr(2, 12) == "30d996320000");
    CHECK(bench
              .write(0x2bf2,
                     "21"
                     "10af96320000"
                     "00"
                     "80")
              .error() == AttError{0x81});
    CHECK(bench.write(0x2bf2, "20").error() == AttError{0x81});
}

TEST_CASE("a bond that is deleted over the air ends with the link") {
    Bench bench("    bond-management: true\n    pairing: {demand: just-works, encrypt: [2AA4]}\n");
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->pair(std::nullopt) == PairingResult::bonded);
    CHECK(bench.read(0x2aa5) == "100000");
    CHECK(bench.write(0x2aa4, "06").error() == AttError{0x80});
    CHECK(bench.write(0x2aa4, "").error() == AttError::invalidLength);
    REQUIRE(bench.write(0x2aa4, "03"));
    CHECK(bench.device->bond() != Security::open);
    bench.device->disconnect("by-hub");
    CHECK(bench.device->bond() == Security::open);
    CHECK(bench.radio.erasures == 1);
    CHECK(bench.wrote(R"("what":"erased")"));
}

TEST_CASE("a device time is UTC with its offset, and takes a proposal") {
    Bench bench("    clock: {as: device-time, zone: Europe/Prague}\n");
    bench.connect({0x2b91});
    CHECK(bench.read(0x2b8e) ==
          "ffff"
          "0804");
    CHECK(bench.read(0x2b8f) == "ffff");
    CHECK(bench.read(0x2b90) ==
          "00af9632"
          "04"
          "00"
          "1200");
    REQUIRE(bench.write(0x2b91,
                        "02"
                        "4900"
                        "10af9632"
                        "08"
                        "04"
                        "06"
                        "00"));
    CHECK(bench.sent() == Texts{"2B91 090201"});
    CHECK(bench.read(0x2b90) ==
          "10af9632"
          "08"
          "04"
          "1200");
    REQUIRE(bench.write(0x2b91,
                        "02"
                        "0900"
                        "10af9632"
                        "08"
                        "04"
                        "06"
                        "00"));
    CHECK(bench.sent() == Texts{"2B91 0902054000"});
    REQUIRE(bench.write(0x2b91,
                        "02"
                        "4900"));
    REQUIRE(bench.write(0x2b91, "05"));
    CHECK(bench.sent() == Texts{"2B91 090203", "2B91 090502"});
}
