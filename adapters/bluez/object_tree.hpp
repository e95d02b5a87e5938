#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/session/gatt_link.hpp"
#include "gateway/base/error.hpp"
#include "gateway/dbus/connection.hpp"
#include "gateway/dbus/value.hpp"

namespace vitalgate::bluez {

/// One interface of one object came, went, or has new property values.
struct Change {
    enum class Kind { added, removed, changed };
    Kind kind = Kind::changed;
    std::string path;
    std::string interface;
    dbus::Properties properties;  ///< added: all of them; changed: the new values
    std::vector<std::string> invalidated;
};

/// BlueZ's objects as its object manager tells them: adapters, devices, services, characteristics
/// and the agent manager; others are of no use here. What does not have the documented form is
/// left out and counted, whatever it is. Values of characteristics go by in a Change, and are not
/// kept. Of strangers only the newest are kept, and nothing below them: a crowd must neither fill
/// the memory nor hide the devices that are served. What a stranger advertises is told all the
/// same.
class ObjectTree {
  public:
    /// Above it objects are left out.
    static constexpr std::size_t kMaxObjects = 4096;
    /// Of these the one that was heard longest ago makes room for a new one.
    static constexpr std::size_t kMaxStrangers = 256;

    using IsOurs = std::function<bool(const BluetoothAddress&)>;
    /// A device that is not ours may become it at any time.
    explicit ObjectTree(IsOurs isOurs = [](const BluetoothAddress&) { return true; })
        : isOurs_(std::move(isOurs)) {}

    /// The reply of GetManagedObjects; replaces all. ErrorKind::malformed if it is none.
    Status load(const dbus::Values& reply);
    void clear();
    /// InterfacesAdded, InterfacesRemoved or PropertiesChanged; other signals change nothing.
    std::vector<Change> apply(const dbus::Signal& signal);

    /// Null if the object has no such interface.
    [[nodiscard]] const dbus::Properties* find(std::string_view path,
                                               std::string_view interface) const;
    /// Objects below `parent` that have the interface, in order of their paths.
    [[nodiscard]] std::vector<std::string> paths(std::string_view interface,
                                                 std::string_view parent = "") const;
    [[nodiscard]] std::size_t size() const { return objects_.size(); }
    [[nodiscard]] std::size_t strangers() const { return strangers_.size(); }
    [[nodiscard]] std::uint64_t leftOut() const { return leftOut_; }

  private:
    using Interfaces = std::map<std::string, dbus::Properties, std::less<>>;

    void add(const std::string& path, const dbus::Value& interfaces, std::vector<Change>& changes);
    void remove(const std::string& path, const std::vector<std::string>& interfaces,
                std::vector<Change>& changes);
    void change(const dbus::Signal& signal, std::vector<Change>& changes);

    [[nodiscard]] bool hasRoom(const std::string& path, const Interfaces& interfaces);
    [[nodiscard]] bool isStranger(const Interfaces& interfaces) const;
    void heard(const std::string& path);
    void forget(const std::string& path);

    IsOurs isOurs_;
    std::map<std::string, Interfaces, std::less<>> objects_;
    std::list<std::string> strangers_;  ///< paths, the one heard last at the end
    std::map<std::string, std::list<std::string>::iterator, std::less<>> places_;
    std::uint64_t leftOut_ = 0;
};

struct AdapterView {
    std::string path;
    std::string name;  ///< "hci0"
    std::optional<BluetoothAddress> address;
    bool powered = false;

    /// What it is known by wherever it is plugged in: its address, or its name if it tells none.
    [[nodiscard]] std::string key() const { return address ? address->text() : name; }
};

/// A device as far as BlueZ tells it; what is missing or of another type reads as absent.
struct DeviceView {
    std::string path;
    std::string adapter;  ///< path
    BluetoothAddress address;
    std::string name;  ///< as the device advertises it: hostile text
    bool connected = false;
    bool paired = false;
    bool servicesResolved = false;
    std::optional<int> rssiDbm;  ///< only while it advertises
    std::vector<Uuid> services;  ///< advertised, or known from before
};

/// Nothing if there is no such object.
std::optional<AdapterView> adapterView(const ObjectTree& tree, const std::string& path);
/// Nothing if there is no such object, or it has no valid address.
std::optional<DeviceView> deviceView(const ObjectTree& tree, const std::string& path);
/// The services below a device that have a valid UUID, each with its characteristics.
session::GattDatabase gattDatabase(const ObjectTree& tree, const std::string& device);

/// "/org/bluez/hci0/dev_…/service0010/char0011" lies below "/org/bluez/hci0/dev_…".
bool isBelow(std::string_view path, std::string_view parent);

}  // namespace vitalgate::bluez
