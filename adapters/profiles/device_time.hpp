#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/time.hpp"

// Device Time Service 1.0: a clock that is told the time through a control point, and may say no.
// Which fields a value has stands in the feature value alone; a CRC, where there is one, comes
// first.
namespace vitalgate::profiles {

inline constexpr std::uint16_t kDeviceTimeFeature = 0x2B8E;
inline constexpr std::uint16_t kDeviceTimeParameters = 0x2B8F;
inline constexpr std::uint16_t kDeviceTime = 0x2B90;
inline constexpr std::uint16_t kDeviceTimeControlPoint = 0x2B91;

/// Device Time Feature, 0x2B8E.
struct DeviceTimeFeature {
    std::uint16_t bits = 0;
    bool hasCrc = false;
    bool hasLog = false;
    bool hasFractions = false;  ///< of a second, in times that are read and written
    bool hasDisplayedFormats = false;
    bool hasUserTime = false;  ///< what the device shows is not the time that it measures by
    bool needsAuthorisation = false;
    bool tracksDrift = false;
    bool takes1900 = false;  ///< seconds since 1900
    bool takes2000 = false;  ///< seconds since 2000
};
/// Nothing for a value that is no feature value, or has a wrong CRC.
std::optional<DeviceTimeFeature> deviceTimeFeature(ByteView value);

/// Device Time, 0x2B90.
struct DeviceTime {
    LocalDateTime baseTime;  ///< of the clock that measurements are stamped by; UTC if aligned
    Duration fraction{};     ///< of a second
    std::optional<std::chrono::minutes> utcOffset;  ///< local time minus UTC; absent: not known
    bool isFaulty = false;                  ///< the clock has stopped or was lost: wants to be set
    bool isUtcAligned = false;              ///< has been set from UTC
    bool wantsProposal = false;             ///< asks for a time
    std::vector<std::string> words;         ///< all of its status
    std::optional<LocalDateTime> userTime;  ///< what the device shows
    std::optional<std::uint16_t> accumulatedDriftSeconds;
    std::optional<std::uint16_t> nextLogNumber;

    /// In local time. Nothing where the offset is not known.
    [[nodiscard]] std::optional<LocalDateTime> local() const;
};
std::expected<DeviceTime, DecodeError> decodeDeviceTime(ByteView value,
                                                        const DeviceTimeFeature& feature);

/// What a hub can say of its own time.
struct TimeProposal {
    WallTime time;
    std::chrono::minutes zone{};  ///< without daylight saving
    std::chrono::minutes daylightSaving{};
    std::uint8_t source = 0;      ///< Time Source: kTimeSourceNetwork and the like
    std::uint8_t accuracy = 255;  ///< 1/8 s; 255: unknown, which a device may refuse
};
/// Propose Time Update. Nothing for a time that the clock's years do not hold.
std::optional<Bytes> proposeTime(const TimeProposal& proposal, const DeviceTimeFeature& feature);

inline constexpr std::uint8_t kDeviceTimeSuccess = 1;
inline constexpr std::uint8_t kDeviceTimeRejected = 5;

/// What the device indicates at the end of a procedure.
struct DeviceTimeAnswer {
    std::uint8_t operation = 0;  ///< the requested one
    std::uint8_t code = kDeviceTimeSuccess;
    std::vector<std::string> rejections;  ///< with kDeviceTimeRejected: why
};
std::expected<DeviceTimeAnswer, DecodeError> decodeDeviceTimeAnswer(
    ByteView value, const DeviceTimeFeature& feature);
/// "success", "rejected", "busy" …; "unknown" for a reserved code.
std::string_view deviceTimeAnswerWord(std::uint8_t code);

}  // namespace vitalgate::profiles
