#pragma once

#include <string>
#include <string_view>

namespace vitalgate {

/// The word of an enum value, as it stands in topics, metrics, logs and on screens: the common
/// prefix off, lower case, hyphens: enumWord("REFUSED_CONTROL_SOLUTION", "REFUSED_") is
/// "control-solution". A name without that prefix is turned into a word whole.
std::string enumWord(std::string_view valueName, std::string_view prefix);

/// What a person wrote, in quotation marks and shortened to 60 octets; a private key is not shown.
std::string inQuotes(std::string_view text);

}  // namespace vitalgate
