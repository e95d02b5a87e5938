#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/session/gatt_link.hpp"

namespace vitalgate::session {

/// Values as a text to remember, and back: what waits for its other piece outlives the process.
/// Handles are not kept: they belong to a connection. An odd line is left out.
std::string toText(const std::vector<Value>& values);
std::vector<Value> valuesFrom(std::string_view text);

}  // namespace vitalgate::session
