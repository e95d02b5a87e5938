#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/simulator/bluez_host.hpp"
#include "adapters/simulator/device.hpp"

namespace vitalgate::simulator::bluez {

/// What the GATT objects need of the device object above them.
class GattOwner {
  public:
    virtual ~GattOwner() = default;
    [[nodiscard]] virtual bool hasLink() const = 0;
    /// Runs `operation` after one exchange on the air, if the link is still the same then, and
    /// pairs first where the device asks for it and BlueZ would; `operation` gives the error of the
    /// device, if any, and `done` runs with the last one.
    using Operation = std::function<std::optional<AttError>()>;
    using Done = std::function<void(std::optional<dbus::RemoteError>)>;
    virtual void exchange(const std::string& client, Operation operation, Done done) = 0;
};

/// The GATT objects of one device, from its database: services, characteristics and their
/// configuration descriptors, under the paths that BlueZ gives them.
class GattObjects {
  public:
    GattObjects(Host& host, GattOwner& owner, Device& device, std::string devicePath);
    ~GattObjects();

    /// A notification or an indication has arrived. Tells every client that listens, then asks
    /// each whether it has read it: `read` runs once, at the first answer.
    void arrived(const Characteristic& characteristic, const Bytes& value,
                 std::function<void()> read);
    /// Subscribes again on a new link for the clients that did before, as BlueZ does.
    void rearm();
    void clientVanished(const std::string& client);

  private:
    struct Entry {
        const Characteristic* characteristic = nullptr;
        std::string path;
        std::unique_ptr<dbus::ExportedObject> object;
        Bytes value;
        std::set<std::string> listeners;
    };

    /// Values that were sent to a client, each with what is to run when it has read it.
    struct Unread {
        std::vector<std::shared_ptr<std::function<void()>>> sent;
        bool isAsked = false;  ///< a ping for earlier ones is under way
    };

    void serveService(const Service& service);
    void serveCharacteristic(const std::string& servicePath, const Characteristic& characteristic);
    void serveDescriptor(const Entry& entry);
    void read(Entry& entry, const dbus::Call& call);
    void write(Entry& entry, const dbus::Call& call);
    void startNotify(Entry& entry, const dbus::Call& call);
    void stopNotify(Entry& entry, const dbus::Call& call);
    void setValue(Entry& entry, Bytes value);
    void removeListener(Entry& entry, const std::string& client);
    void ping(const std::string& client);

    Host& host_;
    GattOwner& owner_;
    Device& device_;
    std::string devicePath_;
    std::vector<std::unique_ptr<dbus::ExportedObject>> others_;  ///< services and descriptors
    std::vector<std::unique_ptr<Entry>> entries_;
    std::map<std::string, Unread> unread_;  ///< by client
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::simulator::bluez
