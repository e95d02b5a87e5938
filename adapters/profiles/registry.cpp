#include "adapters/profiles/registry.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::profiles {

std::span<const Profile> allProfiles() {
    static const std::array kProfiles{
        bloodPressureProfile(),     healthThermometerProfile(), weightScaleProfile(),
        bodyCompositionProfile(),   heartRateProfile(),         glucoseProfile(),
        continuousGlucoseProfile(), pulseOximeterProfile(),     batteryProfile(),
        deviceInformationProfile(), currentTimeProfile(),       elapsedTimeProfile(),
        deviceTimeProfile(),        userDataProfile(),          bondManagementProfile(),
    };
    return kProfiles;
}

const Profile* findService(const Uuid& service) {
    const auto profiles = allProfiles();
    const auto found = std::ranges::find_if(
        profiles, [&](const Profile& profile) { return Uuid(profile.service) == service; });
    return found == profiles.end() ? nullptr : &*found;
}

const CharacteristicSpec* findCharacteristic(const Uuid& characteristic) {
    for (const auto& profile : allProfiles()) {
        for (const auto& spec : profile.characteristics) {
            if (Uuid(spec.uuid) == characteristic) return &spec;
        }
    }
    return nullptr;
}

const Profile* findKind(std::string_view kind) {
    if (kind.empty()) return nullptr;
    const auto profiles = allProfiles();
    const auto found = std::ranges::find(profiles, kind, &Profile::kind);
    return found == profiles.end() ? nullptr : &*found;
}

}  // namespace vitalgate::profiles
