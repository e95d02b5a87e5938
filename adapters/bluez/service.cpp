#include "adapters/bluez/service.hpp"

#include <algorithm>
#include <asio/post.hpp>

#include "adapters/bluez/errors.hpp"
#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLoadLimit = 5s;
constexpr Duration kAskLimit = 5s;
constexpr Duration kAskAgain = 1s;
constexpr Duration kReloadPause = 2s;

// The rule on the sender alone brings object manager and properties; libsystemd cannot check a
// well-known sender itself, so onSignal compares the unique name.
constexpr const char* kSignalRule = "type='signal',sender='org.bluez'";
constexpr const char* kOwnerRule =
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg0='org.bluez'";

Duration pauseAfter(int attempts) {
    return std::min<Duration>(1s * (1 << std::min(attempts, 3)), 5s);
}

}  // namespace

Service::Service(std::string address, Clock& clock, Log log, Listener& listener)
    : address_(std::move(address)), clock_(clock), log_(std::move(log)), listener_(listener) {}

void Service::openBus() {
    auto bus = dbus::Connection::open(address_, clock_, log_.part("bus"));
    if (!bus) {
        retryBus(bus.error().message);
        return;
    }
    bus_ = std::move(*bus);
    bus_->onLost([this] {
        lastError_ = "the connection to the bus is lost";
        leave(State::noBus);
        retryBus(lastError_);
    });
    if (auto subscribed = subscribe(); !subscribed) {
        retryBus(subscribed.error().message);
        return;
    }
    attempts_ = 0;
    state_ = State::noBluez;
    askOwner();
}

Status Service::subscribe() {
    auto signals = bus_->match(kSignalRule, [this](const dbus::Signal& s) { onSignal(s); });
    if (!signals) return failIn("org.bluez", signals);
    auto owners = bus_->match(kOwnerRule, [this](const dbus::Signal& s) { onOwnerChanged(s); });
    if (!owners) return failIn("org.bluez", owners);
    signals_ = std::move(*signals);
    owners_ = std::move(*owners);
    return {};
}

void Service::retryBus(std::string why) {
    if (lastError_ != why) log_.warning("{}", why);
    lastError_ = std::move(why);
    signals_ = dbus::Match();
    owners_ = dbus::Match();
    bus_.reset();
    retry_ = clock_.after(pauseAfter(attempts_++), [this] { openBus(); });
}

void Service::askOwner() {
    dbus::Request request{kBus, kBusPath, kBus, "GetNameOwner", {kBluez}};
    bus_->call(std::move(request), kAskLimit, [this](const dbus::Reply& reply) {
        if (stopped_ || state_ != State::noBluez || !owner_.empty()) return;
        const auto* owner = reply && !reply->empty() ? reply->front().get<std::string>() : nullptr;
        if (owner != nullptr) {
            setOwner(*owner);
        } else if (!reply && reply.error().name == "org.freedesktop.DBus.Error.NameHasNoOwner") {
            lastError_ = "BlueZ is not running";
            log_.warning("BlueZ is not running: waiting for it");
        } else {
            // Not known: BlueZ may be there, and would then never be announced.
            retry_ = clock_.after(kAskAgain, [this] { askOwner(); });
        }
    });
}

void Service::onOwnerChanged(const dbus::Signal& signal) {
    if (signal.arguments.size() < 3 || signal.sender != kBus) return;
    const auto* owner = signal.arguments[2].get<std::string>();
    if (owner == nullptr || stopped_ || *owner == owner_) return;
    if (!owner_.empty()) {
        lastError_ = "BlueZ is not running";
        leave(State::noBluez);
    }
    if (!owner->empty()) setOwner(*owner);
}

void Service::setOwner(const std::string& owner) {
    owner_ = owner;
    lastError_.clear();
    log_.info("BlueZ is there");
    load();
}

void Service::load() {
    state_ = State::loading;
    call("/", kObjectManager, "GetManagedObjects", {}, kLoadLimit,
         [this, owner = owner_](const dbus::Reply& reply) { loaded(owner, reply); });
}

void Service::loaded(const std::string& owner, const dbus::Reply& reply) {
    if (stopped_ || owner != owner_ || state_ != State::loading) return;
    const auto taken = reply ? tree_.load(*reply) : Status(std::unexpected(toError(reply.error())));
    if (!taken) {
        lastError_ = "list BlueZ's objects: " + taken.error().message;
        log_.warning("{}", lastError_);
        retry_ = clock_.after(kReloadPause, [this, owner] {
            if (owner == owner_ && state_ == State::loading) load();
        });
        return;
    }
    state_ = State::ready;
    lastError_.clear();
    listener_.onReady();
}

void Service::onSignal(const dbus::Signal& signal) {
    // Signals from before the list of objects are in it already.
    if (stopped_ || state_ != State::ready || signal.sender != owner_) return;
    for (const auto& change : tree_.apply(signal)) {
        if (stopped_ || state_ != State::ready) return;
        listener_.onChange(change);
    }
}

void Service::leave(State state) {
    const bool wasReady = state_ == State::ready;
    state_ = state;
    owner_.clear();
    tree_.clear();
    retry_.cancel();
    if (wasReady && !stopped_) listener_.onGone();
}

void Service::reconnect() {
    if (stopped_ || !bus_) return;
    leave(State::noBus);
    signals_ = dbus::Match();
    owners_ = dbus::Match();
    bus_.reset();
    openBus();
}

void Service::stop() {
    stopped_ = true;
    retry_.cancel();
    tree_.clear();
    owner_.clear();
    state_ = State::noBus;
    signals_ = dbus::Match();
    owners_ = dbus::Match();
    bus_.reset();
}

void Service::call(const std::string& path, const std::string& interface, const std::string& method,
                   dbus::Values arguments, Duration limit,
                   std::function<void(dbus::Reply)> handler) {
    if (!bus_ || owner_.empty()) {
        dbus::CallError error;
        error.kind = ErrorKind::disconnected;
        error.message = "BlueZ is not running";
        asio::post(clock_.loop(),
                   [handler = std::move(handler), error] { handler(std::unexpected(error)); });
        return;
    }
    // To the unique name: a new BlueZ never gets what was meant for the old one.
    dbus::Request request{owner_, path, interface, method, std::move(arguments)};
    std::weak_ptr<bool> alive = alive_;
    bus_->call(
        std::move(request), limit,
        [this, alive, owner = owner_, handler = std::move(handler)](const dbus::Reply& reply) {
            handler(reply);
            if (!alive.expired()) checkOwner(owner, reply);
        });
}

/// A BlueZ that is no longer there although nobody told: its signals do not come through.
void Service::checkOwner(const std::string& owner, const dbus::Reply& reply) {
    if (reply || owner != owner_) return;
    const auto& name = reply.error().name;
    if (name != "org.freedesktop.DBus.Error.ServiceUnknown" &&
        name != "org.freedesktop.DBus.Error.NameHasNoOwner")
        return;
    lastError_ = "BlueZ is not running";
    leave(State::noBluez);
    askOwner();
}

void Service::askConnected(const std::string& device) {
    call(device, kProperties, "Get", {kDevice1, "Connected"}, kAskLimit,
         [this, device, owner = owner_](const dbus::Reply& reply) {
             if (!reply || reply->empty() || owner != owner_) return;
             const auto view = deviceView(tree_, device);
             const auto* value = reply->front().get<bool>();
             if (!view || view->connected || value == nullptr || !*value) return;
             dbus::Signal signal{owner_, device, kProperties, "PropertiesChanged", {}};
             signal.arguments = {kDevice1, dbus::variantDict({{"Connected", true}}),
                                 dbus::stringArray({})};
             onSignal(signal);
         });
}

void Service::setProperty(const std::string& path, const std::string& interface,
                          const std::string& name, dbus::Value value, Duration limit,
                          std::function<void(dbus::Reply)> handler) {
    call(path, kProperties, "Set", {interface, name, dbus::variantOf(std::move(value))}, limit,
         std::move(handler));
}

}  // namespace vitalgate::bluez
