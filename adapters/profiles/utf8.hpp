#pragma once

#include <string>

#include "gateway/base/bytes.hpp"

namespace vitalgate::profiles {

/// A device's text as valid UTF-8 that may go into a message or onto a screen: octets that are no
/// UTF-8 become U+FFFD one by one, control characters go.
std::string readableText(ByteView octets);

}  // namespace vitalgate::profiles
