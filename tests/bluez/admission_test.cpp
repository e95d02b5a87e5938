#include "adapters/bluez/admission.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;

namespace {

const WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 8h};

BluetoothAddress address(int last) {
    return *BluetoothAddress::parse(fmt::format("C4:7C:8D:6A:12:{:02X}", last));
}

DeviceSettings configured(int last, bool enabled = true) {
    DeviceSettings settings;
    settings.id = "cuff";
    settings.address = address(last);
    settings.enabled = enabled;
    return settings;
}

Admission admission(std::vector<DeviceSettings> devices, std::vector<AdmissionRule> rules = {}) {
    return {std::move(devices),
            std::move(rules),
            {{"blood-pressure", {Uuid(0x1810)}}, {"weight", {Uuid(0x181D)}}},
            [](const BluetoothAddress& from) { return fmt::format("d-{}", from.octets()[5]); }};
}

AdmissionRule rule() {
    return {"spare", "blood-pressure", kNow + 24h, 1, -70};
}

Admission::Sighting seen(int last, std::optional<int> rssi = -60, std::uint16_t service = 0x1810) {
    return {address(last), {Uuid(0x180A), Uuid(service)}, rssi};
}

}  // namespace

TEST_CASE("a configured address admits, compared whole; a switched off device is not admitted") {
    auto table = admission({configured(1), configured(2, false)});
    CHECK(table.admit(seen(1, std::nullopt), kNow)->id == "cuff");
    CHECK_FALSE(table.admit(seen(2), kNow));
    for (int other = 3; other < 256; ++other) CHECK_FALSE(table.admit(seen(other), kNow));
}

TEST_CASE("without a rule no advertisement admits a device") {
    auto table = admission({});
    CHECK_FALSE(table.admit(seen(1, -20), kNow));
}

TEST_CASE("a rule admits only inside its window") {
    auto table = admission({}, {rule()});
    CHECK_FALSE(table.admit(seen(1), kNow + 24h));
    CHECK_FALSE(table.admit(seen(1), kNow + 25h));
    auto other = admission({}, {rule()});
    CHECK(other.admit(seen(1), kNow + 24h - 1s));
}

TEST_CASE("a rule that seems to last longer than 30 days meets a wrong clock, and waits") {
    auto table = admission({}, {rule()});
    CHECK_FALSE(table.admit(seen(1), WallTime{}));
    CHECK(table.admit(seen(1), kNow));
}

TEST_CASE("a rule admits near devices of its profile alone") {
    auto table = admission({}, {rule()});
    CHECK_FALSE(table.admit(seen(1, -71), kNow));
    CHECK_FALSE(table.admit(seen(1, std::nullopt), kNow));
    CHECK_FALSE(table.admit(seen(1, -60, 0x181D), kNow));
    const auto settings = table.admit(seen(1, -70), kNow);
    REQUIRE(settings);
    CHECK(settings->id == "d-1");
    CHECK(settings->admission == v1::ADMISSION_RULE);
    CHECK(settings->profiles == std::vector<std::string>{"blood-pressure"});
}

TEST_CASE("a rule admits at most so many, and those stay admitted") {
    auto twice = rule();
    twice.atMost = 2;
    auto table = admission({}, {twice});
    CHECK(table.admit(seen(1), kNow));
    CHECK(table.admit(seen(1), kNow));
    CHECK(table.admit(seen(2), kNow));
    CHECK_FALSE(table.admit(seen(3), kNow));
    CHECK(table.admit(seen(1, -90), kNow + 48h));
}

TEST_CASE("a rule with an unknown profile admits nothing") {
    auto unknown = rule();
    unknown.profile = "unknown";
    auto table = admission({}, {unknown});
    CHECK_FALSE(table.admit(seen(1), kNow));
}
