#include "adapters/profiles/registry.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/health_thermometer.hpp"
#include "adapters/profiles/heart_rate.hpp"

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

void applyFeature(Measurement& measurement, std::uint16_t characteristic, ByteView feature) {
    struct StaticFact {
        std::uint16_t characteristic;
        void (*apply)(Measurement& measurement, std::uint8_t value);
    };
    static constexpr std::array kStaticFacts{
        StaticFact{0x2A1C, applyTemperatureType},
        StaticFact{0x2A37, applySensorLocation},
    };
    if (feature.size() != 1) return;
    for (const auto& fact : kStaticFacts) {
        if (fact.characteristic == characteristic) fact.apply(measurement, feature.front());
    }
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
