#pragma once

#include "adapters/profiles/blood_pressure_frame.hpp"
#include "adapters/profiles/decoding.hpp"

namespace vitalgate::profiles {

/// What the fields say, the same for the values of both layouts.
Measurement describeBloodPressure(const BloodPressureFrame& frame);
Measurement describeCuffPressure(const BloodPressureFrame& frame);

/// Blood Pressure Feature, 0x2A49: records end with a CRC. False for a value that is not known.
bool hasRecordCrc(ByteView feature);

}  // namespace vitalgate::profiles
