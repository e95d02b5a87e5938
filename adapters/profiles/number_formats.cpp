#include "adapters/profiles/number_formats.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <span>

namespace vitalgate::profiles {

namespace {

struct Special {
    std::uint32_t raw;
    v1::Absent reason;
};

constexpr std::array kShortSpecials{
    Special{0x07FF, v1::ABSENT_NOT_A_NUMBER},
    Special{0x0800, v1::ABSENT_NOT_AT_THIS_RESOLUTION},
    Special{0x07FE, v1::ABSENT_POSITIVE_INFINITY},
    Special{0x0802, v1::ABSENT_NEGATIVE_INFINITY},
    Special{0x0801, v1::ABSENT_RESERVED_VALUE},
};

constexpr std::array kLongSpecials{
    Special{0x007FFFFF, v1::ABSENT_NOT_A_NUMBER},
    Special{0x00800000, v1::ABSENT_NOT_AT_THIS_RESOLUTION},
    Special{0x007FFFFE, v1::ABSENT_POSITIVE_INFINITY},
    Special{0x00800002, v1::ABSENT_NEGATIVE_INFINITY},
    Special{0x00800001, v1::ABSENT_RESERVED_VALUE},
};

std::optional<v1::Absent> special(std::span<const Special> table, std::uint32_t raw) {
    for (const auto& row : table) {
        if (row.raw == raw) return row.reason;
    }
    return std::nullopt;
}

/// The low `bits` of `raw` as a number in two's complement.
std::int32_t signExtended(std::uint32_t raw, unsigned bits) {
    return static_cast<std::int32_t>(raw << (32 - bits)) >> (32 - bits);
}

}  // namespace

Decimal decimal(std::int32_t mantissa, int exponent) {
    // Through text: multiplying or dividing by powers of ten above 10^22 would round twice.
    const auto text = fmt::format("{}e{}", mantissa, exponent);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return {value, exponent < 0 ? static_cast<std::uint32_t>(-exponent) : 0};
}

Number shortFloat(std::uint16_t raw) {
    if (const auto reason = special(kShortSpecials, raw)) return std::unexpected(*reason);
    return decimal(signExtended(raw & 0x0FFFU, 12), signExtended(raw >> 12U, 4));
}

Number longFloat(std::uint32_t raw) {
    if (const auto reason = special(kLongSpecials, raw)) return std::unexpected(*reason);
    return decimal(signExtended(raw & 0x00FFFFFFU, 24), signExtended(raw >> 24U, 8));
}

}  // namespace vitalgate::profiles
