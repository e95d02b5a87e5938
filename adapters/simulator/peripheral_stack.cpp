#include "adapters/simulator/peripheral_stack.hpp"

namespace vitalgate::simulator::peripheral {

namespace {

using namespace std::chrono_literals;

constexpr Duration kAskLimit = 5s;
constexpr Duration kAskAgain = 1s;

const std::string kBus = "org.freedesktop.DBus";
const std::string kBluez = "org.bluez";
const std::string kObjectManager = "org.freedesktop.DBus.ObjectManager";
const std::string kProperties = "org.freedesktop.DBus.Properties";
const std::string kAdapter = "org.bluez.Adapter1";
const std::string kDevice = "org.bluez.Device1";

// Nobody but the bus itself checks a well-known sender: onSignal compares the unique name.
constexpr const char* kSignalRule = "type='signal',sender='org.bluez'";
constexpr const char* kOwnerRule =
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg0='org.bluez'";

/// One interface in a dictionary of interfaces and their properties.
std::optional<dbus::Properties> interfaceIn(const dbus::Value& interfaces, std::string_view name) {
    const auto all = dbus::toProperties(interfaces);
    if (!all) return std::nullopt;
    const auto found = all->find(name);
    return found == all->end() ? std::nullopt : dbus::toProperties(found->second);
}

template <class T>
const T* argument(const dbus::Signal& signal, std::size_t place) {
    return signal.arguments.size() > place ? signal.arguments[place].get<T>() : nullptr;
}

}  // namespace

Stack::Stack(dbus::Connection& connection, Clock& clock, const std::string& adapter,
             StackListener& listener)
    : connection_(connection), clock_(clock), path_("/org/bluez/" + adapter), listener_(listener) {}

Status Stack::start() {
    auto signals =
        connection_.match(kSignalRule, [this](const dbus::Signal& signal) { onSignal(signal); });
    if (!signals) return std::unexpected(signals.error());
    auto owners = connection_.match(kOwnerRule,
                                    [this](const dbus::Signal& signal) { onOwnerChanged(signal); });
    if (!owners) return std::unexpected(owners.error());
    signals_ = std::move(*signals);
    owners_ = std::move(*owners);
    askOwner();
    return {};
}

void Stack::call(const std::string& path, const std::string& interface, const std::string& method,
                 dbus::Values arguments, Duration limit, Answered handler) {
    const auto answered = [handler = std::move(handler),
                           alive = std::weak_ptr(alive_)](const dbus::Reply& reply) {
        if (!alive.expired()) handler(reply);
    };
    dbus::Request request{kBluez, path, interface, method, std::move(arguments)};
    connection_.call(std::move(request), limit, answered);
}

void Stack::setProperty(const std::string& name, dbus::Value value, Duration limit,
                        Answered handler) {
    call(path_, kProperties, "Set", {kAdapter, name, dbus::variantOf(std::move(value))}, limit,
         std::move(handler));
}

bool Stack::isPaired(const std::string& peer) const {
    const auto found = peers_.find(peer);
    return found != peers_.end() && found->second.paired;
}

std::vector<std::string> Stack::connectedPeers() const {
    std::vector<std::string> out;
    for (const auto& [path, peer] : peers_) {
        if (peer.connected) out.push_back(path);
    }
    return out;
}

std::vector<std::string> Stack::pairedPeers() const {
    std::vector<std::string> out;
    for (const auto& [path, peer] : peers_) {
        if (peer.paired) out.push_back(path);
    }
    return out;
}

bool Stack::isPeer(std::string_view path) const {
    return path.starts_with(path_ + "/dev_") && path.find('/', path_.size() + 1) == path.npos;
}

// ---- coming and going ----

void Stack::askOwner() {
    const auto answered = [this, alive = std::weak_ptr(alive_)](const dbus::Reply& reply) {
        if (alive.expired() || hasBluez()) return;
        const auto* owner = reply && !reply->empty() ? reply->front().get<std::string>() : nullptr;
        if (!owner) return;  // it is announced when it comes
        owner_ = *owner;
        load();
    };
    dbus::Request request{kBus, "/org/freedesktop/DBus", kBus, "GetNameOwner", {kBluez}};
    connection_.call(std::move(request), kAskLimit, answered);
}

void Stack::onOwnerChanged(const dbus::Signal& signal) {
    const auto* owner = argument<std::string>(signal, 2);
    if (!owner || signal.sender != kBus || *owner == owner_) return;
    leave();
    owner_ = *owner;
    if (!owner_.empty()) load();
}

void Stack::load() {
    call("/", kObjectManager, "GetManagedObjects", {}, kAskLimit,
         [this, owner = owner_](const dbus::Reply& reply) {
             if (owner != owner_ || ready_) return;
             if (reply) return loaded(reply);
             retry_ = clock_.after(kAskAgain, [this, owner] {
                 if (owner == owner_ && !ready_) load();
             });
         });
}

void Stack::loaded(const dbus::Reply& reply) {
    const auto objects = reply->empty() ? std::nullopt : dbus::toProperties(reply->front());
    if (!objects || !objects->contains(path_)) return;  // InterfacesAdded will tell
    const auto adapter = interfaceIn(objects->at(path_), kAdapter);
    if (!adapter) return;
    address_ = dbus::property<std::string>(*adapter, "Address").value_or("");
    for (const auto& [path, interfaces] : *objects) {
        const auto device = isPeer(path) ? interfaceIn(interfaces, kDevice) : std::nullopt;
        if (!device) continue;
        const auto is = [&](std::string_view name) {
            return dbus::property<bool>(*device, name).value_or(false);
        };
        peers_[path] = {is("Connected"), is("Paired"), is("ServicesResolved")};
    }
    ready_ = true;
    listener_.onReady();
}

void Stack::leave() {
    peers_.clear();
    if (std::exchange(ready_, false)) listener_.onGone();
}

// ---- signals of BlueZ ----

void Stack::onSignal(const dbus::Signal& signal) {
    if (signal.sender != owner_) return;
    if (signal.member == "InterfacesAdded") return added(signal);
    if (!ready_) return;  // what came before the list of objects is in it already
    if (signal.member == "InterfacesRemoved") return removed(signal);
    const auto* interface = argument<std::string>(signal, 0);
    if (signal.member != "PropertiesChanged" || !interface || *interface != kDevice) return;
    const auto properties =
        signal.arguments.size() > 1 ? dbus::toProperties(signal.arguments[1]) : std::nullopt;
    if (properties && isPeer(signal.path)) changed(signal.path, *properties);
}

void Stack::added(const dbus::Signal& signal) {
    const auto* path = argument<dbus::ObjectPath>(signal, 0);
    if (!path || signal.arguments.size() < 2) return;
    const auto& interfaces = signal.arguments[1];
    if (!ready_) {
        if (path->text == path_ && interfaceIn(interfaces, kAdapter)) load();
        return;
    }
    const auto device = isPeer(path->text) ? interfaceIn(interfaces, kDevice) : std::nullopt;
    if (!device) return;
    // An old bond is no news.
    const bool paired = dbus::property<bool>(*device, "Paired").value_or(false);
    peers_.try_emplace(path->text, Peer{false, paired, false});
    changed(path->text, *device);
}

void Stack::removed(const dbus::Signal& signal) {
    const auto* path = argument<dbus::ObjectPath>(signal, 0);
    if (!path || signal.arguments.size() < 2) return;
    for (const auto& interface : dbus::toTexts(signal.arguments[1])) {
        if (path->text == path_ && interface == kAdapter) return leave();
        if (interface != kDevice) continue;
        const auto gone = peers_.extract(path->text);
        if (gone && gone.mapped().connected) listener_.onDisconnected(path->text);
    }
}

/// A link that ends is told before one that begins: both may stand in one signal.
void Stack::changed(const std::string& path, const dbus::Properties& properties) {
    const auto found = peers_.find(path);
    const Peer before = found == peers_.end() ? Peer{} : found->second;
    Peer now = before;
    now.connected = dbus::property<bool>(properties, "Connected").value_or(before.connected);
    now.paired = dbus::property<bool>(properties, "Paired").value_or(before.paired);
    now.resolved = dbus::property<bool>(properties, "ServicesResolved").value_or(before.resolved);
    if (now.connected || now.paired) {
        peers_[path] = now;
    } else if (found != peers_.end()) {
        peers_.erase(found);
    }
    if (before.connected && !now.connected) listener_.onDisconnected(path);
    if (!before.connected && now.connected) listener_.onConnected(path);
    if (!before.paired && now.paired) listener_.onPaired(path);
    if (!before.resolved && now.resolved) listener_.onResolved(path);
}

}  // namespace vitalgate::simulator::peripheral
