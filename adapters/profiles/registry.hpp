#pragma once

#include "adapters/profiles/profile.hpp"

// One function a profile, each in the file of that name; allProfiles() is the table of them.
namespace vitalgate::profiles {

const Profile& batteryProfile();
const Profile& bloodPressureProfile();
const Profile& bodyCompositionProfile();
const Profile& bondManagementProfile();
const Profile& continuousGlucoseProfile();
const Profile& currentTimeProfile();
const Profile& deviceInformationProfile();
const Profile& deviceTimeProfile();
const Profile& elapsedTimeProfile();
const Profile& glucoseProfile();
const Profile& healthThermometerProfile();
const Profile& heartRateProfile();
const Profile& pulseOximeterProfile();
const Profile& userDataProfile();
const Profile& weightScaleProfile();

}  // namespace vitalgate::profiles
