#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/profiles/decoding.hpp"
#include "gateway/codes/codes.hpp"

// What the values of Glucose and Continuous Glucose Monitoring have in common: the concentration,
// and Type and Sample Location, which share an octet: the type is the low half.
namespace vitalgate::profiles {

/// The sample is of no person, as its type or its location says.
bool isControlSolution(std::uint8_t type, std::uint8_t location);

/// What a sample of this type is observed as. Nothing for a control solution and a reserved number.
std::optional<codes::Term> glucoseTerm(std::uint8_t type);

/// "capillary-whole-blood"; "unknown" for a reserved number.
std::string_view glucoseTypeWord(std::uint8_t type);
/// "finger"; "unknown" for a reserved number.
std::string_view glucoseLocationWord(std::uint8_t location);

/// Null for a control solution, for what is not available and for a reserved number.
const codes::BodySite* glucoseSite(std::uint8_t location);

/// What the device's status says of a result.
struct DeviceRange {
    bool isAbove = false;
    bool isBelow = false;
};
/// A result beyond the device's range is a limit: as the status says, or what stands in the place
/// of the number (the device shows "HI" or "LO"). That counts more than the number that a device
/// sends with it.
v1::Observation& addConcentration(Measurement& measurement, codes::Term term, const Number& number,
                                  std::string_view unit, const DeviceRange& range);

}  // namespace vitalgate::profiles
