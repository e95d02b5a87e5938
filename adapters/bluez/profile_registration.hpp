#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/bluez/service.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/dbus/exported.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// Tells BlueZ that this hub is a client of health services (org.bluez.GattProfile1). The kernel
/// then connects to a bonded device with one of them as soon as it advertises, whatever else the
/// hub is doing: a cuff that advertises for five seconds is not missed. Without it devices are
/// still found by discovery.
class ProfileRegistration {
  public:
    ProfileRegistration(std::vector<Uuid> services, Log log);

    /// Serves the profile on the present connection to the bus; again after each return of BlueZ.
    void enter(Service& service);
    void leave();
    /// For an adapter that is there; `path` is its object.
    void registerWith(Service& service, const std::string& path);

  private:
    std::vector<Uuid> services_;
    Log log_;
    std::unique_ptr<dbus::ExportedObject> profile_;
    std::string managedOn_;  ///< the connection that has the object manager, by its name
};

}  // namespace vitalgate::bluez
