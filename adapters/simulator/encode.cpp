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

std::uint16_t scaled16(double value, double unit) {
    const double steps = std::clamp(std::round(value / unit), 0.0, 65535.0);
    return static_cast<std::uint16_t>(steps);
}

}  // namespace vitalgate::simulator
