#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.hpp"

namespace vitalgate {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Lower case, two digits an octet, no separators.
std::string toHex(ByteView bytes);

/// Accepts both cases and any spaces, colons or hyphens between octets; at most 64 KiB.
Result<Bytes> fromHex(std::string_view text);

/// The octets of a text (std::string of protobuf or of a file) as bytes, and back; no conversion.
inline ByteView asBytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string asText(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace vitalgate
