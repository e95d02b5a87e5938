#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/simulator/scenario.hpp"
#include "gateway/dbus/connection.hpp"

namespace vitalgate::simulator::peripheral {

/// BlueZ's pairing agent for a device (org.bluez.Agent1): agrees to whoever pairs with the
/// controller, types the passkey that is printed on the device, or rejects, as the scenario says.
/// What concerns another controller is rejected.
class PairingAgent {
  public:
    static inline const std::string kPath = "/vitalgate/agent";

    /// `asked` runs with each request that concerns the device, before it is answered.
    PairingAgent(dbus::Connection& connection, const PairingSettings& settings,
                 const std::string& adapterPath, std::function<void()> asked);

    Status serve();
    /// For AgentManager1.RegisterAgent.
    [[nodiscard]] std::string capability() const;

  private:
    std::vector<dbus::Method> methods();
    void agree(const dbus::Call& call);
    void type(const dbus::Call& call);
    [[nodiscard]] bool isOurs(const dbus::Call& call) const;

    dbus::Connection& connection_;
    const PairingSettings& settings_;
    std::string peers_;  ///< what the paths of our peers begin with
    std::function<void()> asked_;
    std::unique_ptr<dbus::ExportedObject> object_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::simulator::peripheral
