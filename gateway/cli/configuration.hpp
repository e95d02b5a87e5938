#pragma once

#include <optional>
#include <string>

#include "gateway/config/config.hpp"

namespace vitalgate::cli {

/// Loads the configuration; nothing, with everything that is wrong on standard error, if it is not
/// valid. `checkFiles`: whether the secrets and certificates that it names must be there.
std::optional<config::Config> loadConfiguration(const std::string& file, bool checkFiles);

/// Where systemd put the credentials of this process.
std::optional<std::filesystem::path> credentialsDirectory();

}  // namespace vitalgate::cli
