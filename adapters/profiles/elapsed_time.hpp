#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/byte_reader.hpp"
#include "gateway/base/time.hpp"

// Elapsed Time Service 1.0; Elapsed Time of the GATT Specification Supplement, which is also the
// time stamp of a Generic Health Sensor's observations.
namespace vitalgate::profiles {

inline constexpr std::uint16_t kCurrentElapsedTime = 0x2BF2;

/// Time Source (GATT Specification Supplement), as far as a hub can claim one.
inline constexpr std::uint8_t kTimeSourceUnknown = 0;
inline constexpr std::uint8_t kTimeSourceNetwork = 1;
inline constexpr std::uint8_t kTimeSourceManual = 4;
/// "network-time-protocol", "manual" …; "unknown" for a reserved one.
std::string_view timeSourceWord(std::uint8_t source);

/// The nine octets that a time stamp has, too.
struct ElapsedTime {
    bool isTickCounter = false;  ///< counts from anywhere; else from 2000-01-01 on
    bool isUtc = false;          ///< else local time; not of a tick counter
    Duration resolution = std::chrono::seconds{1};
    bool usesOffset = false;         ///< the offset says something
    bool isCurrentTimeline = false;  ///< the clock was not set since
    std::uint64_t count = 0;         ///< in `resolution`
    std::uint8_t source = kTimeSourceUnknown;
    std::optional<std::chrono::minutes> utcOffset;  ///< local time minus UTC; absent: not known
};

/// What a time of day says in the calendar.
struct ElapsedCalendar {
    LocalDateTime time;   ///< UTC if ElapsedTime::isUtc, else local
    Duration fraction{};  ///< of a second
};
/// Nothing of a tick counter, nor of a count that ends after the year 9999.
std::optional<ElapsedCalendar> calendarOf(const ElapsedTime& time);
/// What the device said, as in Reading::device_time: the calendar, or "ticks:81234".
std::string elapsedTimeText(const ElapsedTime& time);

/// The nine octets inside another value.
ElapsedTime readElapsedTime(ByteReader& reader);

/// Current Elapsed Time, 0x2BF2: two octets more.
struct ElapsedClock {
    ElapsedTime time;
    bool needsToBeSet = false;
    bool followsDaylightSaving = false;  ///< by itself
    bool followsZone = false;
};
std::expected<ElapsedClock, DecodeError> decodeElapsedClock(ByteView value);

/// What to write into a clock that shows `like`: the nine octets with its own resolution, as UTC or
/// as local time, and with or without an offset, because a clock refuses another form (0x81).
/// Nothing for a tick counter, which no time can be written into, and for a time before 2000.
std::optional<Bytes> encodeElapsedTime(WallTime now, std::chrono::minutes utcOffset,
                                       const ElapsedTime& like, std::uint8_t source);

/// Application errors of a write (Elapsed Time Service 1.0, 2.4).
inline constexpr std::uint8_t kElapsedTimeSourceTooLow = 0x80;
inline constexpr std::uint8_t kElapsedTimeWrongForm = 0x81;

}  // namespace vitalgate::profiles
