#pragma once

#include "gateway/config/value_reader.hpp"

namespace vitalgate::config {

/// What concerns several keys: fills in the defaults that depend on other keys, and adds problems
/// where keys contradict each other.
void completeAndCheck(const Node& root, Config& config, Reader& reader);

}  // namespace vitalgate::config
