#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/codes/codes.hpp"

// Type and Sample Location, which share an octet in the values of Glucose and Continuous Glucose
// Monitoring: the type is the low half.
namespace vitalgate::profiles {

inline constexpr std::uint8_t kControlSolutionType = 10;

/// What a sample of this type is observed as. Nothing for a control solution and a reserved number.
std::optional<codes::Term> glucoseTerm(std::uint8_t type);

/// "capillary-whole-blood"; "unknown" for a reserved number.
std::string_view glucoseTypeWord(std::uint8_t type);
/// "finger"; "unknown" for a reserved number.
std::string_view glucoseLocationWord(std::uint8_t location);

/// Null for a control solution, for what is not available and for a reserved number.
const codes::BodySite* glucoseSite(std::uint8_t location);

}  // namespace vitalgate::profiles
