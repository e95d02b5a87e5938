#include "adapters/simulator/bluez_agents.hpp"

#include <algorithm>
#include <array>

#include "adapters/simulator/bluez_errors.hpp"

namespace vitalgate::simulator::bluez {

namespace {

constexpr auto kAgentLimit = std::chrono::seconds{60};
constexpr auto kCancelLimit = std::chrono::seconds{5};
constexpr std::array<std::string_view, 6> kCapabilities{
    "", "DisplayOnly", "DisplayYesNo", "KeyboardOnly", "NoInputNoOutput", "KeyboardDisplay"};

bool canType(std::string_view capability) {
    return capability.empty() || capability.starts_with("Keyboard");
}

}  // namespace

Agents::Agents(Host& host) : host_(host) {
    dbus::Interface manager{"org.bluez.AgentManager1", {}, {}, {}};
    manager.methods = {
        host.method("RegisterAgent", "os", "", [this](auto call) { registerAgent(call); }),
        host.method("UnregisterAgent", "o", "", [this](auto call) { unregisterAgent(call); }),
        host.method("RequestDefaultAgent", "o", "", [this](auto call) { requestDefault(call); })};
    object_ = host.serve("/org/bluez", {std::move(manager)});
}

const Agents::Agent* Agents::find(const std::string& client) const {
    const auto found = std::ranges::find(agents_, client, &Agent::client);
    return found == agents_.end() ? nullptr : &*found;
}

const Agents::Agent* Agents::agentFor(const std::string& client) const {
    const auto* own = find(client);
    return own ? own : find(defaultClient_);
}

void Agents::registerAgent(const dbus::Call& call) {
    const auto* path = call.arguments().at(0).get<dbus::ObjectPath>();
    const auto* capability = call.arguments().at(1).get<std::string>();
    if (std::ranges::find(kCapabilities, *capability) == kCapabilities.end()) {
        return call.fail(invalidArguments());
    }
    if (find(call.sender())) return call.fail(alreadyExists());
    agents_.push_back({call.sender(), path->text, *capability});
    call.reply();
}

void Agents::unregisterAgent(const dbus::Call& call) {
    const auto* own = find(call.sender());
    const auto* path = call.arguments().at(0).get<dbus::ObjectPath>();
    if (!own || own->path != path->text) return call.fail(doesNotExist());
    clientVanished(call.sender());
    call.reply();
}

void Agents::requestDefault(const dbus::Call& call) {
    const auto* own = find(call.sender());
    const auto* path = call.arguments().at(0).get<dbus::ObjectPath>();
    if (!own || own->path != path->text) return call.fail(doesNotExist());
    defaultClient_ = call.sender();
    call.reply();
}

void Agents::clientVanished(const std::string& client) {
    std::erase_if(agents_, [&](const Agent& agent) { return agent.client == client; });
    if (defaultClient_ == client) defaultClient_.clear();
}

void Agents::requestPasskey(const std::string& client, const std::string& devicePath,
                            std::function<void(std::optional<std::uint32_t>)> done) {
    const auto* agent = agentFor(client);
    if (!agent || !canType(agent->capability)) return done(std::nullopt);
    ask(*agent, "RequestPasskey", devicePath, [done](const dbus::Reply& reply) {
        const auto* passkey =
            reply && reply->size() == 1 ? reply->front().get<std::uint32_t>() : nullptr;
        done(passkey ? std::optional(*passkey) : std::nullopt);
    });
}

void Agents::requestAuthorization(const std::string& client, const std::string& devicePath,
                                  std::function<void(bool)> done) {
    const auto* agent = agentFor(client);
    if (!agent) return done(false);
    ask(*agent, "RequestAuthorization", devicePath,
        [done](const dbus::Reply& reply) { done(reply.has_value()); });
}

void Agents::ask(const Agent& agent, const char* method, const std::string& devicePath,
                 std::function<void(const dbus::Reply&)> done) {
    dbus::Request request{
        agent.client, agent.path, "org.bluez.Agent1", method, {dbus::ObjectPath{devicePath}}};
    const auto handler = [done, alive = std::weak_ptr(alive_)](const dbus::Reply& reply) {
        if (!alive.expired()) done(reply);
    };
    host_.connection().call(std::move(request), kAgentLimit, handler);
}

void Agents::cancel(const std::string& client) {
    const auto* agent = agentFor(client);
    if (!agent) return;
    dbus::Request request{agent->client, agent->path, "org.bluez.Agent1", "Cancel", {}};
    host_.connection().call(std::move(request), kCancelLimit, [](const dbus::Reply&) {});
}

}  // namespace vitalgate::simulator::bluez
