#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"

namespace vitalgate::bluez {

/// Which devices are served. A device is admitted because its whole address stands in the
/// configuration, or by a rule: inside the rule's time window, strong enough (so: near), at most so
/// many. What a device advertises never admits it: a rule uses the advertised service only to leave
/// out others.
class Admission {
  public:
    /// A rule may look at most so far ahead; one that seems to look farther meets a hub whose clock
    /// is wrong, and waits.
    static constexpr Duration kLongestRule = std::chrono::days{30};

    /// `services` names the services of a rule's profile word; `identify` gives a device without a
    /// configured id its own ("d-" and a keyed hash of the address).
    Admission(std::vector<DeviceSettings> devices, std::vector<AdmissionRule> rules,
              std::map<std::string, std::vector<Uuid>> services,
              std::function<std::string(const BluetoothAddress&)> identify);

    struct Sighting {
        BluetoothAddress address;
        std::vector<Uuid> services;
        std::optional<int> rssiDbm;
    };

    /// The settings if the device is served; the address is then admitted until the hub restarts.
    std::optional<DeviceSettings> admit(const Sighting& seen, WallTime now);

    [[nodiscard]] bool isAdmitted(const BluetoothAddress& address) const {
        return admitted_.contains(address);
    }
    /// All that are admitted, the configured ones included.
    [[nodiscard]] const std::map<BluetoothAddress, DeviceSettings>& admitted() const {
        return admitted_;
    }

  private:
    [[nodiscard]] bool fits(const AdmissionRule& rule, const Sighting& seen, WallTime now) const;

    std::map<BluetoothAddress, DeviceSettings> admitted_;
    std::vector<AdmissionRule> rules_;
    std::map<std::string, std::vector<Uuid>> services_;
    std::function<std::string(const BluetoothAddress&)> identify_;
    std::map<std::string, std::uint32_t> taken_;  ///< by rule
};

}  // namespace vitalgate::bluez
