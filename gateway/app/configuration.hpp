#pragma once

#include <expected>
#include <string>
#include <vector>

#include "gateway/config/config.hpp"

namespace vitalgate::app {

struct Configuration {
    config::Config config;
    /// 16 hexadecimal digits of a hash over the files, to see which one is in force.
    std::string hash;
};

/// Why there is no configuration.
struct ConfigurationFault {
    std::vector<std::string> lines;  ///< all that is wrong
    bool mayPass = false;            ///< a file cannot be read at the moment: try again later
};

/// Reads the file and what lies in conf.d beside it.
std::expected<Configuration, ConfigurationFault> loadConfiguration(
    const std::string& path, const config::CredentialsDirectory& credentials, WallTime now);

/// Over the content of the file and of conf.d/*.yaml in the order of their names.
std::string configurationHash(const std::string& path);

}  // namespace vitalgate::app
