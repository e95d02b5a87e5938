#pragma once

#include <cstdint>
#include <optional>

#include "adapters/profiles/number_formats.hpp"
#include "adapters/profiles/quirks.hpp"
#include "gateway/base/byte_reader.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::profiles {

/// The fields of a blood pressure as they stand in the value, before anybody judges them. Reading
/// them takes no memory from the heap, unless they do not fit.
struct BloodPressureFrame {
    bool inKilopascal = false;
    Number systolic;  ///< of an intermediate value: the cuff's pressure now
    Number diastolic;
    Number mean;
    std::optional<LocalDateTime> time;  ///< what the person sees, where the device tells both
    bool hasPulse = false;
    Number pulse;
    std::optional<std::uint8_t> user;  ///< 255: unknown
    std::uint16_t status = 0;
};

/// Blood Pressure Measurement 0x2A35 and Intermediate Cuff Pressure 0x2A36 (Blood Pressure Service
/// 1.1.1). Whether all fields were there says the reader.
BloodPressureFrame readBloodPressure(ByteReader& reader, const DecoderQuirk& quirk);

/// Enhanced Blood Pressure Measurement, 0x2B34.
BloodPressureFrame readEnhancedBloodPressure(ByteReader& reader);
/// Enhanced Intermediate Cuff Pressure, 0x2B35: one pressure, which stands in `systolic`.
BloodPressureFrame readEnhancedCuffPressure(ByteReader& reader);

}  // namespace vitalgate::profiles
