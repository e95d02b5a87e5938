#pragma once

#include <string>

#include "gateway/base/bytes.hpp"

namespace vitalgate {

/// RFC 4648 base 32 in lower case (a-z2-7) without padding: five bits a character, so 5 octets are
/// 8 characters. Goes into topics, ids and file names.
std::string toBase32(ByteView bytes);

}  // namespace vitalgate
