#include <doctest/doctest.h>

#include "adapters/bluez/flood_mute.hpp"
#include "adapters/bluez/sighting_limit.hpp"
#include "tests/bluez/rig.hpp"
#include "tests/bluez/scripted_bluez.hpp"
#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;
using vitalgate::testing::kCuffAddress;
using vitalgate::testing::kDevice;
using vitalgate::testing::Rig;

namespace {

constexpr SteadyTime kStart{1h};

/// A cuff that measures all the time.
const std::string kFlooding = R"(
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    advertise: {when: always, every: 100ms, signal: -60dBm}
    measure:
      - {at: 20ms, every: 20ms, systolic: 128, diastolic: 82, pulse: 71}
bluez: {connect-after: 50ms, answer-after: 2ms}
)";

}  // namespace

TEST_CASE("a flood is answered with 10 min of silence, doubled up to 2 h while they follow") {
    FloodMute mute;
    CHECK_FALSE(mute.isMuted(kStart));
    auto now = kStart;
    for (const Duration length : {10min, 20min, 40min, 80min, 120min, 120min}) {
        mute.onFlood(now);
        CHECK(mute.length() == length);
        CHECK(mute.until() == now + length);
        CHECK(mute.isMuted(now + length - 1ns));
        CHECK_FALSE(mute.isMuted(now + length));
        now += length;
    }
}

TEST_CASE("a day without a flood makes a device as good as new") {
    FloodMute mute;
    mute.onFlood(kStart);
    mute.onFlood(kStart + 24h);
    CHECK(mute.length() == Duration(20min));
    mute.onFlood(kStart + 48h + 1ns);
    CHECK(mute.length() == Duration(10min));
}

TEST_CASE("a thousand advertisements a second are ten sightings a second, for each device") {
    SightingLimit limit;
    int passed = 0;
    for (int i = 0; i < 3000; ++i) {
        if (limit.pass("/a", kStart + i * 1ms)) ++passed;
    }
    CHECK(passed == 30);
    CHECK(limit.pass("/b", kStart + 2999ms));
    CHECK_FALSE(limit.pass("/a", kStart + 2999ms));
}

TEST_CASE("passers-by are not remembered") {
    SightingLimit limit;
    for (int i = 0; i < 100'000; ++i) CHECK(limit.pass(std::to_string(i), kStart + i * 1ms));
    CHECK(limit.size() < 1000);
}

TEST_CASE("of a thousand advertisements at once all are counted, and one is looked at") {
    vitalgate::testing::ScriptedBluez bluez;
    vitalgate::testing::VirtualClock clock(bluez.loop);
    vitalgate::testing::KeepingSink sink;
    BluezOptions options;
    options.bus = bluez.bus.address();
    options.devices.emplace_back().id = "cuff";
    options.devices[0].address = *BluetoothAddress::parse(kCuffAddress);
    BluezAdapter adapter(options, sink, clock, Log());
    adapter.start();
    const auto heard = [&adapter] {
        const auto all = adapter.adapters();
        return all.empty() ? 0 : all[0].advertisements_per_min();
    };
    const auto advertise = [&bluez](std::int16_t rssi) {
        bluez.rssi = rssi;
        bluez.deviceObject().propertiesChanged(kDevice1, {"RSSI"});
    };
    REQUIRE(bluez.until([&] { return adapter.devices().at(0).rssi_dbm() == -60; }));
    const auto before = heard();
    for (std::int16_t i = 0; i < 1000; ++i) advertise(static_cast<std::int16_t>(-50 - i % 7));
    REQUIRE(bluez.until([&] { return heard() == before + 1000; }, 30s));
    CHECK(adapter.devices().at(0).rssi_dbm() == -50);
    clock.advance(SightingLimit::kInterval);
    advertise(-70);
    REQUIRE(bluez.until([&] { return heard() == before + 1001; }));
    CHECK(adapter.devices().at(0).rssi_dbm() == -70);
    bool stopped = false;
    adapter.stop([&stopped] { stopped = true; });
    CHECK(bluez.until([&stopped] { return stopped; }));
}

TEST_CASE("pairings that are refused without a pause are counted, and told once a minute") {
    vitalgate::testing::ScriptedBluez bluez;
    vitalgate::testing::VirtualClock clock(bluez.loop);
    vitalgate::testing::KeepingSink sink;
    BluezOptions options;
    options.bus = bluez.bus.address();
    REQUIRE(bluez.until([&] { return bluez.agentCalls.size() == 2; }));  // of its own agent
    bluez.registered.reset();
    BluezAdapter adapter(options, sink, clock, Log());
    adapter.start();
    REQUIRE(bluez.until([&] { return bluez.registered.has_value(); }));
    const auto ask = [&bluez] {
        bool refused = false;
        const auto* agent = bluez.registered->arguments().at(0).get<dbus::ObjectPath>();
        bluez.peer->call({bluez.registered->sender(),
                          agent->text,
                          kAgent1,
                          "RequestAuthorization",
                          {dbus::ObjectPath{kDevice}}},
                         5s, [&refused](const dbus::Reply& reply) { refused = !reply; });
        REQUIRE(bluez.until([&refused] { return refused; }));
    };
    const auto told = [&sink] { return sink.eventsOf("", v1::Event::kSecurity); };
    for (int i = 0; i < 10; ++i) ask();
    REQUIRE(told().size() == 1);
    CHECK(told()[0].security().times() == 1);
    clock.advance(1min);
    ask();
    REQUIRE(told().size() == 2);
    CHECK(told()[1].security().times() == 10);
    bool stopped = false;
    adapter.stop([&stopped] { stopped = true; });
    CHECK(bluez.until([&stopped] { return stopped; }));
}

TEST_CASE("a device that sends without a pause is left alone, which an event and its state tell") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.options.session.limits.valuesPerSecond = 10;
    rig.options.session.limits.burst = 1;
    rig.options.session.limits.throttledValues = 3;
    rig.simulate(kFlooding);
    rig.start();
    REQUIRE(rig.until([&] { return !rig.sink.endings("cuff").empty(); }, 20s));
    const auto ended = rig.sink.eventsOf("cuff", v1::Event::kConnection).back();
    CHECK(ended.connection().reason() == v1::DISCONNECT_FLOOD);
    CHECK(ended.severity() == v1::SEVERITY_WARNING);
    CHECK(ended.text() ==
          "disconnected: it sent more than the hub takes, and is left alone for 10 min");
    const auto& descriptor = rig.sink.descriptors.at("cuff");
    CHECK(
        descriptor.availability_reason().find("it sent more than the hub takes, and is left alone "
                                              "until ") == 0);
    // It goes on advertising: what would be enough for the next connection.
    const auto heard = rig.adapter->adapters().at(0).advertisements_per_min();
    REQUIRE(rig.until(
        [&] { return rig.adapter->adapters().at(0).advertisements_per_min() > heard + 30; }, 20s));
    const auto ledger = rig.ledger.str();
    const auto connected = ledger.find("\"what\":\"connected\"");
    REQUIRE(connected != std::string::npos);
    CHECK(ledger.find("\"what\":\"connected\"", connected + 1) == std::string::npos);
    CHECK(rig.sink.endings("cuff").size() == 1);
    // Nor when somebody else connects to it.
    const auto other = *dbus::Connection::open(rig.bus.address(), rig.clock, Log());
    std::optional<dbus::Reply> reply;
    other->call({"org.bluez", kDevice, kDevice1, "Connect", {}}, 10s,
                [&reply](dbus::Reply got) { reply = std::move(got); });
    REQUIRE(rig.until([&reply] { return reply.has_value(); }, 15s));
    REQUIRE(*reply);
    CHECK(rig.until([&] { return !rig.simulator->device("cuff")->isConnected(); }));
    CHECK(rig.sink.eventsOf("cuff", v1::Event::kConnection).size() == 2);
}
