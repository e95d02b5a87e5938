#pragma once

#include <cstdint>

#include "gateway/base/bytes.hpp"

// Bond Management Service 1.0: has a device forget its bonds.
namespace vitalgate::profiles {

inline constexpr std::uint16_t kBondManagementControlPoint = 0x2AA4;

/// What to write to have the device forget its bond with the hub that writes it, of LE only. There
/// is no answer but that of the write.
Bytes deleteOwnBondLe();

}  // namespace vitalgate::profiles
