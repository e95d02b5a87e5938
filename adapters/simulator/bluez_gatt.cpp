#include "adapters/simulator/bluez_gatt.hpp"

#include "adapters/simulator/bluez_errors.hpp"

namespace vitalgate::simulator::bluez {

namespace {

const std::string kCharacteristic = "org.bluez.GattCharacteristic1";
const Uuid kBatteryService{0x180f};
constexpr auto kPingLimit = std::chrono::seconds{30};
constexpr std::uint16_t kMtu = 247;

std::vector<std::string> flagWords(const Flags& flags) {
    std::vector<std::string> out;
    if (flags.read) out.emplace_back("read");
    if (flags.write) out.emplace_back("write");
    if (flags.notify) out.emplace_back("notify");
    if (flags.indicate) out.emplace_back("indicate");
    return out;
}

}  // namespace

GattObjects::GattObjects(Host& host, GattOwner& owner, Device& device, std::string devicePath)
    : host_(host), owner_(owner), device_(device), devicePath_(std::move(devicePath)) {
    for (const auto& service : device_.database().services()) {
        if (service.uuid == kBatteryService && host.settings().batteryHidden) continue;
        serveService(service);
    }
}

GattObjects::~GattObjects() {
    for (auto& entry : entries_) host_.remove(entry->object);
    for (auto& object : others_) host_.remove(object);
}

void GattObjects::serveService(const Service& service) {
    const auto path = fmt::format("{}/service{:04x}", devicePath_, service.handle);
    const auto uuid = service.uuid.text();
    dbus::Interface interface{"org.bluez.GattService1", {}, {}, {}};
    interface.properties = {
        property("UUID", "s", [uuid] { return uuid; }),
        property("Device", "o", [this] { return dbus::ObjectPath{devicePath_}; }),
        property("Primary", "b", [] { return true; }),
        property("Includes", "ao", [] { return dbus::Array{"o", {}}; })};
    others_.push_back(host_.serve(path, {std::move(interface)}));
    for (const auto& each : service.characteristics) serveCharacteristic(path, each);
}

void GattObjects::serveCharacteristic(const std::string& servicePath,
                                      const Characteristic& characteristic) {
    auto& entry = *entries_.emplace_back(std::make_unique<Entry>());
    entry.characteristic = &characteristic;
    entry.path = fmt::format("{}/char{:04x}", servicePath, characteristic.handle);
    auto* const own = &entry;
    const auto method = [this, own](std::string name, std::string in, std::string out,
                                    void (GattObjects::*handler)(Entry&, const dbus::Call&)) {
        return host_.method(std::move(name), std::move(in), std::move(out),
                            [this, own, handler](auto call) { (this->*handler)(*own, call); });
    };
    const auto refuse = [](const dbus::Call& call) { call.fail(notSupported()); };
    dbus::Interface interface{kCharacteristic, {}, {}, {}};
    interface.methods = {method("ReadValue", "a{sv}", "ay", &GattObjects::read),
                         method("WriteValue", "aya{sv}", "", &GattObjects::write),
                         method("StartNotify", "", "", &GattObjects::startNotify),
                         method("StopNotify", "", "", &GattObjects::stopNotify),
                         host_.method("AcquireNotify", "a{sv}", "hq", refuse),
                         host_.method("AcquireWrite", "a{sv}", "hq", refuse)};
    interface.properties = {
        property("UUID", "s", [own] { return own->characteristic->uuid.text(); }),
        property("Service", "o", [servicePath] { return dbus::ObjectPath{servicePath}; }),
        property("Value", "ay", [own] { return own->value; }),
        property("Flags", "as",
                 [own] { return dbus::stringArray(flagWords(own->characteristic->flags)); }),
        property("MTU", "q", [] { return kMtu; })};
    if (characteristic.hasConfiguration()) {
        interface.properties.push_back(
            property("Notifying", "b", [own] { return !own->listeners.empty(); }));
    }
    if (characteristic.flags.notify)
        interface.properties.push_back(property("NotifyAcquired", "b", [] { return false; }));
    entry.object = host_.serve(entry.path, {std::move(interface)});
    if (characteristic.hasConfiguration()) serveDescriptor(entry);
}

/// The Client Characteristic Configuration: visible, but BlueZ keeps it to itself.
void GattObjects::serveDescriptor(const Entry& entry) {
    const auto handle = entry.characteristic->configurationHandle();
    const auto refuse = [](const dbus::Call& call) {
        call.fail(notPermitted("Write not permitted"));
    };
    const auto read = [](const dbus::Call& call) { call.reply({Bytes{0, 0}}); };
    dbus::Interface interface{"org.bluez.GattDescriptor1", {}, {}, {}};
    interface.methods = {host_.method("ReadValue", "a{sv}", "ay", read),
                         host_.method("WriteValue", "aya{sv}", "", refuse)};
    interface.properties = {
        property("UUID", "s", [] { return Uuid{0x2902}.text(); }),
        property("Characteristic", "o", [path = entry.path] { return dbus::ObjectPath{path}; }),
        property("Value", "ay", [] { return Bytes{}; })};
    others_.push_back(
        host_.serve(fmt::format("{}/desc{:04x}", entry.path, handle), {std::move(interface)}));
}

void GattObjects::setValue(Entry& entry, Bytes value) {
    entry.value = std::move(value);
    host_.changed(entry.object.get(), kCharacteristic, {"Value"});
}

void GattObjects::read(Entry& entry, const dbus::Call& call) {
    if (!owner_.hasLink()) return call.fail(failed("Not connected"));
    auto value = std::make_shared<Bytes>();
    const auto operation = [this, &entry, value]() -> std::optional<AttError> {
        auto result = device_.read(*entry.characteristic);
        if (!result) return result.error();
        *value = std::move(*result);
        return std::nullopt;
    };
    const auto done = [this, &entry, value, call](const std::optional<dbus::RemoteError>& error) {
        if (error) return call.fail(*error);
        setValue(entry, *value);
        call.reply({*value});
    };
    owner_.exchange(call.sender(), operation, done);
}

void GattObjects::write(Entry& entry, const dbus::Call& call) {
    if (!owner_.hasLink()) return call.fail(failed("Not connected"));
    if (!entry.characteristic->flags.write) return call.fail(notSupported());
    const auto value = *call.arguments().at(0).get<Bytes>();
    const auto operation = [this, &entry, value]() -> std::optional<AttError> {
        const auto result = device_.write(*entry.characteristic, value);
        return result ? std::nullopt : std::optional(result.error());
    };
    const auto done = [call](const std::optional<dbus::RemoteError>& error) {
        if (error) return call.fail(*error);
        call.reply();
    };
    owner_.exchange(call.sender(), operation, done);
}

/// While there is no link BlueZ takes the request and subscribes when there is one.
void GattObjects::startNotify(Entry& entry, const dbus::Call& call) {
    if (!entry.characteristic->hasConfiguration()) return call.fail(notSupported());
    const auto add = [this, &entry, call] {
        const bool isFirst = entry.listeners.empty();
        entry.listeners.insert(call.sender());
        if (isFirst) host_.changed(entry.object.get(), kCharacteristic, {"Notifying"});
        call.reply();
    };
    if (!owner_.hasLink() || !entry.listeners.empty()) return add();
    const auto operation = [this, &entry]() -> std::optional<AttError> {
        const auto result = device_.subscribe(*entry.characteristic, true);
        return result ? std::nullopt : std::optional(result.error());
    };
    const auto done = [add, call](const std::optional<dbus::RemoteError>& error) {
        if (error) return call.fail(*error);
        add();
    };
    owner_.exchange(call.sender(), operation, done);
}

void GattObjects::stopNotify(Entry& entry, const dbus::Call& call) {
    if (!entry.listeners.contains(call.sender())) {
        return call.fail(failed("No notify session started"));
    }
    removeListener(entry, call.sender());
    call.reply();
}

void GattObjects::removeListener(Entry& entry, const std::string& client) {
    if (entry.listeners.erase(client) == 0 || !entry.listeners.empty()) return;
    // The device may end the link over this write: nobody waits for its answer.
    if (owner_.hasLink()) (void)device_.subscribe(*entry.characteristic, false);
    host_.changed(entry.object.get(), kCharacteristic, {"Notifying"});
}

void GattObjects::arrived(const Characteristic& characteristic, const Bytes& value,
                          std::function<void()> read) {
    for (auto& entry : entries_) {
        if (entry->characteristic != &characteristic || entry->listeners.empty()) continue;
        setValue(*entry, value);
        if (host_.isFrozen(Freeze::signals)) return;
        const auto once = std::make_shared<std::function<void()>>(std::move(read));
        for (const auto& client : entry->listeners) {
            unread_[client].sent.push_back(once);
            ping(client);
        }
        return;
    }
}

/// One ping at a time for each client, whatever the number of values: its answer counts for all
/// that were sent before it.
void GattObjects::ping(const std::string& client) {
    auto& unread = unread_[client];
    if (unread.isAsked || unread.sent.empty()) return;
    unread.isAsked = true;
    const auto answered = [this, client, asked = std::exchange(unread.sent, {}),
                           alive = std::weak_ptr(alive_)](const dbus::Reply& reply) {
        for (const auto& once : asked) {
            auto report = reply ? std::exchange(*once, nullptr) : nullptr;
            if (report) report();
        }
        if (alive.expired()) return;
        auto& rest = unread_[client];
        rest.isAsked = false;
        if (!rest.sent.empty()) return ping(client);
        unread_.erase(client);
    };
    dbus::Request request{client, "/", "org.freedesktop.DBus.Peer", "Ping", {}};
    host_.connection().call(std::move(request), kPingLimit, answered);
}

void GattObjects::rearm() {
    for (auto& entry : entries_) {
        if (!entry->listeners.empty() && owner_.hasLink()) {
            (void)device_.subscribe(*entry->characteristic, true);
        }
    }
}

void GattObjects::clientVanished(const std::string& client) {
    for (auto& entry : entries_) removeListener(*entry, client);
}

}  // namespace vitalgate::simulator::bluez
