#include <doctest/doctest.h>

#include "tests/bluez/house.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::cuff;
using vitalgate::testing::House;
using vitalgate::testing::kCuffAddress;

namespace {

/// A cuff that loses its bond after 20 s.
struct ForgetfulHouse : House {
    explicit ForgetfulHouse(const std::string& moreAdapters = "") {
        configure("cuff", kCuffAddress);
        auto text = cuff(
            "    pairing: {demand: just-works, encrypt: [2A35], forget-after: 20s}\n"
            "    memory: 100\n");
        const std::string firstAdapter = "44:55\"}";
        text.insert(text.find(firstAdapter) + firstAdapter.size(), moreAdapters);
        simulate(text);
        start();
    }
    [[nodiscard]] bool isForgotten() const {
        for (const auto& event : sink.eventsOf("cuff", v1::Event::kPairing))
            if (event.pairing().state() == v1::PAIRING_PEER_FORGOT) return true;
        return false;
    }
    /// As they begin: the end of one that has begun before is no other connection.
    [[nodiscard]] std::ptrdiff_t connections() const {
        return std::ranges::count_if(
            sink.eventsOf("cuff", v1::Event::kConnection),
            [](const v1::Event& event) { return event.connection().connected(); });
    }
    /// For a failure: each end of a connection, and how long it had lasted.
    [[nodiscard]] std::string story() const {
        std::string all;
        for (const auto& event : sink.eventsOf("cuff", v1::Event::kConnection)) {
            const auto& each = event.connection();
            if (each.connected()) continue;
            all += fmt::format("{} {} {} ms; ", formatUtc(fromTimestamp(event.occurred().time())),
                               v1::DisconnectReason_Name(each.reason()), each.lasted_ms());
        }
        return all;
    }
};

}  // namespace

TEST_CASE("a bond that the device has lost is told, and made anew as soon as it is removed here") {
    ForgetfulHouse house;
    REQUIRE(house.passUntil([&] { return house.isForgotten(); }, 2min));
    const auto before = house.sink.count("cuff");
    const auto connections = house.connections();
    house.pass(30s);
    INFO(house.story());
    CHECK(house.connections() - connections <= 1);
    CHECK(house.sink.count("cuff") == before);
    CHECK(house.hasProblem("bond-lost"));
    house.callAdapter("hci0", "org.bluez.Adapter1", "RemoveDevice",
                      {dbus::ObjectPath{"/org/bluez/hci0/dev_C4_7C_8D_6A_12_34"}});
    CHECK(house.passUntil([&] { return house.sink.count("cuff") > before; }, 10s));
    CHECK(house.passUntil([&] { return !house.hasProblem("bond-lost"); }, 5s));
}

TEST_CASE("another adapter, which never had the bond, does not speak for the one that has it") {
    ForgetfulHouse house(", hci1: {address: \"00:11:22:33:44:66\", attenuation: 25}");
    REQUIRE(house.passUntil([&] { return house.isForgotten(); }, 3min));
    const auto before = house.connections();
    house.pass(5min);
    INFO(house.story());
    CHECK(house.connections() - before <= 5);
    CHECK(house.hasProblem("bond-lost"));
}
