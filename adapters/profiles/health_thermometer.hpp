#pragma once

#include <cstdint>

#include "adapters/profiles/profile.hpp"

namespace vitalgate::profiles {

/// Merges the value of Temperature Type (2A1D), which a thermometer that always measures at one
/// place has instead of the field in each measurement. A site that the measurement names itself
/// stays; a reserved type changes nothing.
void applyTemperatureType(Measurement& measurement, std::uint8_t type);

}  // namespace vitalgate::profiles
