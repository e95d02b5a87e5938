#pragma once

#include <cstdint>
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
/// kept.
class ObjectTree {
  public:
    /// Above it objects are left out: a crowd of strangers must not fill the memory.
    static constexpr std::size_t kMaxObjects = 4096;

    /// The reply of GetManagedObjects; replaces all. ErrorKind::malformed if it is none.
    Status load(const dbus::Values& reply);
    void clear() { objects_.clear(); }
    /// InterfacesAdded, InterfacesRemoved or PropertiesChanged; other signals change nothing.
    std::vector<Change> apply(const dbus::Signal& signal);

    /// Null if the object has no such interface.
    [[nodiscard]] const dbus::Properties* find(std::string_view path,
                                               std::string_view interface) const;
    /// Objects below `parent` that have the interface, in order of their paths.
    [[nodiscard]] std::vector<std::string> paths(std::string_view interface,
                                                 std::string_view parent = "") const;
    [[nodiscard]] std::size_t size() const { return objects_.size(); }
    [[nodiscard]] std::uint64_t leftOut() const { return leftOut_; }

  private:
    using Interfaces = std::map<std::string, dbus::Properties, std::less<>>;

    void add(const std::string& path, const dbus::Value& interfaces, std::vector<Change>& changes);
    void remove(const std::string& path, const std::vector<std::string>& interfaces,
                std::vector<Change>& changes);
    void change(const dbus::Signal& signal, std::vector<Change>& changes);

    std::map<std::string, Interfaces, std::less<>> objects_;
    std::uint64_t leftOut_ = 0;
};

struct AdapterView {
    std::string path;
    std::string name;  ///< "hci0"
    std::optional<BluetoothAddress> address;
    bool powered = false;
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
