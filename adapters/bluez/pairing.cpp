#include "adapters/bluez/pairing.hpp"

#include <algorithm>

#include "adapters/bluez/errors.hpp"
#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

constexpr const char* kAgentPath = "/org/vitalgate/agent";

}  // namespace

const std::array<PairingAgent::AgentMethod, 7> PairingAgent::kMethods{{
    {"RequestPinCode", "o", "s", Question::other},
    {"DisplayPinCode", "os", "", Question::other},
    {"RequestPasskey", "o", "u", Question::passkey},
    {"DisplayPasskey", "ouq", "", Question::other},
    {"RequestConfirmation", "ou", "", Question::other},
    {"RequestAuthorization", "o", "", Question::authorization},
    {"AuthorizeService", "os", "", Question::other},
}};

PairingAgent::PairingAgent(PairingPolicy policy, Duration window, Clock& clock, Log log,
                           std::function<void(const std::string&)> refused,
                           std::function<std::optional<PasskeySource>(const std::string&)> expects)
    : policy_(policy),
      window_(window),
      clock_(clock),
      log_(std::move(log)),
      refused_(std::move(refused)),
      expects_(std::move(expects)) {}

// ---- the window ----

Status PairingAgent::openWindow(const std::string& device, PasskeySource passkey) {
    if (policy_ == PairingPolicy::never)
        return fail(ErrorKind::refused, "the configuration says bluetooth.pairing.policy: never");
    if (policy_ == PairingPolicy::passkey && !passkey)
        return fail(
            ErrorKind::notFound,
            "the configuration says bluetooth.pairing.policy: passkey, and the device has no "
            "passkey there");
    if (open_ && open_->device != device && isOpenFor(open_->device))
        return fail(ErrorKind::unavailable, "another device is being paired");
    open_ = Window{device, clock_.steady() + window_, std::move(passkey), {}};
    return {};
}

PairingAgent::PasskeyUse PairingAgent::closeWindow(const std::string& device) {
    if (!open_ || open_->device != device) return {};
    const auto use = open_->use;
    open_.reset();
    if (registered_ && !isDefault_) step();
    return use;
}

bool PairingAgent::isOpenFor(const std::string& device) const {
    return open_ && open_->device == device && left() > Duration::zero();
}

Duration PairingAgent::left() const {
    return open_ ? std::max(open_->until - clock_.steady(), Duration::zero()) : Duration::zero();
}

// ---- what BlueZ asks ----

void PairingAgent::answer(const dbus::Call& call, Question question) {
    const auto* device =
        call.arguments().empty() ? nullptr : call.arguments().front().get<dbus::ObjectPath>();
    const bool fromBluez = call.sender() == owner_;
    const bool mayOpen = fromBluez && device != nullptr && question == Question::passkey;
    if (mayOpen && !isOpenFor(device->text)) openByRequest(device->text);
    if (fromBluez && device != nullptr && agreesTo(device->text, question)) {
        if (question == Question::passkey) return givePasskey(call);
        log_.info("agreed");
        return call.reply();
    }
    call.fail({"org.bluez.Error.Rejected", "this pairing is not allowed now"});
    log_.debug("{} is refused: it is not allowed for this device now", call.method());
    if (fromBluez) refused_(device == nullptr ? std::string() : device->text);
}

bool PairingAgent::agreesTo(const std::string& device, Question question) const {
    const bool isOpen = isOpenFor(device);
    if (question == Question::passkey) return isOpen && open_->passkey && !open_->use.asked;
    if (question != Question::authorization) return false;
    if (isOpen) return !open_->passkey;
    const auto expected = expects_(device);
    return policy_ == PairingPolicy::justWorks && expected && !*expected;
}

/// Whether it may is openWindow()'s to say.
void PairingAgent::openByRequest(const std::string& device) {
    auto expected = expects_(device);
    if (expected && *expected) (void)openWindow(device, std::move(*expected));
}

void PairingAgent::givePasskey(const dbus::Call& call) {
    open_->use.asked = true;
    const auto passkey = open_->passkey();
    if (!passkey) {
        log_.warning("passkey: {}", passkey.error().message);
        return call.fail({"org.bluez.Error.Rejected", "the passkey cannot be read"});
    }
    open_->use.given = true;
    log_.info("the passkey is given");
    call.reply({*passkey});
}

dbus::Interface PairingAgent::interface() {
    dbus::Interface agent{kAgent1, {}, {}, {}};
    for (const auto& method : kMethods) {
        auto handler = [this, question = method.question](const dbus::Call& call) {
            answer(call, question);
        };
        agent.methods.push_back({method.name, method.in, method.out, handler});
    }
    const auto done = [](const dbus::Call& call) { call.reply(); };
    agent.methods.push_back({"Release", "", "", done});
    agent.methods.push_back({"Cancel", "", "", done});
    return agent;
}

// ---- its registration ----

void PairingAgent::enter(Service& service) {
    leave();
    auto* bus = service.bus();
    if (bus == nullptr) return;
    auto object = bus->exportObject(kAgentPath, {interface()});
    if (!object) {
        problem_ = object.error().message;
        log_.warning("{}", problem_);
        return;
    }
    object_ = std::move(*object);
    service_ = &service;
    owner_ = service.owner();
    step();
}

void PairingAgent::leave() {
    object_.reset();
    service_ = nullptr;
    owner_.clear();
    open_.reset();
    registered_.reset();
    isDefault_ = false;
    lingers_ = false;
    calls_ = false;
    again_.cancel();
    ++enters_;
    finish(fail(ErrorKind::disconnected, "BlueZ is not running"));
}

void PairingAgent::offer(bool passkey, std::function<void()> ready) {
    if (service_ == nullptr || (open_ && isOpenFor(open_->device))) return ready();
    open_.reset();  // its time is over
    wanted_ = passkey ? Capability::keyboardOnly : Capability::noInputNoOutput;
    finish({});
    ready_ = [ready = std::move(ready)](const Status&) { ready(); };
    step();
}

void PairingAgent::prepare(std::function<void(const Status&)> ready) {
    finish({});
    ready_ = std::move(ready);
    wanted_ = open_ && open_->passkey ? Capability::keyboardOnly : Capability::noInputNoOutput;
    step();
}

/// One call after the other, until BlueZ has it as it is wanted.
void PairingAgent::step() {
    if (calls_) return;
    if (service_ == nullptr)
        return finish(fail(ErrorKind::unavailable, "the pairing agent does not work"));
    const dbus::ObjectPath path{kAgentPath};
    if (registered_ == wanted_) {
        if (isDefault_ || open_) return finish({});
        isDefault_ = true;
        return call("RequestDefaultAgent", {path}, &PairingAgent::onDefault);
    }
    if (registered_ || lingers_) {
        call("UnregisterAgent", {path}, &PairingAgent::onUnregistered);
    } else {
        asked_ = wanted_;
        const auto* capability =
            asked_ == Capability::keyboardOnly ? "KeyboardOnly" : "NoInputNoOutput";
        call("RegisterAgent", {path, capability}, &PairingAgent::onRegistered);
    }
}

void PairingAgent::call(const char* method, dbus::Values arguments,
                        void (PairingAgent::*then)(const dbus::Reply&)) {
    calls_ = true;
    service_->call(kBluezPath, kAgentManager1, method, std::move(arguments), kRegisterLimit,
                   [this, then, enters = enters_](const dbus::Reply& reply) {
                       if (enters != enters_) return;
                       calls_ = false;
                       (this->*then)(reply);
                   });
}

void PairingAgent::onUnregistered(const dbus::Reply& reply) {
    registered_.reset();
    isDefault_ = false;
    const bool isUnknown = !reply && reply.error().name == "org.bluez.Error.DoesNotExist";
    if (!reply && !isUnknown) return giveUp(reply.error());
    lingers_ = false;
    step();
}

void PairingAgent::onRegistered(const dbus::Reply& reply) {
    if (!reply) return giveUp(reply.error());
    problem_.clear();
    registered_ = asked_;
    step();
}

void PairingAgent::onDefault(const dbus::Reply& reply) {
    if (!reply) log_.warning("not default: {}", toError(reply.error()).message);
    step();
}

/// For a while, or until the next window: then it is unregistered first, whatever BlueZ knows of
/// it.
void PairingAgent::giveUp(const dbus::CallError& error) {
    lingers_ = true;
    const auto why = toError(error);
    problem_ = why.message;
    log_.warning("not registered: {}", problem_);
    again_ = clock_.after(kRegisterAgain, [this] {
        if (!registered_) step();
    });
    finish(std::unexpected(why));
}

void PairingAgent::finish(const Status& status) {
    if (auto ready = std::exchange(ready_, nullptr)) ready(status);
}

}  // namespace vitalgate::bluez
