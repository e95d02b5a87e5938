#include "adapters/simulator/peripheral_agent.hpp"

#include "adapters/simulator/peripheral_stack.hpp"

namespace vitalgate::simulator::peripheral {

namespace {

void reject(const dbus::Call& call) {
    call.fail({"org.bluez.Error.Rejected", "Rejected"});
}

void take(const dbus::Call& call) {
    call.reply();
}

}  // namespace

PairingAgent::PairingAgent(dbus::Connection& connection, const PairingSettings& settings,
                           const std::string& adapterPath, std::function<void()> asked)
    : connection_(connection),
      settings_(settings),
      peers_(adapterPath + "/dev_"),
      asked_(std::move(asked)) {}

std::string PairingAgent::capability() const {
    return settings_.demand == PairingDemand::passkey ? "KeyboardOnly" : "NoInputNoOutput";
}

Status PairingAgent::serve() {
    dbus::Interface interface{"org.bluez.Agent1", methods(), {}, {}};
    auto object = connection_.exportObject(kPath, {std::move(interface)});
    if (!object) return std::unexpected(object.error());
    object_ = std::move(*object);
    return {};
}

std::vector<dbus::Method> PairingAgent::methods() {
    const auto agrees = whileAlive(alive_, [this](const dbus::Call& call) { agree(call); });
    const auto types = whileAlive(alive_, [this](const dbus::Call& call) { type(call); });
    return {{"Release", "", "", take},
            {"Cancel", "", "", take},
            {"RequestPasskey", "o", "u", types},
            {"RequestConfirmation", "ou", "", agrees},
            {"RequestAuthorization", "o", "", agrees},
            {"AuthorizeService", "os", "", reject},
            {"RequestPinCode", "o", "s", reject},
            {"DisplayPinCode", "os", "", reject},
            {"DisplayPasskey", "ouq", "", reject}};
}

bool PairingAgent::isOurs(const dbus::Call& call) const {
    return call.arguments().at(0).get<dbus::ObjectPath>()->text.starts_with(peers_);
}

void PairingAgent::agree(const dbus::Call& call) {
    if (!isOurs(call)) return reject(call);
    asked_();
    if (settings_.demand != PairingDemand::justWorks) return reject(call);
    call.reply();
}

void PairingAgent::type(const dbus::Call& call) {
    if (!isOurs(call)) return reject(call);
    asked_();
    if (settings_.demand != PairingDemand::passkey) return reject(call);
    call.reply({settings_.passkey});
}

}  // namespace vitalgate::simulator::peripheral
