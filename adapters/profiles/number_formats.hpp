#pragma once

#include <cstdint>
#include <expected>
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

/// mantissa x 10^exponent; exponent -128 to 127.
Decimal decimal(std::int32_t mantissa, int exponent);

/// IEEE 11073-20601 SFLOAT: 4 bit exponent, 12 bit mantissa. The five special values are looked up
/// on the raw word: 0xFFFF is -0.1 and not one of them.
Number shortFloat(std::uint16_t raw);

/// IEEE 11073-20601 FLOAT: 8 bit exponent, 24 bit mantissa.
Number longFloat(std::uint32_t raw);

inline Number readShortFloat(ByteReader& reader, std::string_view field) {
    return shortFloat(reader.u16(field));
}
inline Number readLongFloat(ByteReader& reader, std::string_view field) {
    return longFloat(reader.u32(field));
}

}  // namespace vitalgate::profiles
