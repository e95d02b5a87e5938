#include "adapters/simulator/bluez_host.hpp"

#include <algorithm>

namespace vitalgate::simulator::bluez {

void Later::after(Duration delay, std::function<void()> action) {
    const auto id = ++next_;
    timers_[id] = clock_.after(delay, [this, id, action = std::move(action)] {
        const auto own = timers_.extract(id);
        action();
    });
}

Host::Host(dbus::Connection& connection, Clock& clock, const BluezSettings& settings, Log log)
    : connection_(connection),
      clock_(clock),
      settings_(settings),
      started_(clock.steady()),
      log_(std::move(log)) {}

bool Host::isKernelScanning() const {
    return clock_.steady() - started_ < settings_.kernelScans;
}

dbus::Method Host::method(std::string name, std::string in, std::string out,
                          std::function<void(dbus::Call)> handler) {
    const auto gate = [this, handler](const dbus::Call& call) {
        if (!isFrozen(Freeze::calls)) return handler(call);
        hold(call, handler);
    };
    return {std::move(name), std::move(in), std::move(out), gate};
}

/// The object may be gone when the freeze is over.
void Host::hold(const dbus::Call& call, const std::function<void(dbus::Call)>& handler) {
    const auto object = served_[call.path()];
    held_.emplace_back([this, call, handler, object] {
        const auto found = served_.find(call.path());
        if (found != served_.end() && found->second == object) return handler(call);
        call.fail({"org.freedesktop.DBus.Error.UnknownObject", "Method call on an object gone"});
    });
}

std::unique_ptr<dbus::ExportedObject> Host::serve(const std::string& path,
                                                  std::vector<dbus::Interface> interfaces) {
    auto object = connection_.exportObject(path, std::move(interfaces));
    if (!object) {
        log_.error("an object cannot be served: {}", object.error().message);
        return nullptr;
    }
    served_[path] = ++nextObject_;
    if (!isFrozen(Freeze::signals)) (*object)->announce();
    return std::move(*object);
}

void Host::remove(std::unique_ptr<dbus::ExportedObject>& object) {
    if (!object) return;
    served_.erase(object->path());
    if (!isFrozen(Freeze::signals)) object->withdraw();
    object.reset();
}

void Host::changed(dbus::ExportedObject* object, const std::string& interface,
                   const std::vector<std::string>& names) {
    if (object && !isFrozen(Freeze::signals)) object->propertiesChanged(interface, names);
}

void Host::invalidated(dbus::ExportedObject* object, const std::string& interface,
                       const std::string& name) {
    if (!object || isFrozen(Freeze::signals)) return;
    object->emit("org.freedesktop.DBus.Properties", "PropertiesChanged",
                 {interface, dbus::Dict{}, dbus::stringArray({name})});
}

std::uint64_t Host::freeze(Freeze what, Cure cure) {
    frozen_[++freezes_] = {what, cure};
    return freezes_;
}

void Host::thaw(std::uint64_t number) {
    if (frozen_.erase(number) == 0 || isFrozen(Freeze::calls)) return;
    for (auto held = std::exchange(held_, {}); const auto& call : held) call();
}

void Host::cured(Cure cure) {
    std::vector<std::uint64_t> ended;
    for (const auto& [number, frozen] : frozen_) {
        if (frozen.cure == cure) ended.push_back(number);
    }
    for (const auto number : ended) thaw(number);
}

bool Host::isFrozen(Freeze what) const {
    return std::ranges::any_of(frozen_,
                               [what](const auto& each) { return each.second.what == what; });
}

}  // namespace vitalgate::simulator::bluez
