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

/// Reads the file and what lies in conf.d beside it; or all that is wrong, a line each.
std::expected<Configuration, std::vector<std::string>> loadConfiguration(
    const std::string& path, const config::CredentialsDirectory& credentials, WallTime now);

/// Over the content of the file and of conf.d/*.yaml in the order of their names.
std::string configurationHash(const std::string& path);

}  // namespace vitalgate::app
