#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/simulator/bluez_host.hpp"

namespace vitalgate::simulator::bluez {

/// org.bluez.AgentManager1: who may be asked for a passkey.
class Agents {
  public:
    explicit Agents(Host& host);

    /// Asks for a passkey: the agent of `client` first, else the default one. Nothing is given if
    /// there is no agent, if it cannot type, or if it refuses. `done` runs once, perhaps
    /// at once, but not after this has gone.
    void requestPasskey(const std::string& client, const std::string& devicePath,
                        std::function<void(std::optional<std::uint32_t>)> done);
    /// Asks whether a device that has begun a pairing without a passkey may: likewise.
    void requestAuthorization(const std::string& client, const std::string& devicePath,
                              std::function<void(bool)> done);
    /// The pairing that the agent was asked for is over.
    void cancel(const std::string& client);
    void clientVanished(const std::string& client);

  private:
    struct Agent {
        std::string client;
        std::string path;
        std::string capability;
    };

    void ask(const Agent& agent, const char* method, const std::string& devicePath,
             std::function<void(const dbus::Reply&)> done);
    void registerAgent(const dbus::Call& call);
    void unregisterAgent(const dbus::Call& call);
    void requestDefault(const dbus::Call& call);
    [[nodiscard]] const Agent* find(const std::string& client) const;
    [[nodiscard]] const Agent* agentFor(const std::string& client) const;

    Host& host_;
    std::unique_ptr<dbus::ExportedObject> object_;
    std::vector<Agent> agents_;
    std::string defaultClient_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::simulator::bluez
