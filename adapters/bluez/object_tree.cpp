#include "adapters/bluez/object_tree.hpp"

#include <algorithm>
#include <array>

#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

constexpr std::array<std::string_view, 5> kKept = {kAdapter1, kDevice1, kGattService1,
                                                   kGattCharacteristic1, kAgentManager1};

bool isKept(std::string_view interface) {
    return std::ranges::find(kKept, interface) != kKept.end();
}

template <class T>
const T* argument(const dbus::Signal& signal, std::size_t index) {
    return index < signal.arguments.size() ? signal.arguments[index].get<T>() : nullptr;
}

std::string_view parentOf(std::string_view path) {
    return path.substr(0, path.rfind('/'));
}

bool isSet(const dbus::Properties& properties, std::string_view name) {
    return dbus::property<bool>(properties, name).value_or(false);
}

std::string pathOf(const dbus::Properties& properties, std::string_view name,
                   std::string_view otherwise) {
    const auto path = dbus::property<dbus::ObjectPath>(properties, name);
    return path ? path->text : std::string(otherwise);
}

std::vector<std::string> textsOf(const dbus::Properties& properties, std::string_view name) {
    const auto found = properties.find(name);
    return found == properties.end() ? std::vector<std::string>() : dbus::toTexts(found->second);
}

template <class T>
std::optional<T> parsed(const dbus::Properties& properties, std::string_view name) {
    const auto text = dbus::property<std::string>(properties, name);
    if (!text) return std::nullopt;
    const auto value = T::parse(*text);
    return value ? std::optional<T>(*value) : std::nullopt;
}

std::optional<session::Characteristic> characteristic(const dbus::Properties& properties,
                                                      const std::string& path) {
    const auto uuid = parsed<Uuid>(properties, "UUID");
    if (!uuid) return std::nullopt;
    session::Characteristic found;
    found.uuid = *uuid;
    found.handle = path;
    const auto flags = textsOf(properties, "Flags");
    const auto has = [&flags](std::string_view flag) {
        return std::ranges::find(flags, flag) != flags.end();
    };
    found.canRead = has("read");
    found.canWrite = has("write") || has("write-without-response");
    found.canNotify = has("notify");
    found.canIndicate = has("indicate");
    return found;
}

}  // namespace

bool isBelow(std::string_view path, std::string_view parent) {
    return path.size() > parent.size() && path.starts_with(parent) && path[parent.size()] == '/';
}

/// "/org/bluez/hci0/dev_…" of a service or characteristic below it; empty for any other path.
std::string_view deviceOf(std::string_view path) {
    const auto device = path.find("/dev_");
    const auto end = device == std::string_view::npos ? device : path.find('/', device + 1);
    return end == std::string_view::npos ? std::string_view() : path.substr(0, end);
}

void ObjectTree::clear() {
    objects_.clear();
    strangers_.clear();
    places_.clear();
}

bool ObjectTree::isStranger(const Interfaces& interfaces) const {
    const auto device = interfaces.find(kDevice1);
    if (device == interfaces.end()) return false;
    const auto address = parsed<BluetoothAddress>(device->second, "Address");
    return !address || !isOurs_(*address);
}

/// What is below a device is kept if that is one of ours.
bool ObjectTree::hasRoom(const std::string& path, const Interfaces& interfaces) {
    const auto device = deviceOf(path);
    if (!device.empty() && (!objects_.contains(device) || places_.contains(device))) return false;
    if (objects_.contains(path)) return true;
    if (isStranger(interfaces)) {
        if (strangers_.size() >= kMaxStrangers) forget(std::string(strangers_.front()));
        return true;
    }
    return objects_.size() - strangers_.size() < kMaxObjects;
}

void ObjectTree::heard(const std::string& path) {
    const auto place = places_.find(path);
    const bool stranger = isStranger(objects_.at(path));
    if (place != places_.end()) {
        strangers_.erase(place->second);
        places_.erase(place);
    }
    if (stranger) places_[path] = strangers_.insert(strangers_.end(), path);
}

void ObjectTree::forget(const std::string& path) {
    if (const auto place = places_.extract(path)) strangers_.erase(place.mapped());
    objects_.erase(path);
}

Status ObjectTree::load(const dbus::Values& reply) {
    clear();
    const auto objects = reply.empty() ? std::nullopt : dbus::toProperties(reply.front());
    if (!objects) return fail(ErrorKind::malformed, "BlueZ's list of objects is not one");
    std::vector<Change> ignored;
    for (const auto& [path, interfaces] : *objects) add(path, interfaces, ignored);
    return {};
}

std::vector<Change> ObjectTree::apply(const dbus::Signal& signal) {
    std::vector<Change> changes;
    if (signal.interface == kObjectManager && signal.member == "InterfacesAdded") {
        const auto* path = argument<dbus::ObjectPath>(signal, 0);
        if (path != nullptr && signal.arguments.size() > 1) {
            add(path->text, signal.arguments[1], changes);
        } else {
            ++leftOut_;
        }
    } else if (signal.interface == kObjectManager && signal.member == "InterfacesRemoved") {
        const auto* path = argument<dbus::ObjectPath>(signal, 0);
        if (path != nullptr && signal.arguments.size() > 1) {
            remove(path->text, dbus::toTexts(signal.arguments[1]), changes);
        } else {
            ++leftOut_;
        }
    } else if (signal.interface == kProperties && signal.member == "PropertiesChanged") {
        change(signal, changes);
    }
    return changes;
}

void ObjectTree::add(const std::string& path, const dbus::Value& value,
                     std::vector<Change>& changes) {
    const auto listed = dbus::toProperties(value);
    Interfaces interfaces;
    for (const auto& [name, content] : listed.value_or(dbus::Properties())) {
        if (!isKept(name)) continue;
        auto properties = dbus::toProperties(content);
        if (!properties) {
            ++leftOut_;
            continue;
        }
        properties->erase("Value");
        interfaces.emplace(name, std::move(*properties));
    }
    if (!listed || (!interfaces.empty() && !hasRoom(path, interfaces))) {
        ++leftOut_;
        return;
    }
    if (interfaces.empty()) return;
    for (auto& [name, properties] : interfaces) {
        objects_[path].insert_or_assign(name, properties);
        changes.push_back({Change::Kind::added, path, name, std::move(properties), {}});
    }
    heard(path);
}

void ObjectTree::remove(const std::string& path, const std::vector<std::string>& interfaces,
                        std::vector<Change>& changes) {
    const auto found = objects_.find(path);
    if (found == objects_.end()) return;
    for (const auto& name : interfaces) {
        if (found->second.erase(name) > 0)
            changes.push_back({Change::Kind::removed, path, name, {}, {}});
    }
    if (found->second.empty()) forget(path);
}

void ObjectTree::change(const dbus::Signal& signal, std::vector<Change>& changes) {
    const auto* interface = argument<std::string>(signal, 0);
    auto properties =
        signal.arguments.size() > 1 ? dbus::toProperties(signal.arguments[1]) : std::nullopt;
    if (interface == nullptr || !properties) {
        ++leftOut_;
        return;
    }
    const auto object = objects_.find(signal.path);
    if (object == objects_.end()) {
        ++leftOut_;
        if (*interface == kDevice1)  // a stranger who is not kept
            changes.push_back(
                {Change::Kind::changed, signal.path, *interface, std::move(*properties), {}});
        return;
    }
    const auto found = object->second.find(*interface);
    if (found == object->second.end()) return;
    if (places_.contains(signal.path)) heard(signal.path);
    Change change{Change::Kind::changed, signal.path, *interface, std::move(*properties), {}};
    if (signal.arguments.size() > 2) change.invalidated = dbus::toTexts(signal.arguments[2]);
    for (const auto& [name, value] : change.properties) {
        if (name != "Value") found->second.insert_or_assign(name, value);
    }
    for (const auto& name : change.invalidated) found->second.erase(name);
    changes.push_back(std::move(change));
}

const dbus::Properties* ObjectTree::find(std::string_view path, std::string_view interface) const {
    const auto object = objects_.find(path);
    if (object == objects_.end()) return nullptr;
    const auto found = object->second.find(interface);
    return found == object->second.end() ? nullptr : &found->second;
}

std::vector<std::string> ObjectTree::paths(std::string_view interface,
                                           std::string_view parent) const {
    std::vector<std::string> found;
    for (auto object = objects_.lower_bound(parent); object != objects_.end(); ++object) {
        if (!object->first.starts_with(parent)) break;
        if (!parent.empty() && !isBelow(object->first, parent)) continue;
        if (object->second.contains(interface)) found.push_back(object->first);
    }
    return found;
}

std::optional<AdapterView> adapterView(const ObjectTree& tree, const std::string& path) {
    const auto* properties = tree.find(path, kAdapter1);
    if (properties == nullptr) return std::nullopt;
    return AdapterView{path, path.substr(path.rfind('/') + 1),
                       parsed<BluetoothAddress>(*properties, "Address"),
                       isSet(*properties, "Powered")};
}

std::optional<DeviceView> deviceView(const ObjectTree& tree, const std::string& path) {
    const auto* properties = tree.find(path, kDevice1);
    if (properties == nullptr) return std::nullopt;
    const auto address = parsed<BluetoothAddress>(*properties, "Address");
    if (!address) return std::nullopt;
    DeviceView view;
    view.path = path;
    view.adapter = pathOf(*properties, "Adapter", parentOf(path));
    view.address = *address;
    view.name = dbus::property<std::string>(*properties, "Name").value_or("");
    view.connected = isSet(*properties, "Connected");
    view.paired = isSet(*properties, "Paired");
    view.servicesResolved = isSet(*properties, "ServicesResolved");
    if (const auto rssi = dbus::property<std::int16_t>(*properties, "RSSI")) view.rssiDbm = *rssi;
    for (const auto& text : textsOf(*properties, "UUIDs")) {
        if (const auto uuid = Uuid::parse(text)) view.services.push_back(*uuid);
    }
    return view;
}

session::GattDatabase gattDatabase(const ObjectTree& tree, const std::string& device) {
    session::GattDatabase database;
    std::map<std::string, std::size_t> places;
    for (const auto& path : tree.paths(kGattService1, device)) {
        const auto uuid = parsed<Uuid>(*tree.find(path, kGattService1), "UUID");
        if (!uuid) continue;
        places[path] = database.size();
        database.push_back({*uuid, {}});
    }
    for (const auto& path : tree.paths(kGattCharacteristic1, device)) {
        const auto* properties = tree.find(path, kGattCharacteristic1);
        const auto service = places.find(pathOf(*properties, "Service", parentOf(path)));
        const auto found = characteristic(*properties, path);
        if (found && service != places.end())
            database[service->second].characteristics.push_back(*found);
    }
    return database;
}

}  // namespace vitalgate::bluez
