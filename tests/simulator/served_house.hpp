#pragma once

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "adapters/simulator/simulator.hpp"
#include "gateway/dbus/connection.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::simulator::testing {

/// A simulator on a bus of its own, and a client that listens to every signal of org.bluez and
/// makes one call after the other.
class ServedHouse {
  public:
    enum class Time { real, still };

    /// With Time::still all timers, those of limits included, wait for advance().
    explicit ServedHouse(std::string_view text, Time time = Time::real)
        : clock(time == Time::real ? static_cast<Clock&>(real_) : still_), simulator_(start(text)) {
        std::optional<Status> ready;
        simulator_->start([&ready](Status status) { ready = std::move(status); });
        REQUIRE(runs([&ready] { return ready.has_value(); }));
        REQUIRE(ready->has_value());
        client = openClient();
        auto added = client->match("type='signal',sender='org.bluez'",
                                   [this](const auto& signal) { signals.push_back(signal); });
        REQUIRE(added);
        match_ = std::move(*added);
    }

    template <class Predicate>
    bool runs(Predicate done, std::chrono::milliseconds limit = std::chrono::seconds{5}) {
        return vitalgate::testing::runUntil(loop, done, limit);
    }
    void pass(std::chrono::milliseconds time) {
        (void)runs([] { return false; }, time);
    }
    /// What the client has sent is there, and what was signalled before it came has come.
    void roundTrip() { REQUIRE(call("/", "org.freedesktop.DBus.Peer", "Ping")); }
    void advance(Duration time) { still_.advance(time); }
    [[nodiscard]] std::unique_ptr<dbus::Connection> openClient() {
        auto connection = dbus::Connection::open(bus.address(), clock, Log());
        REQUIRE(connection);
        return std::move(*connection);
    }

    dbus::Reply call(std::string path, std::string interface, std::string method,
                     dbus::Values arguments = {}) {
        std::optional<dbus::Reply> reply;
        client->call({"org.bluez", std::move(path), std::move(interface), std::move(method),
                      std::move(arguments)},
                     std::chrono::seconds{5},
                     [&reply](dbus::Reply got) { reply = std::move(got); });
        REQUIRE(runs([&reply] { return reply.has_value(); }, std::chrono::seconds{6}));
        return *reply;
    }
    /// While time stands still: lets some pass when the call is there. False without a good answer.
    bool callAndAdvance(std::string path, std::string interface, std::string method,
                        Duration time) {
        std::optional<dbus::Reply> reply;
        client->call({"org.bluez", std::move(path), std::move(interface), std::move(method), {}},
                     std::chrono::hours{1}, [&reply](dbus::Reply got) { reply = std::move(got); });
        roundTrip();
        advance(time);
        REQUIRE(runs([&reply] { return reply.has_value(); }));
        return reply->has_value();
    }
    /// "" if the call went well, else "name: message".
    std::string errorOf(const dbus::Reply& reply) {
        return reply ? "" : reply.error().name + ": " + reply.error().message;
    }
    std::string adapter(std::string method, dbus::Values arguments = {}) {
        return errorOf(
            call(kAdapter, "org.bluez.Adapter1", std::move(method), std::move(arguments)));
    }
    std::string device(std::string method) {
        return errorOf(call(kDevice, "org.bluez.Device1", std::move(method)));
    }
    dbus::Reply characteristic(std::string_view uuid, std::string method,
                               dbus::Values arguments = {}) {
        return call(pathOf(uuid), "org.bluez.GattCharacteristic1", std::move(method),
                    std::move(arguments));
    }
    template <class T>
    std::optional<T> property(const std::string& path, const std::string& interface,
                              const std::string& name) {
        const auto reply = call(path, "org.freedesktop.DBus.Properties", "Get", {interface, name});
        if (!reply) return std::nullopt;
        const auto* value = reply->at(0).get<T>();
        return value ? std::optional(*value) : std::nullopt;
    }
    template <class T>
    std::optional<T> ofDevice(const std::string& name) {
        return property<T>(kDevice, "org.bluez.Device1", name);
    }

    /// The path of the first object with that UUID; empty if there is none.
    std::string pathOf(std::string_view uuid) {
        const auto full = Uuid::parse(uuid)->text();
        for (const auto& [path, properties] : characteristics()) {
            if (vitalgate::dbus::property<std::string>(properties, "UUID") == full) return path;
        }
        return "";
    }
    std::vector<std::pair<std::string, dbus::Properties>> characteristics() {
        std::vector<std::pair<std::string, dbus::Properties>> out;
        const auto reply = call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
        REQUIRE(reply);
        for (const auto& [path, interfaces] : reply->at(0).get<dbus::Dict>()->entries) {
            for (const auto& [name, values] : interfaces.get<dbus::Dict>()->entries) {
                if (*name.get<std::string>() != "org.bluez.GattCharacteristic1") continue;
                out.emplace_back(path.get<dbus::ObjectPath>()->text, *dbus::toProperties(values));
            }
        }
        return out;
    }
    /// How often a signal came, by its member and the path it is about.
    [[nodiscard]] long count(const std::string& member, const std::string& path) const {
        return std::ranges::count_if(signals, [&](const dbus::Signal& signal) {
            if (signal.member != member) return false;
            const auto* about =
                signal.arguments.empty() ? nullptr : signal.arguments[0].get<dbus::ObjectPath>();
            return (about ? about->text : signal.path) == path;
        });
    }
    /// The values of PropertiesChanged for one property of one object, in order.
    [[nodiscard]] std::vector<dbus::Value> changes(const std::string& path,
                                                   const std::string& name) const {
        std::vector<dbus::Value> out;
        for (const auto& signal : signals) {
            if (signal.path != path || signal.member != "PropertiesChanged") continue;
            const auto values = dbus::toProperties(signal.arguments.at(1));
            if (values && values->contains(name)) out.push_back(values->at(name));
        }
        return out;
    }
    /// Where among all signals the first change of a property of the device stands, or the first
    /// signal of that name about `path`.
    [[nodiscard]] std::ptrdiff_t place(const std::string& name,
                                       const std::string& path = "") const {
        const auto fits = [&](const dbus::Signal& signal) {
            if (!path.empty()) {
                const auto* about = signal.arguments.at(0).get<dbus::ObjectPath>();
                return signal.member == name && about && about->text == path;
            }
            if (signal.path != kDevice || signal.member != "PropertiesChanged") return false;
            return dbus::toProperties(signal.arguments.at(1))->contains(name);
        };
        return std::ranges::find_if(signals, fits) - signals.begin();
    }
    bool discoverDevice() {
        if (!adapter("StartDiscovery").empty()) return false;
        return runs([this] { return count("InterfacesAdded", kDevice) > 0; });
    }
    bool connectDevice() {
        if (!discoverDevice() || !device("Connect").empty()) return false;
        return runs([this] { return !changes(kDevice, "ServicesResolved").empty(); });
    }
    [[nodiscard]] bool wrote(std::string_view part) const {
        return ledger.str().find(part) != std::string::npos;
    }

    static inline const std::string kAdapter = "/org/bluez/hci0";
    static inline const std::string kDevice = "/org/bluez/hci0/dev_C4_7C_8D_6A_12_34";

    vitalgate::testing::PrivateBus bus;
    asio::io_context loop;

  private:
    SystemClock real_{loop};
    vitalgate::testing::VirtualClock still_{loop};

  public:
    Clock& clock;
    std::ostringstream ledger;
    std::unique_ptr<dbus::Connection> client;
    std::vector<dbus::Signal> signals;

  private:
    std::unique_ptr<Simulator> start(std::string_view text) {
        auto scenario = parseScenario(text, "s.yaml");
        REQUIRE_MESSAGE(scenario, (scenario ? "" : scenario.error().message));
        Simulator::Options options{bus.address(), &ledger, 1};
        return std::make_unique<Simulator>(std::move(*scenario), std::move(options), clock, Log());
    }

    std::unique_ptr<Simulator> simulator_;
    dbus::Match match_;

  public:
    [[nodiscard]] Device& simulated(std::string_view name) const {
        return *simulator_->device(name);
    }
};

}  // namespace vitalgate::simulator::testing
