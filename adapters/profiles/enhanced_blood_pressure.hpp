#pragma once

#include "adapters/profiles/decoding.hpp"

// What Blood Pressure Service 1.1 added to 1.0.
namespace vitalgate::profiles {

/// Enhanced Blood Pressure Measurement 0x2B34: its times are seconds since 1900 or 2000.
DecodeResult decodeEnhancedBloodPressure(ByteView bytes, const DecodeOptions& options);
/// Enhanced Intermediate Cuff Pressure 0x2B35.
DecodeResult decodeEnhancedCuffPressure(ByteView bytes, const DecodeOptions& options);

/// Blood Pressure Record 0x2B36: a measurement out of the device's memory, in the layout of the
/// characteristic that it names (2A35 or 2B34), which it would have come as had somebody been
/// there. `value` is whole: Segments joins what comes in several. Where the feature value (2A49)
/// says so, it ends with a CRC; a wrong one refuses the measurement, of which nothing then is
/// believed.
DecodeResult decodeBloodPressureRecord(ByteView value, const DecodeOptions& options);

}  // namespace vitalgate::profiles
