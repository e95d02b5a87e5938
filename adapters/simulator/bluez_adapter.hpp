#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/simulator/bluez_device.hpp"

namespace vitalgate::simulator::bluez {

/// org.bluez.Adapter1 of one controller, and the devices that it knows.
class AdapterObject {
  public:
    /// All must outlive this.
    AdapterObject(Host& host, Agents& agents, const AdapterSettings& settings);
    ~AdapterObject();

    [[nodiscard]] const std::string& name() const { return settings_.name; }
    /// A packet of a device is on the air.
    void advertised(Device& device);
    /// The object of a device; null if this adapter does not know it.
    [[nodiscard]] DeviceObject* find(const Device& device) const;
    /// The object of a device that is connected through this adapter; null if there is none.
    [[nodiscard]] DeviceObject* connected(const Device& device) const;
    void clientVanished(const std::string& client);
    /// It is switched off, or unplugged.
    void loseLinks();

  private:
    /// What one client wants to hear of.
    struct Filter {
        std::vector<Uuid> services;
        std::optional<std::int16_t> weakest;
        bool duplicateData = false;
    };

    std::vector<dbus::Interface> interfaces();
    std::vector<dbus::Property> properties();
    void startDiscovery(const dbus::Call& call);
    void stopDiscovery(const dbus::Call& call);
    void setDiscoveryFilter(const dbus::Call& call);
    void removeDevice(const dbus::Call& call);
    void registerApplication(const dbus::Call& call);
    void applicationListed(const dbus::Call& call, const dbus::Reply& objects);
    void unregisterApplication(const dbus::Call& call);
    [[nodiscard]] bool connectsByItself(const std::vector<Uuid>& services) const;
    void discoveryEnded();
    void powerChanged();
    [[nodiscard]] bool isDiscovering() const { return !discoverers_.empty(); }
    [[nodiscard]] bool isWanted(const Device& device) const;
    [[nodiscard]] bool wantsDuplicates() const;
    void changed(const std::vector<std::string>& names);

    Host& host_;
    Agents& agents_;
    AdapterSettings settings_;
    std::string path_;
    std::string alias_;
    bool powered_;
    bool pairable_ = true;
    bool discoverable_ = false;
    std::map<std::string, Filter> filters_;              ///< by client
    std::set<std::string> discoverers_;                  ///< clients
    std::map<std::string, std::vector<Uuid>> profiles_;  ///< services, by client
    std::unique_ptr<dbus::ExportedObject> object_;
    std::map<const Device*, std::unique_ptr<DeviceObject>> devices_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::simulator::bluez
