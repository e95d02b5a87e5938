#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/profiles/number_formats.hpp"
#include "adapters/profiles/profile.hpp"

// What the values of a scale have in common, whether of Weight Scale Service 1.0 or of Body
// Composition Service 1.0.
namespace vitalgate::profiles {

/// What a scale can tell apart, and the decimals that say so. Both 0: not specified.
struct Resolution {
    double metric;
    std::uint32_t metricDecimals;
    double imperial;
    std::uint32_t imperialDecimals;
};

/// By its code in 2A9E or 2A9B; a reserved code is "not specified".
const Resolution& massResolution(std::uint32_t code);
const Resolution& heightResolution(std::uint32_t code);

/// As fields "<name>ResolutionKg" and "<name>ResolutionLb", "heightResolutionM" and
/// "heightResolutionIn"; none where it is not specified.
void addMassResolution(std::vector<Field>& fields, std::string_view name,
                       const Resolution& resolution);
void addHeightResolution(std::vector<Field>& fields, const Resolution& resolution);

/// The value of 2A9E or 2A9B; 0 if it is not known.
std::uint32_t scaleFeature(const DecodeOptions& options);

/// A number in the unit (UCUM) that the scale gave it in.
struct Quantity {
    Number number;
    std::string_view unit;
};

/// Steps of 0.005 kg or 0.01 lb, with no more decimals than the scale claims; digits that say
/// something stay, whatever it claims.
Quantity massOf(std::uint16_t raw, bool imperial, const Resolution& resolution);
/// The same in steps of 0.001 m or 0.1 in.
Quantity heightOf(std::uint16_t raw, bool imperial, const Resolution& resolution);
/// For scales that send tenths of a pound.
Quantity massOfTenths(std::uint16_t raw, const Resolution& resolution);

/// For values beside the principal one: 0 was not computed. The specifications give 0xFFFF no
/// meaning there, devices send it for "not known".
Number knownNumber(std::uint16_t raw, const Number& number);

/// What a scale names a weighing by, the same in its weight and its composition:
/// "<device time>/<user>", with "-" for the user where there is none; empty if it gives neither.
std::string weighingOf(const Measurement& measurement);

}  // namespace vitalgate::profiles
