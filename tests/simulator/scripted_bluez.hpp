#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/base/identifier.hpp"
#include "gateway/dbus/connection.hpp"
#include "tests/support/run_until.hpp"

namespace vitalgate::simulator::testing {

/// The least of BlueZ that a peripheral needs, on a private bus, and the peer on the other side of
/// its controller hci1. It does nothing by itself but take what is registered and note what it was
/// asked.
class ScriptedBluez {
  public:
    static inline const std::string kController = "/org/bluez/hci1";
    static inline const std::string kPeer = kController + "/dev_00_AA_01_00_00_00";
    static inline const std::string kOther = kController + "/dev_00_AA_01_00_00_02";

    ScriptedBluez(std::string address, asio::io_context& loop, Clock& clock)
        : address_(std::move(address)), loop_(loop), clock_(clock) {}

    // ---- coming and going

    void start(bool withController = true) {
        auto opened = dbus::Connection::open(address_, clock_, Log());
        REQUIRE(opened);
        connection_ = std::move(*opened);
        REQUIRE(connection_->addObjectManager("/"));
        auto match = connection_->match(
            "type='signal',interface='org.freedesktop.DBus.Properties',path_namespace='/vitalgate'",
            [this](const dbus::Signal& signal) { noteChange(signal); });
        REQUIRE(match);
        match_ = std::move(*match);
        manager_ = serve("/org/bluez", {agentManager()});
        if (withController) addController();
        asio::co_spawn(loop_, claim(*connection_, named_), asio::detached);
        REQUIRE(runs([this] { return named_; }));
    }
    void addController() {
        controller_ = serve(kController, {adapter(), gattManager(), advertisingManager()});
        controller_->announce();
    }
    void removeController() {
        controller_->withdraw();
        controller_.reset();
        peers_.clear();
    }
    void stop() {
        peers_.clear();
        controller_.reset();
        manager_.reset();
        match_ = dbus::Match();
        connection_.reset();
        named_ = false;
        isAdvertising = false;
        characteristics.clear();
    }

    // ---- what it was asked

    std::vector<std::string> calls;  ///< "Powered true", "RegisterAgent KeyboardOnly", …
    std::map<std::string, dbus::RemoteError> refusals;  ///< by the first word of `calls`
    int busy = 0;                                       ///< how often Powered is answered with Busy
    bool holdsDisconnect = false;  ///< Disconnect and RemoveDevice wait for finishDisconnect()

    [[nodiscard]] long count(std::string_view call) const {
        return std::ranges::count(calls, call);
    }

    // ---- what is registered

    std::string client;  ///< unique name of the peripheral
    std::vector<std::string> services;
    std::map<std::string, dbus::Properties> characteristics;  ///< by path
    std::vector<std::pair<std::string, std::string>> values;  ///< "2A35" and octets, in order
    bool isAdvertising = false;
    dbus::Properties advertisement;
    std::vector<std::string> counters;  ///< manufacturer data of 0xFFFF, each change

    [[nodiscard]] std::string pathOf(std::string_view uuid) const {
        for (const auto& [path, properties] : characteristics) {
            const auto own = dbus::property<std::string>(properties, "UUID").value_or("");
            if (Uuid::parse(own) == Uuid::parse(uuid)) return path;
        }
        return "";
    }
    [[nodiscard]] std::vector<std::string> flagsOf(std::string_view uuid) const {
        return dbus::toTexts(characteristics.at(pathOf(uuid)).at("Flags"));
    }

    // ---- the peer

    void connect(const std::string& path = kPeer) {
        auto& peer = peers_[path];
        peer.connected = true;
        if (peer.object) return changed(path, {"Connected"});
        peer.object = serve(path, {device(path)});
        peer.object->announce();
    }
    /// The link is gone; a peer that is not paired is forgotten some time later.
    void disconnected(const std::string& path = kPeer) {
        peers_[path].connected = false;
        peers_[path].resolved = false;
        changed(path, {"Connected", "ServicesResolved"});
    }
    void setPaired(bool paired) {
        peers_[kPeer].paired = paired;
        changed(kPeer, {"Paired"});
    }
    void setResolved() {
        peers_[kPeer].resolved = true;
        changed(kPeer, {"ServicesResolved"});
    }
    void finishDisconnect() {
        for (auto held = std::exchange(held_, {}); const auto& finish : held) finish();
    }

    /// A call to a characteristic of the peripheral, as bluetoothd makes it for the peer.
    dbus::Reply ask(std::string_view uuid, std::string method, dbus::Values arguments = {}) {
        return call(pathOf(uuid), "org.bluez.GattCharacteristic1", std::move(method),
                    std::move(arguments));
    }
    /// The same without waiting for an answer.
    void tell(std::string_view uuid, std::string method) {
        connection_->call(
            {client, pathOf(uuid), "org.bluez.GattCharacteristic1", std::move(method), {}},
            std::chrono::hours{1}, [](const dbus::Reply&) {});
    }
    dbus::Reply read(std::string_view uuid, std::uint16_t offset = 0) {
        return ask(uuid, "ReadValue", {options(offset)});
    }
    dbus::Reply write(std::string_view uuid, Bytes value, std::uint16_t offset = 0) {
        return ask(uuid, "WriteValue", {std::move(value), options(offset)});
    }
    dbus::Reply agent(std::string method, dbus::Values arguments) {
        return call("/vitalgate/agent", "org.bluez.Agent1", std::move(method),
                    std::move(arguments));
    }
    dbus::Reply call(std::string path, std::string interface, std::string method,
                     dbus::Values arguments) {
        std::optional<dbus::Reply> reply;
        connection_->call({client, std::move(path), std::move(interface), std::move(method),
                           std::move(arguments)},
                          std::chrono::hours{1},
                          [&reply](dbus::Reply got) { reply = std::move(got); });
        REQUIRE(runs([&reply] { return reply.has_value(); }));
        return *reply;
    }
    /// Everything that was sent before has been taken in, and what came of it has arrived here.
    void settle() {
        for (int turn = 0; turn < 4; ++turn) {
            REQUIRE(call("/", "org.freedesktop.DBus.Peer", "Ping", {}));
        }
    }
    /// The same while the peripheral has not told who it is: what is on its way over the bus
    /// arrives, and so does what comes of it, if that is not more than a call and its answer.
    void settleBus() {
        for (int turn = 0; turn < 6; ++turn) {
            bool answered = false;
            connection_->call({"org.freedesktop.DBus",
                               "/org/freedesktop/DBus",
                               "org.freedesktop.DBus",
                               "GetId",
                               {}},
                              std::chrono::hours{1},
                              [&answered](const dbus::Reply&) { answered = true; });
            REQUIRE(runs([&answered] { return answered; }));
            loop_.restart();
            loop_.poll();
        }
    }
    template <class Predicate>
    bool runs(Predicate done, std::chrono::milliseconds limit = std::chrono::seconds{5}) {
        return vitalgate::testing::runUntil(loop_, done, limit);
    }

  private:
    struct Peer {
        bool connected = false;
        bool paired = false;
        bool resolved = false;
        std::unique_ptr<dbus::ExportedObject> object;
    };

    static asio::awaitable<void> claim(dbus::Connection& connection, bool& named) {
        std::string name = "org.bluez";
        const Duration limit = std::chrono::hours{1};
        const auto status = co_await connection.requestName(name, limit);
        named = status.has_value();
    }
    std::unique_ptr<dbus::ExportedObject> serve(const std::string& path,
                                                std::vector<dbus::Interface> interfaces) {
        auto object = connection_->exportObject(path, std::move(interfaces));
        REQUIRE(object);
        return std::move(*object);
    }
    /// Notes the call, and refuses it if the test says so.
    bool refuses(const dbus::Call& call, std::string noted) {
        const auto word = noted.substr(0, noted.find(' '));
        calls.push_back(std::move(noted));
        const auto refusal = refusals.find(word);
        if (refusal == refusals.end()) return false;
        call.fail(refusal->second);
        return true;
    }
    dbus::Method plain(std::string name, std::string in) {
        const auto answer = [this, name](const dbus::Call& call) {
            if (!refuses(call, name)) call.reply();
        };
        return {name, std::move(in), "", answer};
    }
    static dbus::Value options(std::uint16_t offset) {
        std::vector<std::pair<std::string, dbus::Value>> all{
            {"device", dbus::ObjectPath{kPeer}}, {"link", "LE"}, {"mtu", std::uint16_t{517}}};
        if (offset > 0) all.emplace_back("offset", offset);
        return dbus::variantDict(std::move(all));
    }

    dbus::Interface agentManager() {
        const auto add = [this](const dbus::Call& call) {
            client = call.sender();
            if (refuses(call, "RegisterAgent " + *call.arguments()[1].get<std::string>())) return;
            call.reply();
        };
        dbus::Interface out{"org.bluez.AgentManager1", {}, {}, {}};
        out.methods = {{"RegisterAgent", "os", "", add},
                       plain("RequestDefaultAgent", "o"),
                       plain("UnregisterAgent", "o")};
        return out;
    }
    dbus::Property setting(std::string name) {
        const auto set = [this,
                          name](const dbus::Value& value) -> std::optional<dbus::RemoteError> {
            const auto* flag = value.get<bool>();
            const auto* text = value.get<std::string>();
            calls.push_back(name + " " + (text ? *text : *flag ? "true" : "false"));
            if (name == "Powered" && busy > 0) {
                --busy;
                return dbus::RemoteError{"org.bluez.Error.Busy", ""};
            }
            const auto refusal = refusals.find(name);
            return refusal == refusals.end() ? std::nullopt : std::optional(refusal->second);
        };
        const bool isText = name == "Alias";
        const auto get = [isText] { return isText ? dbus::Value("") : dbus::Value(false); };
        return {name, isText ? "s" : "b", get, set};
    }
    dbus::Interface adapter() {
        const auto remove = [this](const dbus::Call& call) {
            const auto path = call.arguments()[0].get<dbus::ObjectPath>()->text;
            if (refuses(call, "RemoveDevice")) return;
            later([this, call, path] {
                if (peers_[path].connected) disconnected(path);
                peers_[path].object->withdraw();
                peers_.erase(path);
                call.reply();
            });
        };
        dbus::Interface out{"org.bluez.Adapter1", {}, {}, {}};
        out.methods = {{"RemoveDevice", "o", "", remove}};
        out.properties = {
            {"Address", "s", [] { return dbus::Value("00:AA:01:01:00:01"); }, nullptr},
            setting("Powered"),
            setting("Pairable"),
            setting("Alias")};
        return out;
    }
    dbus::Interface gattManager() {
        const auto add = [this](const dbus::Call& call) {
            if (!refuses(call, "RegisterApplication")) takeApplication(call);
        };
        dbus::Interface out{"org.bluez.GattManager1", {}, {}, {}};
        out.methods = {{"RegisterApplication", "oa{sv}", "", add},
                       plain("UnregisterApplication", "o")};
        return out;
    }
    dbus::Interface advertisingManager() {
        const auto add = [this](const dbus::Call& call) {
            if (!refuses(call, "RegisterAdvertisement")) takeAdvertisement(call);
        };
        const auto remove = [this](const dbus::Call& call) {
            isAdvertising = false;
            if (!refuses(call, "UnregisterAdvertisement")) call.reply();
        };
        dbus::Interface out{"org.bluez.LEAdvertisingManager1", {}, {}, {}};
        out.methods = {{"RegisterAdvertisement", "oa{sv}", "", add},
                       {"UnregisterAdvertisement", "o", "", remove}};
        return out;
    }
    dbus::Interface device(const std::string& path) {
        const auto hangUp = [this, path](const dbus::Call& call) {
            if (refuses(call, path == kPeer ? "Disconnect" : "Disconnect the other")) return;
            later([this, call, path] {
                if (peers_[path].connected) disconnected(path);
                call.reply();
            });
        };
        const auto flag = [this, path](std::string name, bool Peer::* member) {
            return dbus::Property{
                std::move(name), "b",
                [this, path, member] { return dbus::Value(peers_[path].*member); }, nullptr};
        };
        dbus::Interface out{"org.bluez.Device1", {}, {}, {}};
        out.methods = {{"Disconnect", "", "", hangUp}};
        out.properties = {flag("Connected", &Peer::connected), flag("Paired", &Peer::paired),
                          flag("ServicesResolved", &Peer::resolved)};
        return out;
    }
    void changed(const std::string& path, const std::vector<std::string>& names) {
        peers_[path].object->propertiesChanged("org.bluez.Device1", names);
    }
    void later(std::function<void()> finish) {
        if (!holdsDisconnect) return finish();
        held_.push_back(std::move(finish));
    }

    /// As BlueZ does: reads all objects, then answers.
    void takeApplication(const dbus::Call& call) {
        const auto& path = call.arguments()[0].get<dbus::ObjectPath>()->text;
        const auto take = [this, call](const dbus::Reply& reply) {
            REQUIRE(reply);
            const auto objects = dbus::toProperties(reply->at(0));
            for (const auto& [own, interfaces] : *objects)
                take1(own, *dbus::toProperties(interfaces));
            call.reply();
        };
        connection_->call(
            {client, path, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", {}},
            std::chrono::hours{1}, take);
    }
    void take1(const std::string& path, const dbus::Properties& interfaces) {
        if (const auto service = interfaces.find("org.bluez.GattService1");
            service != interfaces.end()) {
            const auto uuid =
                dbus::property<std::string>(*dbus::toProperties(service->second), "UUID");
            services.push_back(Uuid::parse(*uuid)->shortText());
        }
        const auto found = interfaces.find("org.bluez.GattCharacteristic1");
        if (found != interfaces.end()) characteristics[path] = *dbus::toProperties(found->second);
    }
    void takeAdvertisement(const dbus::Call& call) {
        const auto& path = call.arguments()[0].get<dbus::ObjectPath>()->text;
        const auto take = [this, call](const dbus::Reply& reply) {
            REQUIRE(reply);
            advertisement = *dbus::toProperties(reply->at(0));
            isAdvertising = true;
            call.reply();
        };
        connection_->call({client,
                           path,
                           "org.freedesktop.DBus.Properties",
                           "GetAll",
                           {"org.bluez.LEAdvertisement1"}},
                          std::chrono::hours{1}, take);
    }
    void noteChange(const dbus::Signal& signal) {
        const auto changes = dbus::toProperties(signal.arguments.at(1));
        REQUIRE(changes);
        if (const auto value = changes->find("Value"); value != changes->end()) {
            const auto uuid = dbus::property<std::string>(characteristics.at(signal.path), "UUID");
            values.emplace_back(Uuid::parse(*uuid)->shortText(),
                                toHex(*value->second.get<Bytes>()));
        }
        if (const auto data = changes->find("ManufacturerData"); data != changes->end()) {
            for (const auto& [company, octets] : data->second.get<dbus::Dict>()->entries) {
                if (*company.get<std::uint16_t>() == 0xffff) {
                    counters.push_back(toHex(*octets.get<Bytes>()));
                }
            }
        }
    }

    std::string address_;
    asio::io_context& loop_;
    Clock& clock_;
    bool named_ = false;
    std::unique_ptr<dbus::Connection> connection_;
    dbus::Match match_;
    std::unique_ptr<dbus::ExportedObject> manager_;
    std::unique_ptr<dbus::ExportedObject> controller_;
    std::map<std::string, Peer> peers_;
    std::vector<std::function<void()>> held_;
};

}  // namespace vitalgate::simulator::testing
