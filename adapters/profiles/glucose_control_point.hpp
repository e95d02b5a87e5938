#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "adapters/profiles/number_formats.hpp"
#include "adapters/profiles/profile.hpp"

// CGM Specific Ops Control Point, 0x2AAC (Continuous Glucose Monitoring Service 1.0.1, 3.7): what
// to write, and what the device indicates then. Requests and answers end with a CRC where the
// feature value says so (GlucoseFeature::hasCrc).
namespace vitalgate::profiles {

inline constexpr std::uint16_t kGlucoseControlPoint = 0x2AAC;

/// How often the device sends measurements by itself; 0 ends that, 255 is as often as it can.
Bytes getGlucoseInterval(bool hasCrc);
Bytes setGlucoseInterval(std::uint8_t minutes, bool hasCrc);

/// A comparison with another meter.
struct GlucoseCalibration {
    Number concentration;              ///< mg/dL
    std::uint16_t sampledMinutes = 0;  ///< since the start of the session
    std::uint8_t type = 0;             ///< of the sample; numbers as glucoseTerm() takes them
    std::uint8_t location = 0;
    std::uint16_t nextMinutes = 0;  ///< since the start of the session: when the next one is due
    std::uint16_t record = 0;       ///< its number; the device gives it
    bool isRejected = false;        ///< by the device, as the two below
    bool isOutOfRange = false;
    bool isPending = false;
};
inline constexpr std::uint16_t kLatestCalibration = 0xFFFF;
Bytes getGlucoseCalibration(std::uint16_t record, bool hasCrc);
/// Nothing if the concentration is none, or cannot be said in the format.
std::optional<Bytes> setGlucoseCalibration(const GlucoseCalibration& calibration, bool hasCrc);

/// What the device warns of. Rates are in mg/dL/min, all others in mg/dL.
enum class GlucoseLimit { patientHigh, patientLow, hypo, hyper, fallRate, riseRate };
Bytes getGlucoseLimit(GlucoseLimit limit, bool hasCrc);
/// Nothing if the value cannot be said in the format.
std::optional<Bytes> setGlucoseLimit(GlucoseLimit limit, const Decimal& value, bool hasCrc);
/// "patient-high", "fall-rate" …
std::string_view glucoseLimitWord(GlucoseLimit limit);

Bytes resetGlucoseAlert(bool hasCrc);
Bytes startGlucoseSession(bool hasCrc);
Bytes stopGlucoseSession(bool hasCrc);

inline constexpr std::uint8_t kGlucoseSuccess = 1;

/// What the device indicates at the end of a procedure.
struct GlucoseAnswer {
    std::uint8_t operation = 0;  ///< the requested one; also where the answer is a value
    std::uint8_t code = kGlucoseSuccess;
    std::optional<std::uint8_t> intervalMinutes;
    std::optional<GlucoseCalibration> calibration;
    std::optional<GlucoseLimit> limit;
    std::optional<Number> limitValue;  ///< with `limit`
};
/// Refused if it is no answer, or its CRC is wrong.
std::expected<GlucoseAnswer, DecodeError> decodeGlucoseAnswer(ByteView value, bool hasCrc);

/// "set-interval", "start-session" …; "unknown" for a reserved op code.
std::string_view glucoseOperationWord(std::uint8_t operation);
/// "success", "out-of-range" …; "unknown" for a reserved code.
std::string_view glucoseAnswerWord(std::uint8_t code);

/// As a characteristic: requests and answers.
std::expected<Decoded, DecodeError> glucoseControlFields(ByteView value,
                                                         const DecodeOptions& options, bool hasCrc);

}  // namespace vitalgate::profiles
