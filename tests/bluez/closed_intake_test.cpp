// What devices send while nothing can be kept: they are disconnected, and it is counted meanwhile.
#include <doctest/doctest.h>

#include "adapters/bluez/bluez_adapter.hpp"
#include "adapters/bluez/core.hpp"
#include "tests/bluez/rig.hpp"
#include "tests/bluez/scripted_bluez.hpp"
#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;
using dbus::Call;
using vitalgate::testing::kCuffAddress;
using vitalgate::testing::kDevice;
using vitalgate::testing::KeepingSink;
using vitalgate::testing::ScriptedBluez;
using vitalgate::testing::VirtualClock;

namespace {

/// A cuff that is connected, and of which BlueZ lets go when the test says so.
struct Closing {
    ScriptedBluez bluez;
    VirtualClock clock{bluez.loop};
    KeepingSink sink;
    std::vector<Call> disconnects;
    int subscriptions = 0;
    std::unique_ptr<BluezAdapter> adapter;

    Closing() {
        bluez.serveGatt();
        bluez.connected = true;
        bluez.onCall = [this](const Call& call) {
            if (call.method() == "Disconnect") return disconnects.push_back(call);
            if (call.method() == "StartNotify") ++subscriptions;
            call.reply();
        };
        BluezOptions options;
        options.bus = bluez.bus.address();
        options.devices.emplace_back().id = "cuff";
        options.devices[0].address = *BluetoothAddress::parse(kCuffAddress);
        adapter = std::make_unique<BluezAdapter>(options, sink, clock, Log());
        adapter->start();
        const bool isReady = until([this] {
            clock.advance(10ms);
            return subscriptions == 1;
        });
        REQUIRE(isReady);
        measure(71);
        REQUIRE(until([this] { return sink.count("cuff") == 1; }));
    }
    ~Closing() {
        bool stopped = false;
        adapter->stop([&stopped] { stopped = true; });
        disconnect();
        CHECK(until([this, &stopped] {
            clock.advance(10ms);
            return stopped;
        }));
    }

    /// 128/82 mmHg and that pulse.
    void measure(std::uint8_t pulse) {
        bluez.send(*fromHex(fmt::format("04800052006100{:02x}00", pulse)));
    }
    void disconnect() {
        if (!std::exchange(bluez.connected, false)) return;
        bluez.deviceObject().propertiesChanged(kDevice1, {"Connected"});
        for (const auto& call : std::exchange(disconnects, {})) call.reply();
    }
    template <class Predicate>
    bool until(Predicate done) {
        return bluez.until(done, 30s);
    }
    /// "values-not-kept"
    [[nodiscard]] std::string problem() const {
        for (const auto& each : adapter->problems())
            if (each.code() == "values-not-kept") return each.text();
        return {};
    }
    [[nodiscard]] std::uint32_t conversations() const {
        return adapter->adapters().at(0).connected();
    }
    /// What is on its way over the bus arrives.
    void settle() {
        (void)bluez.until([] { return false; }, 50ms);
    }
};

}  // namespace

TEST_CASE("what a device sends until BlueZ has let go of it is counted while nothing can be kept") {
    Closing house;
    house.sink.closed = true;
    house.clock.advance(Core::kTick);
    REQUIRE(house.until([&house] { return house.disconnects.size() == 1; }));
    // BlueZ takes two seconds.
    house.clock.advance(1900ms);
    house.settle();
    house.measure(72);
    house.measure(73);
    house.disconnect();
    REQUIRE(house.until([&house] { return house.conversations() == 0; }));
    // The stream cannot tell it yet: the status does.
    house.clock.advance(Core::kTick);
    CHECK(house.problem() ==
          "device cuff: 2 values that it delivered could not be kept, nor the event that tells it: "
          "see the store's state");
    house.sink.closed = false;
    house.clock.advance(Core::kTick + EventWriter::kRetry);
    CHECK(house.problem().empty());
    const auto losses = house.sink.eventsOf("cuff", v1::Event::kLoss);
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].loss().reason() == v1::LOSS_INTAKE_CLOSED);
    CHECK(losses[0].loss().count() == 2);
    CHECK(house.sink.count("cuff") == 1);
}

TEST_CASE("a stop does not wait for a device that was being disconnected already") {
    Closing house;
    house.sink.closed = true;
    house.clock.advance(Core::kTick);
    REQUIRE(house.until([&house] { return house.disconnects.size() == 1; }));
    bool stopped = false;
    house.adapter->stop([&stopped] { stopped = true; });
    house.clock.advance(Core::kDrainLimit);
    CHECK(house.until([&stopped] { return stopped; }));
}

TEST_CASE("what was lost is told at a stop, if anything can be stored by then") {
    Closing house;
    house.sink.closed = true;
    house.measure(72);
    REQUIRE(house.until([&house] { return house.disconnects.size() == 1; }));
    house.disconnect();
    REQUIRE(house.until([&house] { return house.conversations() == 0; }));
    house.settle();
    house.sink.closed = false;
    CHECK(house.sink.eventsOf("cuff", v1::Event::kLoss).empty());
    bool stopped = false;
    house.adapter->stop([&stopped] { stopped = true; });
    CHECK(house.until([&stopped] { return stopped; }));
    REQUIRE(house.sink.eventsOf("cuff", v1::Event::kLoss).size() == 1);
    CHECK(house.sink.eventsOf("cuff", v1::Event::kLoss)[0].loss().count() == 1);
}
