#include <doctest/doctest.h>

#include "tests/bluez/house.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::cuff;
using vitalgate::testing::House;
using vitalgate::testing::kCuffAddress;

TEST_CASE("a bond that the device has lost is told, and made anew as soon as it is removed here") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(
        cuff("    pairing: {demand: just-works, encrypt: [2A35], forget-after: 20s}\n"
             "    memory: 100\n",
             "connect-after: 50ms"));
    house.start();
    const auto isForgotten = [&] {
        for (const auto& event : house.sink.eventsOf("cuff", v1::Event::kPairing))
            if (event.pairing().state() == v1::PAIRING_PEER_FORGOT) return true;
        return false;
    };
    REQUIRE(house.passUntil(isForgotten, 2min));
    const auto before = house.sink.count("cuff");
    house.pass(30s);
    CHECK(house.sink.count("cuff") == before);
    CHECK(house.hasProblem("bond-lost"));
    house.callAdapter("hci0", "org.bluez.Adapter1", "RemoveDevice",
                      {dbus::ObjectPath{"/org/bluez/hci0/dev_C4_7C_8D_6A_12_34"}});
    CHECK(house.passUntil([&] { return house.sink.count("cuff") > before; }, 10s));
    CHECK(house.passUntil([&] { return !house.hasProblem("bond-lost"); }, 5s));
}
