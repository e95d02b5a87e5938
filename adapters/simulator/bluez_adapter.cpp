#include "adapters/simulator/bluez_adapter.hpp"

#include <algorithm>
#include <asio/post.hpp>

#include "adapters/simulator/bluez_errors.hpp"

namespace vitalgate::simulator::bluez {

namespace {

const std::string kAdapter = "org.bluez.Adapter1";
constexpr Duration kListLimit = std::chrono::seconds{5};

/// A switch that a client may set.
dbus::Property flag(std::string name, bool& value, std::function<void()> changed) {
    const auto set = [&value, changed](const dbus::Value& wanted) {
        if (std::exchange(value, *wanted.get<bool>()) != value) changed();
        return std::optional<dbus::RemoteError>();
    };
    return {std::move(name), "b", [&value] { return dbus::Value(value); }, set};
}

}  // namespace

AdapterObject::AdapterObject(Host& host, Agents& agents, const AdapterSettings& settings)
    : host_(host),
      agents_(agents),
      settings_(settings),
      path_("/org/bluez/" + settings.name),
      alias_("simulated " + settings.name),
      powered_(settings.powered) {
    object_ = host_.serve(path_, interfaces());
}

AdapterObject::~AdapterObject() {
    devices_.clear();
    host_.remove(object_);
}

std::vector<dbus::Interface> AdapterObject::interfaces() {
    dbus::Interface adapter{kAdapter, {}, {}, {}};
    adapter.methods = {
        host_.method("StartDiscovery", "", "", [this](auto call) { startDiscovery(call); }),
        host_.method("StopDiscovery", "", "", [this](auto call) { stopDiscovery(call); }),
        host_.method("SetDiscoveryFilter", "a{sv}", "",
                     [this](auto call) { setDiscoveryFilter(call); }),
        host_.method("GetDiscoveryFilters", "", "as",
                     [](const dbus::Call& call) {
                         call.reply({dbus::stringArray(
                             {"UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData"})});
                     }),
        host_.method("RemoveDevice", "o", "", [this](auto call) { removeDevice(call); })};
    adapter.properties = properties();
    dbus::Interface gatt{"org.bluez.GattManager1", {}, {}, {}};
    gatt.methods = {host_.method("RegisterApplication", "oa{sv}", "",
                                 [this](auto call) { registerApplication(call); }),
                    host_.method("UnregisterApplication", "o", "",
                                 [this](auto call) { unregisterApplication(call); })};
    return {std::move(adapter), std::move(gatt)};
}

std::vector<dbus::Property> AdapterObject::properties() {
    const auto tell = [this](std::string name) {
        return [this, name = std::move(name)] { changed({name}); };
    };
    const auto power = [this] {
        asio::post(host_.clock().loop(), [this, alive = std::weak_ptr(alive_)] {
            if (!alive.expired()) powerChanged();
        });
    };
    return {property("Address", "s", [this] { return settings_.address.text(); }),
            property("AddressType", "s", [] { return "public"; }),
            property("Name", "s", [this] { return alias_; }),
            property("Alias", "s", [this] { return alias_; }),
            property("Class", "u", [] { return std::uint32_t{0x6c0000}; }),
            flag("Powered", powered_, power),
            flag("Discoverable", discoverable_, tell("Discoverable")),
            property("DiscoverableTimeout", "u", [] { return std::uint32_t{180}; }),
            flag("Pairable", pairable_, tell("Pairable")),
            property("PairableTimeout", "u", [] { return std::uint32_t{0}; }),
            property("Discovering", "b", [this] { return isDiscovering(); }),
            property("UUIDs", "as",
                     [] { return dbus::stringArray({Uuid{0x1800}.text(), Uuid{0x1801}.text()}); }),
            property("Modalias", "s", [] { return "usb:v1D6Bp0246d0542"; }),
            property("Roles", "as", [] { return dbus::stringArray({"central", "peripheral"}); })};
}

void AdapterObject::changed(const std::vector<std::string>& names) {
    host_.changed(object_.get(), kAdapter, names);
}

void AdapterObject::startDiscovery(const dbus::Call& call) {
    if (!powered_) return call.fail(notReady());
    if (host_.isKernelScanning()) return call.fail(inProgress());
    if (!discoverers_.insert(call.sender()).second) return call.fail(inProgress());
    if (discoverers_.size() == 1) changed({"Discovering"});
    call.reply();
}

void AdapterObject::stopDiscovery(const dbus::Call& call) {
    if (discoverers_.erase(call.sender()) == 0) return call.fail(failed("No discovery started"));
    if (discoverers_.empty()) discoveryEnded();
    call.reply();
    host_.cured(Cure::restart);
}

/// Devices that cannot be connected to live only as long as somebody discovers.
void AdapterObject::discoveryEnded() {
    changed({"Discovering"});
    for (auto& [device, object] : devices_) object->discoveryStopped();
    std::erase_if(devices_, [](const auto& entry) {
        return entry.second->isTemporary() && !entry.first->settings().advertise.connectable;
    });
}

void AdapterObject::setDiscoveryFilter(const dbus::Call& call) {
    const auto wanted = dbus::toProperties(call.arguments().at(0));
    if (!wanted) return call.fail(invalidArguments());
    Filter filter;
    if (const auto uuids = wanted->find("UUIDs"); uuids != wanted->end()) {
        for (const auto& text : dbus::toTexts(uuids->second)) {
            const auto uuid = Uuid::parse(text);
            if (!uuid) return call.fail(invalidArguments());
            filter.services.push_back(*uuid);
        }
    }
    filter.weakest = dbus::property<std::int16_t>(*wanted, "RSSI");
    filter.duplicateData = dbus::property<bool>(*wanted, "DuplicateData").value_or(false);
    filters_[call.sender()] = std::move(filter);
    call.reply();
    if (wanted->empty()) host_.cured(Cure::newSession);
}

bool AdapterObject::isWanted(const Device& device) const {
    const auto services = device.advertisedServices();
    const auto offers = [&](const Uuid& wanted) {
        return std::ranges::find(services, wanted) != services.end();
    };
    return std::ranges::any_of(discoverers_, [&](const std::string& client) {
        const auto found = filters_.find(client);
        if (found == filters_.end()) return true;
        const auto& filter = found->second;
        if (filter.weakest && device.signalDbm() - settings_.attenuationDb < *filter.weakest)
            return false;
        return filter.services.empty() || std::ranges::any_of(filter.services, offers);
    });
}

bool AdapterObject::wantsDuplicates() const {
    return std::ranges::any_of(discoverers_, [this](const std::string& client) {
        const auto found = filters_.find(client);
        return found != filters_.end() && found->second.duplicateData;
    });
}

void AdapterObject::advertised(Device& device) {
    if (!powered_) return;
    auto* known = find(device);
    if (known) known->advertised();
    if (!isDiscovering() || host_.isFrozen(Freeze::discovery) || !isWanted(device)) return;
    if (known) return known->heard(wantsDuplicates());
    DeviceObject::Parent parent{path_, settings_.attenuationDb, [this] { return powered_; },
                                [this](const auto& services) { return connectsByItself(services); },
                                [this](DeviceObject& gone) { devices_.erase(&gone.device()); }};
    devices_[&device] = std::make_unique<DeviceObject>(host_, agents_, device, std::move(parent));
}

DeviceObject* AdapterObject::find(const Device& device) const {
    const auto found = devices_.find(&device);
    return found == devices_.end() ? nullptr : found->second.get();
}

DeviceObject* AdapterObject::connected(const Device& device) const {
    auto* object = find(device);
    return object && object->hasLink() ? object : nullptr;
}

void AdapterObject::removeDevice(const dbus::Call& call) {
    const auto& path = call.arguments().at(0).get<dbus::ObjectPath>()->text;
    const auto found = std::ranges::find_if(
        devices_, [&](const auto& entry) { return entry.second->path() == path; });
    if (found == devices_.end()) return call.fail(doesNotExist());
    found->second->dropLink("by-hub");
    devices_.erase(found);
    call.reply();
}

/// BlueZ asks the client for its objects; here only the profiles among them matter.
void AdapterObject::registerApplication(const dbus::Call& call) {
    if (profiles_.contains(call.sender())) return call.fail(alreadyExists());
    dbus::Request request{call.sender(),
                          call.arguments().at(0).get<dbus::ObjectPath>()->text,
                          "org.freedesktop.DBus.ObjectManager",
                          "GetManagedObjects",
                          {}};
    host_.connection().call(
        std::move(request), kListLimit,
        [this, call, alive = std::weak_ptr(alive_)](const dbus::Reply& objects) {
            if (!alive.expired()) applicationListed(call, objects);
        });
}

void AdapterObject::applicationListed(const dbus::Call& call, const dbus::Reply& objects) {
    const auto listed =
        objects && !objects->empty() ? dbus::toProperties(objects->front()) : std::nullopt;
    std::vector<Uuid> services;
    for (const auto& [path, interfaces] : listed.value_or(dbus::Properties())) {
        const auto named = dbus::toProperties(interfaces).value_or(dbus::Properties());
        const auto profile = named.find("org.bluez.GattProfile1");
        if (profile == named.end()) continue;
        const auto values = dbus::toProperties(profile->second).value_or(dbus::Properties());
        const auto uuids = values.find("UUIDs");
        if (uuids == values.end()) continue;
        for (const auto& text : dbus::toTexts(uuids->second)) {
            if (const auto uuid = Uuid::parse(text)) services.push_back(*uuid);
        }
    }
    if (services.empty()) return call.fail(failed("No object received"));
    profiles_[call.sender()] = std::move(services);
    call.reply();
}

void AdapterObject::unregisterApplication(const dbus::Call& call) {
    if (profiles_.erase(call.sender()) == 0) return call.fail(doesNotExist());
    call.reply();
}

bool AdapterObject::connectsByItself(const std::vector<Uuid>& services) const {
    return powered_ && std::ranges::any_of(profiles_, [&services](const auto& entry) {
               return std::ranges::find_first_of(services, entry.second) != services.end();
           });
}

void AdapterObject::loseLinks() {
    for (auto& [device, object] : devices_) object->dropLink("link-lost");
}

void AdapterObject::powerChanged() {
    if (!powered_) {
        loseLinks();
        if (!std::exchange(discoverers_, {}).empty()) discoveryEnded();
        filters_.clear();
        host_.cured(Cure::powerCycle);
    }
    changed({"Powered"});
}

void AdapterObject::clientVanished(const std::string& client) {
    filters_.erase(client);
    profiles_.erase(client);
    if (discoverers_.erase(client) > 0 && discoverers_.empty()) discoveryEnded();
    for (auto& [device, object] : devices_) object->clientVanished(client);
}

}  // namespace vitalgate::simulator::bluez
