#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "gateway/base/byte_reader.hpp"
#include "vitalgate/v1/vocabulary.pb.h"

namespace vitalgate::profiles {

/// A decimal number as a device gave it: "2.0" and "2.00" differ.
struct Decimal {
    double value = 0;            ///< the double nearest to the decimal number
    std::uint32_t decimals = 0;  ///< digits after the point
    bool operator==(const Decimal&) const = default;
};

/// A number, or why there is none.
using Number = std::expected<Decimal, v1::Absent>;

/// mantissa x 10^exponent, where one operation on doubles would round more than once.
double decimalThroughText(std::int32_t mantissa, int exponent);

/// Powers of ten that a double holds exactly.
inline constexpr std::array<double, 23> kPowersOfTen{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// mantissa x 10^exponent; exponent -160 to 160.
inline Decimal decimal(std::int32_t mantissa, int exponent) {
    const auto places = static_cast<std::uint32_t>(exponent < 0 ? -exponent : exponent);
    const auto decimals = exponent < 0 ? places : 0;
    if (places >= kPowersOfTen.size()) [[unlikely]] {
        return {decimalThroughText(mantissa, exponent), decimals};
    }
    // One operation on two exact numbers gives the nearest double.
    const auto power = kPowersOfTen[places];
    return {exponent < 0 ? mantissa / power : mantissa * power, decimals};
}

/// The special values of both formats are neighbours; the first of them is +infinity.
inline constexpr std::array kSpecials{v1::ABSENT_POSITIVE_INFINITY, v1::ABSENT_NOT_A_NUMBER,
                                      v1::ABSENT_NOT_AT_THIS_RESOLUTION, v1::ABSENT_RESERVED_VALUE,
                                      v1::ABSENT_NEGATIVE_INFINITY};

/// The low `bits` of `raw` as a number in two's complement.
inline std::int32_t signExtended(std::uint32_t raw, unsigned bits) {
    return static_cast<std::int32_t>(raw << (32 - bits)) >> (32 - bits);
}

/// IEEE 11073-20601 SFLOAT: 4 bit exponent, 12 bit mantissa. The five special values are looked up
/// on the raw word: 0xFFFF is -0.1 and not one of them. `power` moves the point, which changes no
/// digit: 5 makes mg/dL of kg/L.
inline Number shortFloat(std::uint16_t raw, int power = 0) {
    constexpr std::uint32_t kFirstSpecial = 0x07FE;
    const auto special = raw - kFirstSpecial;
    if (special < kSpecials.size()) [[unlikely]]
        return std::unexpected(kSpecials[special]);
    return decimal(signExtended(raw & 0x0FFFU, 12), signExtended(raw >> 12U, 4) + power);
}

/// IEEE 11073-20601 FLOAT: 8 bit exponent, 24 bit mantissa.
Number longFloat(std::uint32_t raw);

/// The SFLOAT that shows `value` with `decimals` digits after the point (at most 8), or with fewer
/// where the mantissa has no room for zeros at the end. Nothing if no SFLOAT shows these digits.
std::optional<std::uint16_t> encodeShortFloat(double value, std::uint32_t decimals);

inline Number readShortFloat(ByteReader& reader, std::string_view field, int power = 0) {
    return shortFloat(reader.u16(field), power);
}
inline Number readLongFloat(ByteReader& reader, std::string_view field) {
    return longFloat(reader.u32(field));
}

}  // namespace vitalgate::profiles
