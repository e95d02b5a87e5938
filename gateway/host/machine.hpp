#pragma once

#include <string>
#include <vector>

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

/// What the maker calls this machine ("Raspberry Pi 4 Model B Rev 1.5"): the first of the files
/// that says something, those of the device tree and of DMI. Empty if none does.
std::string machineModel(const std::vector<std::string>& files = {
                             "/proc/device-tree/model", "/sys/class/dmi/id/product_name"});

}  // namespace vitalgate::host
