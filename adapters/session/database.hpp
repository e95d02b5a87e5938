#pragma once

#include <map>
#include <optional>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/profiles/profile.hpp"
#include "adapters/session/gatt_link.hpp"

namespace vitalgate::session {

/// A characteristic of the device that a profile knows. `profile` is the service it is in, or, for
/// one outside its service, the profile that knows it.
struct Endpoint {
    Characteristic characteristic;
    const profiles::Profile* profile = nullptr;
    const profiles::CharacteristicSpec* spec = nullptr;
    bool isInService = false;  ///< in a service that the profiles know
};

/// The word of readings that nobody decodes.
inline constexpr std::string_view kOpaqueKind = "opaque";

/// Whether the settings ask for what this profile gives. Of a service that gives no measurements:
/// always.
bool isWanted(const profiles::Profile& profile, const DeviceSettings& settings);

/// What of a device's services a conversation uses.
class Database {
  public:
    Database() = default;
    /// Leaves out what no profile knows and the settings do not pass through, and services of
    /// measurements whose kind the settings do not list.
    Database(const GattDatabase& found, const DeviceSettings& settings);

    [[nodiscard]] std::vector<Endpoint> endpoints(profiles::Role role) const;
    /// The clock to compare with: Current Time if it can be read, else the first that can.
    [[nodiscard]] std::optional<Endpoint> clock() const;
    /// Where the time is written: the first clock that can be written, or is told the time through
    /// its control point, before others one in the
    /// service of a measurement, which devices with one mean to be written.
    [[nodiscard]] std::optional<Endpoint> settableClock() const;
    /// Where a value came from; also for a value of a device whose services are not known (any
    /// more). Nothing if no profile knows its characteristic.
    [[nodiscard]] std::optional<Endpoint> origin(const Value& value) const;
    /// The words of the measurements that it offers, in its order.
    [[nodiscard]] std::vector<std::string> kinds() const;

    /// The first of that characteristic; of a service if it is not 0.
    [[nodiscard]] std::optional<Endpoint> find(std::uint16_t characteristic,
                                               std::uint16_t service = 0) const;

    void setFeature(const Endpoint& feature, Bytes value);
    /// Empty if there is none, or it was not read.
    [[nodiscard]] Bytes feature(const profiles::Profile& profile) const;

  private:
    void add(const Service& service, const Characteristic& characteristic,
             const profiles::Profile* profile, const DeviceSettings& settings);

    std::vector<Endpoint> endpoints_;
    std::map<std::uint16_t, Bytes> features_;  ///< by service
};

}  // namespace vitalgate::session
