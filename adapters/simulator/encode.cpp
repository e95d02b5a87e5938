#include "adapters/simulator/encode.hpp"

#include <algorithm>
#include <cmath>

namespace vitalgate::simulator {

namespace {

/// One of the two formats; its special values stand around the largest mantissa.
struct Format {
    int mantissaBits;
    int lowestExponent;
    int highestExponent;
    std::int32_t largestMantissa;
};

constexpr std::chrono::local_days kEpoch{std::chrono::year{2000} / 1 / 1};

/// Elapsed Time Service 1.0, 3.1: flags, and how fast the ticks are.
constexpr std::uint8_t kTickCounter = 0x01;
constexpr std::uint8_t kUtc = 0x02;
constexpr std::uint8_t kZoneUsed = 0x10;
constexpr std::uint8_t kCurrentTimeline = 0x20;
constexpr std::int64_t kTicksPerSecond[] = {1, 10, 1000, 10000};
constexpr std::uint8_t kUnknownSource = 0;
constexpr std::uint8_t kUnknownOffset = 0x80;
constexpr std::size_t kElapsedTime = 11;
constexpr std::size_t kShortElapsedTime = 9;
constexpr auto kElapsedTimeFormat = AttError{0x81};

constexpr Format kSfloat{12, -8, 7, 2045};
constexpr Format kFloat{24, -128, 127, 8388605};

std::uint32_t specialWord(Special special, int mantissaBits) {
    const std::uint32_t half = 1U << (mantissaBits - 1);
    switch (special) {
        case Special::notANumber:
            return half - 1;
        case Special::notAtThisResolution:
            return half;
        case Special::positiveInfinity:
            return half - 2;
        case Special::negativeInfinity:
            return half + 2;
        case Special::none:
            break;
    }
    return 0;
}

std::uint32_t pack(const Number& number, const Format& format) {
    if (number.special != Special::none) return specialWord(number.special, format.mantissaBits);
    for (int exponent = std::max(-number.decimals, format.lowestExponent);
         exponent <= format.highestExponent; ++exponent) {
        const double mantissa = std::round(number.value * std::pow(10.0, -exponent));
        if (std::abs(mantissa) > format.largestMantissa) continue;
        const auto low = static_cast<std::uint32_t>(static_cast<std::int32_t>(mantissa)) &
                         ((1U << format.mantissaBits) - 1);
        return low | (static_cast<std::uint32_t>(exponent) << format.mantissaBits);
    }
    const auto infinity = number.value < 0 ? Special::negativeInfinity : Special::positiveInfinity;
    return specialWord(infinity, format.mantissaBits);
}

}  // namespace

std::uint16_t sfloat(const Number& number) {
    return static_cast<std::uint16_t>(pack(number, kSfloat) & 0xffffU);
}

std::uint32_t float32(const Number& number) {
    return pack(number, kFloat);
}

void putDateTime(ByteWriter& out, const LocalDateTime& time) {
    out.u16(time.year).u8(time.month).u8(time.day).u8(time.hour).u8(time.minute).u8(time.second);
}

Bytes currentTime(const LocalDateTime& time, std::uint8_t fractions256, std::uint8_t adjustReason) {
    ByteWriter out;
    putDateTime(out, time);
    const auto days = std::chrono::floor<std::chrono::days>(toLocal(time));
    const auto dayOfWeek = std::chrono::weekday{days}.iso_encoding();
    out.u8(static_cast<std::uint8_t>(dayOfWeek)).u8(fractions256).u8(adjustReason);
    return out.bytes();
}

Bytes elapsedTime(const LocalDateTime& time) {
    return ByteWriter{}
        .u8(kCurrentTimeline)
        .u48(secondsSince2000(time))
        .u8(kUnknownSource)
        .u8(kUnknownOffset)
        .u8(0)
        .u8(0)
        .bytes();
}

AttResult<LocalDateTime> fromElapsedTime(ByteView value) {
    if (value.size() != kShortElapsedTime && value.size() != kElapsedTime) {
        return std::unexpected(kElapsedTimeFormat);
    }
    ByteReader reader(value);
    const auto flags = reader.u8("flags");
    const auto ticks = static_cast<std::int64_t>(reader.u48("ticks"));
    reader.u8("source");
    const auto quarters = reader.s8("offset");
    if ((flags & kTickCounter) != 0) return std::unexpected(kElapsedTimeFormat);
    auto seconds = std::chrono::seconds{ticks / kTicksPerSecond[flags >> 2U & 3U]};
    const bool isUtc = (flags & kUtc) != 0 && (flags & kZoneUsed) != 0;
    if (isUtc) seconds += std::chrono::minutes{15} * quarters;
    return toLocalDateTime(kEpoch + seconds);
}

std::uint32_t secondsSince2000(const LocalDateTime& time) {
    const auto passed = std::chrono::floor<std::chrono::seconds>(toLocal(time) - kEpoch);
    return static_cast<std::uint32_t>(passed.count());
}

Number shifted(const Number& number, int exponent) {
    if (number.special != Special::none) return number;
    return {number.value * std::pow(10.0, exponent), number.decimals - exponent, Special::none};
}

std::uint16_t crc16(ByteView octets) {
    constexpr std::uint32_t kReflected = 0x8408;
    std::uint32_t crc = 0xffff;
    for (const auto octet : octets) {
        crc ^= octet;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 1U) != 0 ? crc >> 1U ^ kReflected : crc >> 1U;
    }
    return static_cast<std::uint16_t>(crc);
}

Bytes withCrc(Bytes octets) {
    const auto crc = crc16(octets);
    octets.push_back(static_cast<std::uint8_t>(crc & 0xffU));
    octets.push_back(static_cast<std::uint8_t>(crc >> 8U));
    return octets;
}

std::uint16_t scaled16(double value, double unit) {
    const double steps = std::clamp(std::round(value / unit), 0.0, 65535.0);
    return static_cast<std::uint16_t>(steps);
}

}  // namespace vitalgate::simulator
