#include <doctest/doctest.h>

#include "tests/bluez/house.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::House;
using vitalgate::testing::kCuffAddress;
using vitalgate::testing::runUntil;
using vitalgate::testing::says;

namespace {

/// A cuff that measures every 2 s and is connected to by whoever hears it.
std::string cuffHeardBy(const std::string& adapters) {
    return "seed: 1\nadapters: " + adapters + R"(
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    advertise: {when: always, every: 200ms, signal: -60dBm}
    measure:
      - {at: 1s, every: 2s, systolic: 128, diastolic: 82, pulse: 71}
bluez: {connect-after: 50ms}
)";
}

std::vector<std::string> servedBy(const House& house) {
    std::vector<std::string> adapters;
    for (const auto& event : house.sink.eventsOf("cuff", v1::Event::kConnection))
        if (event.connection().connected()) adapters.push_back(event.connection().adapter());
    return adapters;
}

v1::AdapterState stateOf(const House& house, const std::string& name) {
    for (const auto& adapter : house.adapter->adapters())
        if (adapter.name() == name) return adapter.state();
    return v1::ADAPTER_UNSPECIFIED;
}

/// What is on its way over the bus has come, without any time passing.
template <class Predicate>
bool arrives(House& house, Predicate predicate) {
    return runUntil(house.loop, [&] {
        house.clock.run();
        return predicate();
    });
}

/// As a BlueZ does that takes its objects off the bus one by one.
void loseLink(House& house) {
    REQUIRE(house.sink.count("cuff") > 2);
    const dbus::ObjectPath cuff{"/org/bluez/hci0/dev_C4_7C_8D_6A_12_34"};
    house.callAdapter("hci0", "org.bluez.Adapter1", "RemoveDevice", {cuff});
    // What it tells first, that the link is gone or that the device is, depends on the moment.
    REQUIRE(arrives(house, [&house] { return house.sink.endings("cuff").size() == 1; }));
}

}  // namespace

TEST_CASE("an adapter that goes and comes back under another name is used again within 15 s") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.options.adapters = {"00:11:22:33:44:55"};
    house.simulate(cuffHeardBy(
        R"({hci0: {address: "00:11:22:33:44:55", gone: [{at: 20s, for: 5s, as: hci7}]}})"));
    house.start();
    house.pass(20s);
    CHECK(servedBy(house) == std::vector<std::string>{"hci0"});
    REQUIRE(house.passUntil([&] { return stateOf(house, "hci0") == v1::ADAPTER_GONE; }, 2s));
    CHECK(house.hasProblem("adapter-missing"));
    // BlueZ may tell the end of the link before that of the adapter.
    CHECK(house.passUntil([&] { return house.sink.endings("cuff").size() == 1; }, 2s));
    REQUIRE(house.passUntil([&] { return stateOf(house, "hci7") == v1::ADAPTER_READY; }, 6s));
    const auto before = house.sink.count("cuff");
    CHECK(house.passUntil([&] { return house.sink.count("cuff") > before; }, 15s));
    CHECK(servedBy(house) == std::vector<std::string>{"hci0", "hci7"});
    CHECK(stateOf(house, "hci0") == v1::ADAPTER_UNSPECIFIED);
    REQUIRE(house.supervision().size() == 2);
    CHECK(house.supervision()[0].text() == "adapter hci0 has gone");
    CHECK(house.supervision()[1].supervision().recovered());
    CHECK(house.supervision()[1].supervision().silent_ms() >= 5000);
}

TEST_CASE("of two adapters the one that hears a device better serves it, alone") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(cuffHeardBy(R"({hci0: {address: "00:11:22:33:44:55", attenuation: 25},
  hci1: {address: "00:11:22:33:44:66"}})"));
    house.start();
    house.pass(60s);
    CHECK(servedBy(house) == std::vector<std::string>{"hci1"});
    CHECK(house.sink.count("cuff") > 25);
}

TEST_CASE("when the adapter that serves a device goes, the other one takes over") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(cuffHeardBy(R"({hci0: {address: "00:11:22:33:44:55", attenuation: 25},
  hci1: {address: "00:11:22:33:44:66", gone: [{at: 20s, for: 10m}]}})"));
    house.start();
    house.pass(20s);
    CHECK(servedBy(house) == std::vector<std::string>{"hci1"});
    const auto before = house.sink.count("cuff");
    CHECK(house.passUntil([&] { return house.sink.count("cuff") > before + 1; }, 15s));
    CHECK(servedBy(house) == std::vector<std::string>{"hci1", "hci0"});
    CHECK(stateOf(house, "hci1") == v1::ADAPTER_GONE);
    CHECK(says(house.lines, "adapter hci1 has gone"));
}

TEST_CASE("an adapter named hci1 is not taken for hci10") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.options.adapters = {"hci1"};
    house.simulate(cuffHeardBy(R"({hci10: {address: "00:11:22:33:44:55"},
  hci1: {address: "00:11:22:33:44:66", attenuation: 25}})"));
    house.start();
    house.pass(20s);
    CHECK(servedBy(house) == std::vector<std::string>{"hci1"});
    CHECK(house.adapter->adapters().size() == 1);
}

TEST_CASE(
    "a device whose adapter was switched off is connected to as soon as the adapter is on again") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(cuffHeardBy(R"({hci0: {address: "00:11:22:33:44:55"}})"));
    house.start();
    REQUIRE(house.passUntil([&] { return house.sink.count("cuff") > 2; }, 20s));
    house.setAdapter("hci0", "Powered", false);
    CHECK(house.sink.endings("cuff").size() == 1);
    const auto before = house.sink.count("cuff");
    CHECK(house.passUntil([&] { return house.sink.count("cuff") > before; }, 5s));
    CHECK(servedBy(house).size() == 2);
}

TEST_CASE("a device whose link was lost before its adapter went is not left alone for long") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(
        cuffHeardBy(R"({hci0: {address: "00:11:22:33:44:55", gone: [{at: 10s, for: 1s}]}})"));
    house.start();
    house.pass(9750ms);
    loseLink(house);
    const auto before = house.sink.count("cuff");
    CHECK(house.passUntil([&] { return house.sink.count("cuff") > before; }, 6s));
}

TEST_CASE("a device whose link was lost before BlueZ went is not left alone for long") {
    House house;
    house.configure("cuff", kCuffAddress);
    const auto scenario = cuffHeardBy(R"({hci0: {address: "00:11:22:33:44:55"}})");
    house.simulate(scenario);
    house.start();
    house.pass(9750ms);
    loseLink(house);
    const auto before = house.sink.count("cuff");
    house.simulator.reset();
    REQUIRE(arrives(house, [&house] { return house.hasProblem("bluez-away"); }));
    house.simulate(scenario);
    CHECK(house.passUntil([&] { return house.sink.count("cuff") > before; }, 6s));
}
