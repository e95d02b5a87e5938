#include "adapters/session/database.hpp"

#include <algorithm>

namespace vitalgate::session {

namespace {

constexpr std::uint16_t kCurrentTime = 0x2A2B;

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
    return profile.kind.empty() || kinds.empty() ||
           std::ranges::find(kinds, profile.kind) != kinds.end();
}

Database::Database(const GattDatabase& found, const DeviceSettings& settings) {
    for (const auto& service : found) {
        const auto* profile = profiles::findService(service.uuid);
        if (profile != nullptr && !isWanted(*profile, settings)) continue;
        for (const auto& characteristic : service.characteristics) {
            const auto* spec = profiles::findCharacteristic(characteristic.uuid);
            if (spec == nullptr) continue;
            const auto* owner = profile != nullptr ? profile : profileOf(*spec);
            if (owner == nullptr || !isWanted(*owner, settings)) continue;
            endpoints_.push_back({characteristic, owner, spec, profile != nullptr});
        }
    }
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
    return found;
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
