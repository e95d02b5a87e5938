#include "adapters/bluez/profile_registration.hpp"

#include "adapters/bluez/errors.hpp"
#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

constexpr const char* kApplicationPath = "/org/vitalgate/profiles";
constexpr const char* kProfilePath = "/org/vitalgate/profiles/health";
constexpr Duration kLimit = std::chrono::seconds{10};

}  // namespace

ProfileRegistration::ProfileRegistration(std::vector<Uuid> services, Log log)
    : services_(std::move(services)), log_(std::move(log)) {}

void ProfileRegistration::enter(Service& service) {
    leave();
    auto* bus = service.bus();
    if (bus == nullptr || services_.empty()) return;
    dbus::Interface profile{kGattProfile1, {}, {}, {}};
    profile.methods.push_back({"Release", "", "", [](const dbus::Call& call) { call.reply(); }});
    std::vector<std::string> uuids;
    for (const auto& uuid : services_) uuids.push_back(uuid.text());
    profile.properties.push_back(
        {"UUIDs", "as", [uuids] { return dbus::stringArray(uuids); }, nullptr});
    auto object = bus->exportObject(kProfilePath, {std::move(profile)});
    Status managed;
    if (std::exchange(managedOn_, bus->uniqueName()) != bus->uniqueName())
        managed = bus->addObjectManager(kApplicationPath);
    if (!object || !managed) {
        log_.warning("devices are not connected to by BlueZ itself: {}",
                     object ? managed.error().message : object.error().message);
        return;
    }
    profile_ = std::move(*object);
}

void ProfileRegistration::leave() {
    profile_.reset();
}

void ProfileRegistration::registerWith(Service& service, const std::string& path) {
    if (!profile_) return;
    service.call(path, kGattManager1, "RegisterApplication",
                 {dbus::ObjectPath{kApplicationPath}, dbus::variantDict({})}, kLimit,
                 [log = log_](const dbus::Reply& reply) {
                     if (!reply)
                         log.warning("devices are not connected to by BlueZ itself: {}",
                                     toError(reply.error()).message);
                 });
}

}  // namespace vitalgate::bluez
