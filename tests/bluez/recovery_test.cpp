#include "adapters/bluez/bluez_adapter.hpp"

#include <doctest/doctest.h>

#include "tests/bluez/house.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::cuff;
using vitalgate::testing::House;
using vitalgate::testing::kCuffAddress;
using vitalgate::testing::Rig;
using vitalgate::testing::says;

TEST_CASE("BlueZ that starts later, ends and comes back is used again") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.start();
    CHECK(rig.until([&] { return says(rig.lines, "BlueZ is not running"); }));
    rig.simulate(cuff());
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }));
    rig.simulator.reset();
    REQUIRE(rig.until([&] { return !rig.sink.endings("cuff").empty(); }));
    // A BlueZ that ends in order takes its devices off the bus first, then its adapters; the
    // conversation may be over at any of these.
    const auto reason = rig.sink.endings("cuff")[0];
    CAPTURE(v1::DisconnectReason_Name(reason));
    CHECK((reason == v1::DISCONNECT_BLUEZ_GONE || reason == v1::DISCONNECT_ADAPTER_GONE ||
           reason == v1::DISCONNECT_LINK_LOST));
    CHECK(rig.until([&] { return rig.hasProblem("bluez-away"); }));
    for (const auto& each : rig.adapter->adapters()) CHECK(each.state() == v1::ADAPTER_GONE);
    const auto before = rig.sink.count("cuff");
    rig.simulate(cuff());
    CHECK(rig.until([&] { return rig.sink.count("cuff") > before; }, 25s));
    CHECK_FALSE(rig.hasProblem("bluez-away"));
}

TEST_CASE("a bus that is away at first and lost later is connected to again") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.bus.stop();
    rig.start();
    CHECK(rig.hasProblem("bus-away"));
    rig.bus.start();
    rig.simulate(cuff());
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }));
    rig.bus.stop();
    REQUIRE(rig.until([&] { return !rig.sink.endings("cuff").empty(); }));
    rig.simulator.reset();
    rig.bus.start();
    const auto before = rig.sink.count("cuff");
    rig.simulate(cuff());
    CHECK(rig.until([&] { return rig.sink.count("cuff") > before; }, 25s));
}

TEST_CASE("an adapter that is off is switched on; one that is missing is a problem") {
    Rig rig;
    rig.simulate(R"(
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55", powered: false}}
devices:
  other: {model: advertiser, address: "AA:00:00:00:00:01"}
)");
    rig.start();
    CHECK(rig.until([&] {
        const auto adapters = rig.adapter->adapters();
        return adapters.size() == 1 && adapters[0].state() == v1::ADAPTER_READY;
    }));
    rig.stop();
    rig.options.adapters = {"hci7", "66:55:44:33:22:11"};
    rig.start();
    CHECK(rig.until([&] { return rig.hasProblem("adapter-missing"); }));
    CHECK(rig.adapter->adapters().empty());
    rig.stop();
    rig.options.adapters = {"00:11:22:33:44:55"};
    rig.start();
    CHECK(rig.until([&] { return rig.adapter->adapters().size() == 1; }));
}

TEST_CASE("stopping in any state is quick, and nothing happens afterwards") {
    for (const auto pause : {0ms, 300ms, 1100ms, 1400ms, 2500ms}) {
        CAPTURE(pause.count());
        House house;
        house.configure("cuff", kCuffAddress);
        house.simulate(cuff());
        house.start();
        house.pass(pause);
        CHECK(house.stop() < 2s);
        const auto events = house.sink.events.size();
        house.pass(5s);
        CHECK(house.sink.events.size() == events);
    }
}

TEST_CASE("stopping without a bus, without BlueZ, and with a frozen BlueZ is quick") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.start();
    CHECK(house.stop() < 2s);
    house.bus.stop();
    house.start();
    CHECK(house.stop() < 2s);
    house.bus.start();
    house.simulate(cuff("", "faults: [{at: 1500ms, freeze: calls, for: 1m}]"));
    house.start();
    house.pass(2s);
    CHECK(house.stop() < 2s);
}
