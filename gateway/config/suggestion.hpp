#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitalgate::config {

/// The known word that a person most likely meant: the one reached with the fewest changes of a
/// letter (one put in, left out, replaced, or two swapped), at most one for each three letters.
/// Empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace vitalgate::config
