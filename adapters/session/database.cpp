#include "adapters/session/database.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/device_time.hpp"

namespace vitalgate::session {

namespace {

constexpr std::uint16_t kCurrentTime = 0x2A2B;

/// Whatever the octets are, they are what the device has sent.
std::expected<profiles::Decoded, profiles::DecodeError> passThrough(
    ByteView /*bytes*/, const profiles::DecodeOptions& /*options*/) {
    profiles::Measurement measurement;
    measurement.reading.set_kind(std::string(kOpaqueKind));
    return profiles::Decoded{std::move(measurement)};
}

constexpr std::array kOpaqueCharacteristics{profiles::CharacteristicSpec{
    0, "opaque characteristic", profiles::Role::measurement, passThrough}};
constexpr profiles::Profile kOpaqueProfile{0, kOpaqueKind, "opaque", kOpaqueCharacteristics};

bool isPassedThrough(const Uuid& characteristic, const DeviceSettings& settings) {
    return profiles::findCharacteristic(characteristic) == nullptr &&
           std::ranges::find(settings.opaque, characteristic) != settings.opaque.end();
}

/// Another characteristic of the same service says the same and more.
bool isReplaced(const Service& service, const Characteristic& characteristic) {
    return std::ranges::any_of(service.characteristics, [&](const Characteristic& other) {
        const auto* spec = profiles::findCharacteristic(other.uuid);
        return spec != nullptr && spec->replaces != 0 &&
               Uuid(spec->replaces) == characteristic.uuid;
    });
}

/// The profile that lists this characteristic first.
const profiles::Profile* profileOf(const profiles::CharacteristicSpec& spec) {
    for (const auto& profile : profiles::allProfiles()) {
        const auto& all = profile.characteristics;
        if (std::ranges::find(all, spec.uuid, &profiles::CharacteristicSpec::uuid) != all.end()) {
            return &profile;
        }
    }
    return nullptr;
}

}  // namespace

bool isWanted(const profiles::Profile& profile, const DeviceSettings& settings) {
    const auto& kinds = settings.profiles;
    return profile.kind.empty() || kinds.empty() || profile.kind == kOpaqueKind ||
           std::ranges::find(kinds, profile.kind) != kinds.end();
}

Database::Database(const GattDatabase& found, const DeviceSettings& settings) {
    for (const auto& service : found) {
        const auto* profile = profiles::findService(service.uuid);
        if (profile != nullptr && !isWanted(*profile, settings)) continue;
        for (const auto& characteristic : service.characteristics) {
            add(service, characteristic, profile, settings);
        }
    }
}

void Database::add(const Service& service, const Characteristic& characteristic,
                   const profiles::Profile* profile, const DeviceSettings& settings) {
    if (isPassedThrough(characteristic.uuid, settings)) {
        endpoints_.push_back(
            {characteristic, &kOpaqueProfile, &kOpaqueCharacteristics.front(), false});
        return;
    }
    const auto* spec = profiles::findCharacteristic(characteristic.uuid);
    if (spec == nullptr || isReplaced(service, characteristic)) return;
    const auto* owner = profile != nullptr ? profile : profileOf(*spec);
    if (owner == nullptr || !isWanted(*owner, settings)) return;
    endpoints_.push_back({characteristic, owner, spec, profile != nullptr});
}

std::optional<Endpoint> Database::find(std::uint16_t characteristic, std::uint16_t service) const {
    for (const auto& each : endpoints_) {
        const bool isThere = service == 0 || each.profile->service == service;
        if (isThere && each.spec->uuid == characteristic) return each;
    }
    return std::nullopt;
}

std::vector<Endpoint> Database::endpoints(profiles::Role role) const {
    std::vector<Endpoint> found;
    std::ranges::copy_if(endpoints_, std::back_inserter(found),
                         [role](const Endpoint& each) { return each.spec->role == role; });
    return found;
}

std::optional<Endpoint> Database::clock() const {
    std::optional<Endpoint> found;
    for (const auto& each : endpoints(profiles::Role::clock)) {
        if (!each.characteristic.canRead) continue;
        if (each.spec->uuid == kCurrentTime) return each;
        if (!found) found = each;
    }
    return found;
}

std::optional<Endpoint> Database::settableClock() const {
    std::optional<Endpoint> found;
    for (const auto& each : endpoints(profiles::Role::clock)) {
        if (!each.characteristic.canWrite) continue;
        if (each.isInService && !each.profile->kind.empty()) return each;
        if (!found) found = each;
    }
    if (found) return found;
    const auto proposed = find(profiles::kDeviceTimeControlPoint);
    const bool isUsable =
        proposed && proposed->characteristic.canWrite && proposed->characteristic.canIndicate;
    return isUsable ? proposed : std::nullopt;
}

std::optional<Endpoint> Database::origin(const Value& value) const {
    for (const auto& each : endpoints_) {
        if (each.characteristic.handle == value.handle) return each;
    }
    const auto* spec = profiles::findCharacteristic(value.characteristic);
    if (spec == nullptr) return std::nullopt;
    Characteristic unknown;
    unknown.uuid = value.characteristic;
    unknown.handle = value.handle;
    return Endpoint{std::move(unknown), profileOf(*spec), spec};
}

std::vector<std::string> Database::kinds() const {
    std::vector<std::string> kinds;
    for (const auto& each : endpoints(profiles::Role::measurement)) {
        std::string kind(each.profile->kind);
        if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(std::move(kind));
    }
    return kinds;
}

void Database::setFeature(const Endpoint& feature, Bytes value) {
    features_[feature.profile->service] = std::move(value);
}

Bytes Database::feature(const profiles::Profile& profile) const {
    const auto found = features_.find(profile.service);
    return found == features_.end() ? Bytes{} : found->second;
}

}  // namespace vitalgate::session
