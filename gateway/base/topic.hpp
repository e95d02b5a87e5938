#pragma once

#include <string>
#include <string_view>

#include "gateway/base/error.hpp"

namespace vitalgate {

/// The longest topic that is used or named.
inline constexpr std::size_t kLongestTopic = 200;

/// A topic that may be published to: levels separated by "/", none of them empty, no wildcard, no
/// control character, not beginning with "$", at most kLongestTopic octets.
bool isTopic(std::string_view text);

/// The root of a hub's topics ("vitalgate/v1/{hub}") with the hub's id in the place of "{hub}",
/// which stands there once. ErrorKind::invalid if the id is none or no topic comes out.
Result<std::string> hubRoot(std::string_view root, std::string_view hub);

/// What stands below "{results}/" in a response topic. Any topic elsewhere, one that is none, or
/// one with anything but printable ASCII is ErrorKind::refused: a requester could make the hub
/// write anywhere.
Result<std::string> resultSuffix(std::string_view responseTopic, std::string_view results);

}  // namespace vitalgate
