#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/byte_reader.hpp"
#include "gateway/base/bytes.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::profiles {

/// Bits of CurrentTime::adjustReason.
inline constexpr std::uint8_t kAdjustedByHand = 1;
inline constexpr std::uint8_t kAdjustedFromReference = 2;
inline constexpr std::uint8_t kAdjustedForZone = 4;
inline constexpr std::uint8_t kAdjustedForDaylightSaving = 8;

/// Current Time, 0x2A2B: a device's local time.
struct CurrentTime {
    LocalDateTime time;
    std::uint8_t dayOfWeek = 0;    ///< 1 Monday to 7 Sunday, 0 unknown
    std::uint8_t fraction256 = 0;  ///< 1/256 s
    std::uint8_t adjustReason = 0;
    bool operator==(const CurrentTime&) const = default;
};

/// What to write into a clock that shows `local` time.
CurrentTime currentTimeAt(std::chrono::local_time<Duration> local, std::uint8_t adjustReason);

/// 10 octets and 7 octets, as the clock characteristics take them.
Bytes encodeCurrentTime(const CurrentTime& time);
Bytes encodeDateTime(const LocalDateTime& time);

/// Refused when truncated, or longer than the format. The parts are given as they are: ask
/// LocalDateTime::isComplete() before using them.
std::expected<CurrentTime, DecodeError> decodeCurrentTime(ByteView bytes);
std::expected<LocalDateTime, DecodeError> decodeDateTime(ByteView bytes);

/// Local Time Information, 0x2A0F: local time minus UTC, daylight saving included. Nothing if a
/// part of it is unknown or reserved, or the octets do not fit.
inline constexpr std::uint16_t kLocalTimeInformation = 0x2A0F;
std::optional<std::chrono::minutes> decodeLocalOffset(ByteView bytes);
/// The two octets of it, which other values have too. What they cannot say is sent as unknown.
Bytes encodeLocalOffset(std::chrono::minutes zone, std::chrono::minutes daylightSaving);

/// Local time minus UTC in quarters of an hour, as devices count it. Nothing for a number that is
/// reserved or says "unknown".
std::optional<std::chrono::minutes> offsetOfQuarters(int quarters);
/// Nothing for an offset that no such number says.
std::optional<std::int8_t> quartersOf(std::chrono::minutes offset);

/// The two octets of Local Time Information inside another value.
std::optional<std::chrono::minutes> readLocalOffset(ByteReader& reader);

/// The seven octets of a Date Time inside another value.
inline LocalDateTime readDateTime(ByteReader& reader) {
    // A braced list is evaluated in the order in which it is written.
    return {.year = reader.u16("year"),
            .month = reader.u8("month"),
            .day = reader.u8("day"),
            .hour = reader.u8("hour"),
            .minute = reader.u8("minute"),
            .second = reader.u8("second")};
}

/// 2A08 as a characteristic: devices also offer it inside their measurement service.
std::expected<Decoded, DecodeError> dateTimeFields(ByteView bytes, const DecodeOptions& options);
inline constexpr CharacteristicSpec kDateTimeCharacteristic{0x2A08, "Date Time", Role::clock,
                                                            dateTimeFields};

}  // namespace vitalgate::profiles
