#include "adapters/profiles/number_formats.hpp"

#include <charconv>
#include <cmath>

namespace vitalgate::profiles {

double decimalThroughText(std::int32_t mantissa, int exponent) {
    const auto text = fmt::format("{}e{}", mantissa, exponent);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Number longFloat(std::uint32_t raw) {
    constexpr std::uint32_t kFirstSpecial = 0x007FFFFE;
    const auto special = raw - kFirstSpecial;
    if (special < kSpecials.size()) return std::unexpected(kSpecials[special]);
    return decimal(signExtended(raw & 0x00FFFFFFU, 24), signExtended(raw >> 24U, 8));
}

std::optional<std::uint16_t> encodeShortFloat(double value, std::uint32_t decimals) {
    constexpr std::uint32_t kMostDecimals = 8;
    constexpr double kLargestMantissa = 2045;  // above it are the special values
    constexpr int kLargestExponent = 7;
    if (decimals > kMostDecimals) return std::nullopt;
    double mantissa = std::round(value * kPowersOfTen[decimals]);
    auto exponent = -static_cast<int>(decimals);
    while (std::abs(mantissa) > kLargestMantissa) {
        if (std::fmod(mantissa, 10) != 0 || exponent == kLargestExponent) return std::nullopt;
        mantissa /= 10;
        ++exponent;
    }
    if (std::isnan(mantissa)) return std::nullopt;
    const auto digits = static_cast<std::uint32_t>(static_cast<std::int32_t>(mantissa));
    return static_cast<std::uint16_t>(static_cast<std::uint32_t>(exponent) << 12U |
                                      (digits & 0x0FFFU));
}

}  // namespace vitalgate::profiles
