#include <doctest/doctest.h>

#include "tests/bluez/house.hpp"
#include "tests/support/soak.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::House;
using vitalgate::testing::soak;

namespace {

constexpr int kDevices = 8;

std::string name(int i) {
    return "cuff-" + std::to_string(i);
}

std::string address(int i) {
    return "C4:7C:8D:6A:12:0" + std::to_string(i);
}

/// Eight cuffs that advertise for five seconds after each measurement and keep nothing. They
/// measure at times that meet in many ways; `each` is how often.
std::string household(int each, const std::string& more) {
    std::string text = "seed: 3\nadapters: {hci0: {address: \"00:11:22:33:44:55\"}}\ndevices:\n";
    for (int i = 0; i < kDevices; ++i) {
        text += fmt::format(
            "  {}:\n    model: blood-pressure\n    address: \"{}\"\n"
            "    advertise: {{when: after-measurement, for: 5s, every: 100ms, signal: -62dBm}}\n"
            "    disconnect: {{when-done: 1s}}\n{}"
            "    measure:\n      - {{at: {}s, every: {}s, times: {}, systolic: 110..140, "
            "diastolic: 70..90, pulse: 60..80}}\n",
            name(i), address(i), more, 5 + i % 3, 31 + i, each);
    }
    return text;
}

/// Configured, and never to be connected to: each attempt lasts to its limit.
constexpr const char* kDeaf =
    "  deaf: {model: advertiser, address: \"C4:7C:8D:6A:12:0F\", "
    "advertise: {when: always, every: 1s}}\n";

std::size_t measured(House& house, int each, const std::string& more, const std::string& others) {
    for (int i = 0; i < kDevices; ++i) {
        house.configure(name(i), address(i));
        house.options.devices.back().requireBond = !more.empty();
    }
    house.simulate(household(each, more) + others);
    house.start();
    house.pass(std::chrono::seconds{(31 + kDevices) * each + 30});
    const auto kept = house.sink.readings.size();
    // Which one is missing, if any, the ledger tells.
    if (kept != static_cast<std::size_t>(kDevices * each)) MESSAGE(house.ledger.str());
    return kept;
}

}  // namespace

TEST_CASE("of eight cuffs that advertise for five seconds each not one measurement is missed") {
    House house;
    const int each = soak(8, 25);
    CHECK(measured(house, each, "", "") == static_cast<std::size_t>(kDevices * each));
}

TEST_CASE("BlueZ itself connects to bonded cuffs, while the hub tries another in vain") {
    House house;
    const int each = soak(8, 25);
    const auto pairing = "    pairing: {demand: just-works, encrypt: [2A35]}\n";
    house.configure("deaf", "C4:7C:8D:6A:12:0F");
    CHECK(measured(house, each, pairing, kDeaf) == static_cast<std::size_t>(kDevices * each));
}
