#pragma once

#include <cstdint>

#include "adapters/simulator/gatt.hpp"
#include "gateway/base/byte_reader.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::simulator {

/// What a medical float says instead of a number (IEEE 11073-20601, annex F).
enum class Special { none, notANumber, notAtThisResolution, positiveInfinity, negativeInfinity };

/// A number as a device shows it: 36.60 is {36.6, 2}.
struct Number {
    double value = 0;
    int decimals = 0;  ///< shown after the point; becomes the exponent
    Special special = Special::none;
    bool operator==(const Number&) const = default;
};

inline constexpr Number kNotANumber{0, 0, Special::notANumber};

/// SFLOAT: four bits of exponent, twelve of mantissa. Gives up decimals until the mantissa fits
/// (-2045 to 2045: beyond it stand the special values); what no exponent holds becomes an infinity.
std::uint16_t sfloat(const Number& number);

/// FLOAT: eight bits of exponent, 24 of mantissa; otherwise the same.
std::uint32_t float32(const Number& number);

/// Date Time (0x2A08), seven octets: year, month, day, hour, minute, second.
void putDateTime(ByteWriter& out, const LocalDateTime& time);

/// Current Time (0x2A2B), ten octets: Date Time, day of week (1 Monday … 7 Sunday), fractions of a
/// second (1/256), reason of the last adjustment.
Bytes currentTime(const LocalDateTime& time, std::uint8_t fractions256, std::uint8_t adjustReason);

/// Elapsed Time (0x2BF2), eleven octets: flags, seconds, source, offset, status, capabilities; here
/// local time without a zone. And the time of one that was written, in the nine octets in front or
/// all: error 0x81 for a tick counter and for another length.
Bytes elapsedTime(const LocalDateTime& time);
AttResult<LocalDateTime> fromElapsedTime(ByteView value);

/// Seconds from the beginning of the year 2000, of a calendar without a zone.
std::uint32_t secondsSince2000(const LocalDateTime& time);

/// The number as another unit has it: `number` times 10 to the power of `exponent`, with the digits
/// that it had.
Number shifted(const Number& number, int exponent);

/// E2E-CRC of the services that have one: polynomial 0x1021, reflected, initially 0xFFFF.
std::uint16_t crc16(ByteView octets);
/// `octets` with their CRC behind them.
Bytes withCrc(Bytes octets);

/// `value` divided by the unit of the field, rounded and kept within an unsigned field of 16 bits.
std::uint16_t scaled16(double value, double unit);

}  // namespace vitalgate::simulator
