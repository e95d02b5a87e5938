#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/time.hpp"

// Continuous Glucose Monitoring Service 1.0.1: what a conversation needs beside the measurements.
// Whether the values of a device end with a CRC is in its feature value alone (b12); `hasCrc` says
// so.
namespace vitalgate::profiles {

inline constexpr std::uint16_t kGlucoseRecords = 0x2AA7;
inline constexpr std::uint16_t kGlucoseFeature = 0x2AA8;
inline constexpr std::uint16_t kGlucoseStatus = 0x2AA9;
inline constexpr std::uint16_t kGlucoseSessionStart = 0x2AAA;
inline constexpr std::uint16_t kGlucoseRunTime = 0x2AAB;

/// Feature, 0x2AA8.
struct GlucoseFeature {
    std::uint32_t bits = 0;
    bool hasCrc = false;            ///< b12
    bool knowsCalibration = false;  ///< b0
    bool hasSessions = false;       ///< b14: more than one session in the sensor's life
    std::uint8_t type = 0;          ///< numbers as glucoseTerm() takes them
    std::uint8_t location = 0;
};
/// Nothing for a value that is no feature value, or has a wrong CRC.
std::optional<GlucoseFeature> glucoseFeature(ByteView value);

/// Session Start Time, 0x2AAA: the time offsets of the measurements count from it.
struct SessionStart {
    LocalDateTime time;                             ///< all zero until a collector has written one
    std::optional<std::chrono::minutes> utcOffset;  ///< daylight saving included; absent: unknown
};
std::expected<SessionStart, DecodeError> decodeSessionStart(ByteView value, bool hasCrc);
/// What to write when a session begins: the collector's local time; the sensor counts back to the
/// start by itself. An offset that the format cannot say is sent as unknown.
Bytes encodeSessionStart(const LocalDateTime& time, std::chrono::minutes zone,
                         std::chrono::minutes daylightSaving, bool hasCrc);

/// Status, 0x2AA9.
struct SessionStatus {
    std::uint16_t minutes = 0;  ///< since the start of the session
    bool stopped = false;
    std::vector<std::string> words;
};
std::expected<SessionStatus, DecodeError> decodeSessionStatus(ByteView value, bool hasCrc);

/// Session Run Time, 0x2AAB: how long the sensor can be expected to work, from the start.
std::expected<std::chrono::hours, DecodeError> decodeRunTime(ByteView value, bool hasCrc);

}  // namespace vitalgate::profiles
