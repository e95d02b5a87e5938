#pragma once

#include <string>

#include "gateway/base/error.hpp"

namespace vitalgate::host {

/// A hash of /etc/machine-id made for this program alone (sd_id128_get_machine_app_specific(3)), 32
/// hexadecimal digits: the same at every start, and of no use to recognise the machine elsewhere.
Result<std::string> machineId();

/// The kernel's id of this boot, 32 hexadecimal digits.
Result<std::string> bootId();

/// PRETTY_NAME of an os-release(5) file ("Debian GNU/Linux 12 (bookworm)"); "Linux" if it does not
/// say. Never longer than 120 characters.
std::string osName(const std::string& path = "/etc/os-release");

}  // namespace vitalgate::host
