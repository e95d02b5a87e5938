#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/bluez/service.hpp"
#include "gateway/dbus/exported.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// just-works: a device may be paired without a passkey, inside a window that somebody opened for
/// it. never: no device is paired.
enum class PairingPolicy { justWorks, never };

/// BlueZ's pairing agent of this hub (org.bluez.Agent1, NoInputNoOutput, the default agent). It
/// agrees only inside an explicit window and only for the device of that window. Whatever else is
/// asked, other devices, passkeys, services, is refused with org.bluez.Error.Rejected and told to
/// `refused`. A window is opened by BluezLink::pair() alone: when a configured device asks for a
/// bond, for that device, for at most `window`, and closed with the end of the pairing.
class PairingAgent {
  public:
    PairingAgent(PairingPolicy policy, Duration window, Clock& clock, Log log,
                 std::function<void(const std::string& device)> refused);

    /// Serves the agent and makes it BlueZ's default; again after each return of BlueZ.
    void enter(Service& service);
    void leave() { object_.reset(); }

    /// False if the policy does not allow it.
    [[nodiscard]] bool openWindow(const std::string& device);
    void closeWindow() { device_.clear(); }
    [[nodiscard]] bool isOpenFor(const std::string& device) const;
    [[nodiscard]] Duration window() const { return window_; }
    /// Why the agent does not work; empty if it does.
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    void answer(const dbus::Call& call, bool mayAgree);
    void enterAsDefault(Service& service);
    [[nodiscard]] dbus::Interface interface();

    PairingPolicy policy_;
    Duration window_;
    Clock& clock_;
    Log log_;
    std::function<void(const std::string&)> refused_;
    std::unique_ptr<dbus::ExportedObject> object_;
    std::string owner_;
    std::string device_;  ///< of the open window; empty: none
    SteadyTime until_;
    std::string problem_;
};

}  // namespace vitalgate::bluez
