#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>

#include "adapters/bluez/link.hpp"
#include "adapters/bluez/names.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::testing {

using namespace std::chrono_literals;
using dbus::Call;
using dbus::Value;

inline const std::string kAdapter = "/org/bluez/hci0";
inline const std::string kDevice = kAdapter + "/dev_C4_7C_8D_6A_12_34";
inline const std::string kService = kDevice + "/service0010";
inline const std::string kMeasurement = kService + "/char0011";

/// A BlueZ with one connected device and one characteristic, whose answers the test gives, and a
/// link to that device.
struct ScriptedBluez : bluez::Service::Listener {
    PrivateBus bus;
    asio::io_context loop;
    SystemClock clock{loop};
    VirtualClock agentClock{loop};
    std::unique_ptr<dbus::Connection> peer = *dbus::Connection::open(bus.address(), clock, Log());
    std::vector<std::unique_ptr<dbus::ExportedObject>> objects;
    bool resolved = true;
    bool notifying = false;
    bool paired = false;
    bool connected = false;
    std::int16_t rssi = -60;
    Bytes value;
    std::function<void(Call)> onCall = [](const Call& call) { call.reply(); };
    std::optional<Call> registered;  ///< the last RegisterAgent
    std::vector<std::string> agentCalls;
    std::function<void(Call)> onAgentCall = [](const Call& call) { call.reply(); };
    std::vector<std::string> refusals;
    std::string expected;  ///< may ask for a bond by itself
    bluez::PasskeySource expectedPasskey;
    std::vector<bluez::PairingOutcome> pairing;

    bluez::Service service{bus.address(), clock, Log(), *this};
    bluez::PairingAgent agent;
    std::shared_ptr<bluez::DevicePairing> bond;
    std::shared_ptr<bluez::BluezLink> link;

    explicit ScriptedBluez(bluez::PairingPolicy policy = bluez::PairingPolicy::justWorks,
                           bluez::PasskeySource passkey = {})
        : agent(
              policy, 2min, agentClock, Log(),
              [this](const std::string& device) { refusals.push_back(device); },
              [this](const std::string& device) {
                  return device == expected ? std::optional(expectedPasskey) : std::nullopt;
              }),
          bond(std::make_shared<bluez::DevicePairing>(std::move(passkey))) {
        REQUIRE(peer->addObjectManager("/"));
        serveManager();
        serve(kAdapter, {bluez::kAdapter1, {method("RemoveDevice", "o", "")}, {}, {}});
        serve(kDevice, {bluez::kDevice1,
                        {method("Pair", "", ""), method("CancelPairing", "", ""),
                         method("Disconnect", "", "")},
                        {{"Address", "s", [] { return Value("C4:7C:8D:6A:12:34"); }, nullptr},
                         {"RSSI", "n", [this] { return Value(rssi); }, nullptr},
                         {"Paired", "b", [this] { return Value(paired); }, nullptr},
                         {"Connected", "b", [this] { return Value(connected); }, nullptr},
                         {"ServicesResolved", "b", [this] { return Value(resolved); }, nullptr}},
                        {}});
        name();
        service.start();
        REQUIRE(until([this] { return service.state() == bluez::Service::State::ready; }));
        const auto told = [this](bluez::PairingOutcome outcome) { pairing.push_back(outcome); };
        link = std::make_shared<bluez::BluezLink>(
            service, agent, bluez::BluezLink::Peer{kDevice, "hci0", "adapter", bond, told}, clock,
            Log());
    }
    ~ScriptedBluez() override {
        // What that one knows of the test is gone already.
        onCall = [](const Call& call) { call.reply(); };
        link->stop();
        service.stop();
        until([] { return false; }, 5ms);
    }

    void onReady() override { agent.enter(service); }
    void onGone() override {}
    void onChange(const bluez::Change& change) override { link->onChange(change); }

    dbus::Method method(std::string called, std::string in, std::string out) {
        return {std::move(called), std::move(in), std::move(out),
                [this](const Call& call) { onCall(call); }};
    }
    void serve(const std::string& path, dbus::Interface interface) {
        auto object = peer->exportObject(path, {std::move(interface)});
        REQUIRE(object);
        (*object)->announce();
        objects.push_back(std::move(*object));
    }
    void serveManager() {
        const auto take = [this](const Call& call) {
            agentCalls.push_back(call.method());
            if (call.method() == "RegisterAgent") registered = call;
            onAgentCall(call);
        };
        serve(bluez::kBluezPath, {bluez::kAgentManager1,
                                  {{"RegisterAgent", "os", "", take},
                                   {"UnregisterAgent", "o", "", take},
                                   {"RequestDefaultAgent", "o", "", take}},
                                  {},
                                  {}});
    }
    void serveGatt() {
        serve(kService, {bluez::kGattService1, {}, {text("UUID", Uuid(0x1810).text())}, {}});
        serve(kMeasurement,
              {bluez::kGattCharacteristic1,
               {method("ReadValue", "a{sv}", "v"), method("WriteValue", "aya{sv}", ""),
                method("StartNotify", "", "")},
               {text("UUID", Uuid(0x2A35).text()),
                {"Service", "o", [] { return Value(dbus::ObjectPath{kService}); }, nullptr},
                {"Notifying", "b", [this] { return Value(notifying); }, nullptr},
                {"Value", "ay", [this] { return Value(value); }, nullptr},
                {"Flags", "as", [] { return dbus::stringArray({"read", "write", "indicate"}); },
                 nullptr}},
               {}});
    }
    static dbus::Property text(std::string called, std::string content) {
        return {std::move(called), "s", [content] { return Value(content); }, nullptr};
    }
    dbus::ExportedObject& deviceObject() {
        return **std::ranges::find_if(objects,
                                      [](const auto& each) { return each->path() == kDevice; });
    }
    void send(Bytes bytes) {
        value = std::move(bytes);
        objects.back()->propertiesChanged(bluez::kGattCharacteristic1, {"Value"});
    }
    /// Everything that was sent before has arrived: signals keep their order.
    void arrive() {
        --rssi;
        deviceObject().propertiesChanged(bluez::kDevice1, {"RSSI"});
        REQUIRE(until([this] {
            const auto device = bluez::deviceView(service.tree(), kDevice);
            return device && device->rssiDbm == rssi;
        }));
    }
    void name() {
        std::optional<Status> taken;
        asio::co_spawn(loop, peer->requestName("org.bluez", 5s),
                       [&taken](const std::exception_ptr&, Status status) { taken = status; });
        REQUIRE(until([&taken] { return taken.has_value(); }));
        REQUIRE(*taken);
    }
    template <class Predicate>
    bool until(Predicate done, std::chrono::milliseconds limit = 5s) {
        return runUntil(loop, done, limit);
    }
    template <class T>
    T run(asio::awaitable<T> work, std::chrono::milliseconds limit = 5s) {
        std::optional<T> result;
        asio::co_spawn(loop, std::move(work),
                       [&result](const std::exception_ptr&, T got) { result = std::move(got); });
        REQUIRE(until([&result] { return result.has_value(); }, limit));
        return std::move(*result);
    }
    /// With the objects there, and known to the link.
    session::Characteristic discovered() {
        serveGatt();
        auto database = run(link->discover({Uuid(0x1810)}, 5s));
        REQUIRE(database);
        REQUIRE(database->size() == 1);
        REQUIRE(database->front().characteristics.size() == 1);
        return database->front().characteristics.front();
    }
    Bytes next() {
        auto got = run(link->nextValue(10s), 15s);
        return got ? got->bytes : Bytes{0xEE};
    }
};

}  // namespace vitalgate::testing
