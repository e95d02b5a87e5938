#pragma once

#include <string_view>

#include "adapters/profiles/quirks.hpp"

namespace vitalgate::session {

using profiles::DeviceNames;
using profiles::Quirk;

/// `configured` is a row's name, "none", or empty for the first row that fits. The answer is the
/// strict row (its name is empty) if there is none. Never null; lives as long as the process.
const Quirk* chooseQuirk(std::string_view configured, const DeviceNames& device);

}  // namespace vitalgate::session
