#pragma once

#include <cstdint>

#include "adapters/profiles/profile.hpp"

namespace vitalgate::profiles {

/// Merges the value of Body Sensor Location (2A38), a static fact of the sensor. "Other" and
/// reserved locations change nothing.
void applySensorLocation(Measurement& measurement, std::uint8_t location);

}  // namespace vitalgate::profiles
