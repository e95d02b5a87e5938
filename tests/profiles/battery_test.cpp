#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kLevel = 0x2A19;
constexpr std::uint16_t kStatus = 0x2BED;

Bytes fullStatus() {
    return sample({
        {"07", "flags: identifier, level, additional status"},
        {"a302", "battery present, wired power, charging, level good, constant current"},
        {"0601", "identifier 262, the main battery"},
        {"50", "80 %"},
        {"01", "service required"},
    });
}

std::string powerState(std::string_view hex) {
    return json(kStatus, "00 " + std::string(hex));
}

}  // namespace

TEST_CASE("a battery level is a percentage from 0 to 100") {
    CHECK(json(kLevel, "00") == R"({"batteryPercent":0})");
    CHECK(json(kLevel, "64") == R"({"batteryPercent":100})");
    CHECK(json(kLevel, "65") == "2A19: battery level: octet 0 says more than 100 percent");
    checkPrefixes(kLevel, octets("64"));
    checkTrailing(kLevel, octets("50"));
    checkBitFlips(kLevel, octets("50"));
}

TEST_CASE("a battery level status has power state, identifier, level and what is wrong") {
    CHECK(json(kStatus, toHex(fullStatus())) ==
          R"({"powerState":["battery-present","wired-power-connected","charging","level-good",)"
          R"("constant-current"],"identifier":262,"batteryPercent":80,)"
          R"("additionalStatus":["service-required"]})");
    checkPrefixes(kStatus, fullStatus());
    checkTrailing(kStatus, fullStatus());
    checkBitFlips(kStatus, fullStatus());
}

TEST_CASE("each power state has its word, and what is unknown has none") {
    CHECK(powerState("0000") == R"({"powerState":[]})");
    CHECK(powerState("0100") == R"({"powerState":["battery-present"]})");
    CHECK(powerState("0800") == R"({"powerState":["wireless-power-connected"]})");
    CHECK(powerState("1400") == R"({"powerState":[]})");  // both power sources unknown
    CHECK(powerState("1e00") == R"({"powerState":[]})");  // both reserved
    CHECK(powerState("4000") == R"({"powerState":["discharging-active"]})");
    CHECK(powerState("6000") == R"({"powerState":["discharging-inactive"]})");
    CHECK(powerState("0001") == R"({"powerState":["level-low"]})");
    CHECK(powerState("8001") == R"({"powerState":["level-critical"]})");
    CHECK(powerState("0004") == R"({"powerState":["constant-voltage"]})");
    CHECK(powerState("0006") == R"({"powerState":["trickle-charge"]})");
    CHECK(powerState("0008") == R"({"powerState":["float-charge"]})");
    CHECK(powerState("000a") == R"({"powerState":[]})");
    CHECK(powerState("0070") ==
          R"({"powerState":["charging-fault-battery","charging-fault-power-source",)"
          R"("charging-fault-other"]})");
    CHECK(powerState("0080") == R"({"powerState":[]})");
}

TEST_CASE("each field of a battery level status comes with its flag alone") {
    CHECK(json(kStatus, "01 0100 0601") ==
          R"({"powerState":["battery-present"],"identifier":262})");
    CHECK(json(kStatus, "02 0100 05") ==
          R"({"powerState":["battery-present"],"batteryPercent":5})");
    CHECK(json(kStatus, "04 0100 06") ==
          R"({"powerState":["battery-present"],"additionalStatus":["battery-fault"]})");
    CHECK(json(kStatus, "f8 0100") == R"({"powerState":["battery-present"]})");
    CHECK(json(kStatus, "02 0100 65") ==
          R"({"powerState":["battery-present"],"batteryPercent":"unknown"})");
}

}  // namespace vitalgate::testing
