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

TEST_CASE("a configured device is found, connected, and its measurements arrive") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.simulate(cuff());
    rig.start();
    CHECK(rig.until([&] { return rig.sink.count("cuff") >= 2; }));
    const auto connected = rig.sink.eventsOf("cuff", v1::Event::kConnection);
    REQUIRE_FALSE(connected.empty());
    CHECK(connected.front().connection().connected());
    CHECK(connected.front().connection().adapter() == "hci0");
    const auto& source = rig.sink.readings.front().reading.source();
    CHECK(source.adapter() == "hci0");
    CHECK(rig.sink.readings.front().identity.address.text() == kCuffAddress);
    const auto devices = rig.adapter->devices();
    REQUIRE(devices.size() == 1);
    CHECK(devices[0].availability() == v1::AVAILABILITY_ONLINE);
    CHECK(devices[0].manufacturer() == "Example");
    const auto adapters = rig.adapter->adapters();
    REQUIRE(adapters.size() == 1);
    CHECK(adapters[0].state() == v1::ADAPTER_READY);
    CHECK(adapters[0].connected() == 1);
    CHECK(rig.adapter->problems().empty());
}

TEST_CASE("a device that is not admitted is never connected, whatever it advertises") {
    Rig rig;
    rig.configure("other", "C4:7C:8D:6A:12:35");
    rig.simulate(cuff());
    rig.start();
    rig.until([] { return false; }, 3s);
    CHECK_FALSE(rig.simulator->device("cuff")->isConnected());
    CHECK(rig.sink.readings.empty());
    CHECK(rig.adapter->devices().at(0).availability() == v1::AVAILABILITY_NEVER_SEEN);
}

TEST_CASE("a rule admits a near device inside its window, under a keyed id") {
    Rig rig;
    rig.options.rules = {{"spare-cuff", "blood-pressure", rig.clock.wall() + 1h, 1, -70}};
    rig.simulate(cuff());
    rig.start();
    CHECK(rig.until([&] { return rig.sink.count("d-52") >= 1; }));
    CHECK(rig.adapter->devices().at(0).admission() == v1::ADMISSION_RULE);
}

TEST_CASE("no log line, event or descriptor holds the device's address") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.simulate(cuff("", "abort-connect: {cuff: 1}"));
    rig.start();
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 15s));
    rig.simulator.reset();
    REQUIRE(rig.until([&] { return !rig.sink.endings("cuff").empty(); }));
    std::string all;
    for (const auto& line : rig.lines) all += line;
    for (const auto& event : rig.sink.events) all += event.ShortDebugString();
    for (const auto& [id, descriptor] : rig.sink.descriptors) all += descriptor.ShortDebugString();
    CHECK(all.find("C4:7C") == std::string::npos);
    CHECK(all.find("C4_7C") == std::string::npos);
}

TEST_CASE("an aborted connection is tried again, with growing pauses") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.simulate(cuff("", "abort-connect: {cuff: 2}"));
    rig.start();
    CHECK(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 20s));
    CHECK(says(rig.lines, "next attempt in 1 s"));
    CHECK(says(rig.lines, "next attempt in 2 s"));
}

TEST_CASE("ServicesResolved that comes before the objects does not mislead the conversation") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.simulate(cuff("", "resolved-too-early: true"));
    rig.start();
    CHECK(rig.until([&] { return rig.sink.count("cuff") >= 1; }));
}

TEST_CASE("a device whose services never resolve ends in an event, not in a wait") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.options.session.limits.discover = 1s;
    rig.simulate(cuff("", "never-resolve: [cuff]"));
    rig.start();
    REQUIRE(rig.until([&] { return !rig.sink.endings("cuff").empty(); }));
    CHECK(says(rig.lines, "its services were not found within 1 s"));
    CHECK(rig.until([&] { return !rig.simulator->device("cuff")->isConnected(); }));
}

TEST_CASE("a device that disconnects at any step is connected again, and delivers") {
    for (const std::string step : {"connect", "resolve", "read", "subscribe"}) {
        CAPTURE(step);
        Rig rig;
        rig.configure("cuff", kCuffAddress);
        rig.simulate(cuff("    disconnect: {at: " + step + ", times: 1}\n"));
        rig.start();
        CHECK(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 40s));
        // What ends at once was no connection yet.
        if (step != "connect") CHECK(rig.sink.endings("cuff").size() >= 1);
    }
}

TEST_CASE("a refused StartNotify ends the conversation with BlueZ's reason") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.simulate(cuff("    refuse: {notify: [2A35], error: 0x80}\n"));
    rig.start();
    REQUIRE(rig.until([&] { return !rig.sink.endings("cuff").empty(); }));
    CHECK(rig.sink.count("cuff") == 0);
}

TEST_CASE("a device that asks for a bond gets one inside the window that its conversation opens") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.simulate(
        cuff("    pairing: {demand: just-works, encrypt: [2A35]}\n", "pair-on-demand: false"));
    rig.start();
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 15s));
    CHECK(rig.sink.readings.front().reading.source().link() == v1::LINK_ENCRYPTED);
    const auto pairing = rig.sink.eventsOf("cuff", v1::Event::kPairing);
    REQUIRE(pairing.size() == 2);
    CHECK(pairing[0].pairing().state() == v1::PAIRING_RUNNING);
    CHECK(pairing[1].pairing().state() == v1::PAIRING_BONDED);
}

TEST_CASE("under the policy never no device gets a bond") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.options.pairingPolicy = bluez::PairingPolicy::never;
    rig.simulate(
        cuff("    pairing: {demand: just-works, encrypt: [2A35]}\n", "pair-on-demand: false"));
    rig.start();
    REQUIRE(rig.until([&] { return !rig.sink.endings("cuff").empty(); }, 15s));
    CHECK(rig.sink.count("cuff") == 0);
    CHECK(rig.simulator->device("cuff")->bond() == simulator::Security::open);
    const auto pairing = rig.sink.eventsOf("cuff", v1::Event::kPairing);
    REQUIRE_FALSE(pairing.empty());
    CHECK(pairing[0].pairing().state() == v1::PAIRING_REFUSED);
}

TEST_CASE("a crowd of strangers does not keep a device from delivering") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.simulate(cuff("  stranger: {model: advertiser, count: 200, every: 200ms}\n"));
    rig.start();
    CHECK(rig.until([&] { return rig.sink.count("cuff") >= 2; }, 15s));
    CHECK(rig.adapter->devices().size() == 1);
    CHECK(rig.adapter->adapters().at(0).advertisements_per_min() > 100);
    CHECK(rig.lines.size() < 20);  // none of them is about a stranger
}

TEST_CASE(
    "while nothing can be kept a connected device is hung up on, so that it keeps its values") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.simulate(R"(
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    memory: 10
    advertise: {when: always, every: 100ms, signal: -60dBm}
    measure:
      - {at: 500ms, systolic: 128, diastolic: 82, pulse: 71}
      - {at: 10s, systolic: 129, diastolic: 83, pulse: 72}
)");
    rig.start();
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") == 1; }));
    rig.sink.closed = true;
    REQUIRE(rig.until([&] { return !rig.simulator->device("cuff")->isConnected(); }));
    // The second is measured now: there is nobody to give it to.
    const auto measured = [&rig] { return rig.ledger.str().find("\"n\":2") != std::string::npos; };
    REQUIRE(rig.until(measured, 15s));
    CHECK_FALSE(rig.simulator->device("cuff")->isConnected());
    rig.sink.closed = false;
    CHECK(rig.until([&] { return rig.sink.count("cuff") == 2; }));
    CHECK(rig.sink.endings("cuff") == std::vector{v1::DISCONNECT_BY_HUB});
    CHECK(rig.sink.eventsOf("cuff", v1::Event::kLoss).empty());
}

TEST_CASE("what a device sends until a stop has disconnected it is kept") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(R"(
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    advertise: {when: always, every: 100ms, signal: -60dBm}
    measure:
      - {every: 1ms, systolic: 128, diastolic: 82, pulse: 71}
bluez: {answer-after: 5ms}
)");
    house.start();
    REQUIRE(house.passUntil([&] { return house.sink.count("cuff") >= 20; }, 10s, 10ms));
    const auto before = house.sink.count("cuff");
    (void)house.stop(1ms);
    const auto ledger = house.ledger.str();
    std::size_t taken = 0;
    for (auto at = ledger.find("taken"); at != std::string::npos; at = ledger.find("taken", at + 1))
        ++taken;
    CHECK(taken > before);  // some while it stopped
    CHECK(house.sink.count("cuff") >= taken);
}
