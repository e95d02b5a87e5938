#include "adapters/bluez/pairing.hpp"

#include <array>

#include "adapters/bluez/errors.hpp"
#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

constexpr const char* kAgentPath = "/org/vitalgate/agent";
constexpr Duration kRegisterLimit = std::chrono::seconds{5};

struct AgentMethod {
    const char* name;
    const char* in;
    const char* out;
    bool mayAgree;  ///< RequestAuthorization is how BlueZ asks about pairing without a passkey
};

constexpr auto kMethods = std::to_array<AgentMethod>({
    {"RequestPinCode", "o", "s", false},
    {"DisplayPinCode", "os", "", false},
    {"RequestPasskey", "o", "u", false},
    {"DisplayPasskey", "ouq", "", false},
    {"RequestConfirmation", "ou", "", false},
    {"RequestAuthorization", "o", "", true},
    {"AuthorizeService", "os", "", false},
});

}  // namespace

PairingAgent::PairingAgent(PairingPolicy policy, Duration window, Clock& clock, Log log,
                           std::function<void(const std::string&)> refused)
    : policy_(policy),
      window_(window),
      clock_(clock),
      log_(std::move(log)),
      refused_(std::move(refused)) {}

bool PairingAgent::openWindow(const std::string& device) {
    if (policy_ == PairingPolicy::never) return false;
    device_ = device;
    until_ = clock_.steady() + window_;
    return true;
}

bool PairingAgent::isOpenFor(const std::string& device) const {
    return !device_.empty() && device == device_ && clock_.steady() < until_;
}

void PairingAgent::answer(const dbus::Call& call, bool mayAgree) {
    const auto* device =
        call.arguments().empty() ? nullptr : call.arguments().front().get<dbus::ObjectPath>();
    const bool fromBluez = call.sender() == owner_;
    if (mayAgree && fromBluez && device != nullptr && isOpenFor(device->text)) {
        log_.info("agreed");
        call.reply();
        return;
    }
    call.fail({"org.bluez.Error.Rejected", "no pairing window is open for this device"});
    log_.warning("{} is refused: no pairing window is open for this device", call.method());
    if (fromBluez) refused_(device == nullptr ? std::string() : device->text);
}

dbus::Interface PairingAgent::interface() {
    dbus::Interface agent{kAgent1, {}, {}, {}};
    for (const auto& method : kMethods) {
        const bool mayAgree = method.mayAgree;
        auto handler = [this, mayAgree](const dbus::Call& call) { answer(call, mayAgree); };
        agent.methods.push_back({method.name, method.in, method.out, handler});
    }
    const auto done = [](const dbus::Call& call) { call.reply(); };
    agent.methods.push_back({"Release", "", "", done});
    agent.methods.push_back({"Cancel", "", "", done});
    return agent;
}

void PairingAgent::enter(Service& service) {
    object_.reset();
    device_.clear();
    owner_ = service.owner();
    auto* bus = service.bus();
    if (bus == nullptr) return;
    auto object = bus->exportObject(kAgentPath, {interface()});
    if (!object) {
        problem_ = object.error().message;
        log_.warning("{}", problem_);
        return;
    }
    object_ = std::move(*object);
    service.call(kBluezPath, kAgentManager1, "RegisterAgent",
                 {dbus::ObjectPath{kAgentPath}, "NoInputNoOutput"}, kRegisterLimit,
                 [this, &service](const dbus::Reply& reply) {
                     problem_ = reply ? "" : toError(reply.error()).message;
                     if (reply) {
                         enterAsDefault(service);
                     } else {
                         log_.warning("not registered: {}", problem_);
                     }
                 });
}

void PairingAgent::enterAsDefault(Service& service) {
    service.call(kBluezPath, kAgentManager1, "RequestDefaultAgent", {dbus::ObjectPath{kAgentPath}},
                 kRegisterLimit, [this](const dbus::Reply& reply) {
                     if (!reply) log_.warning("not default: {}", toError(reply.error()).message);
                 });
}

}  // namespace vitalgate::bluez
