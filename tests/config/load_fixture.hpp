#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gateway/config/config.hpp"

namespace vitalgate::testing {

inline config::LoadOptions unchecked() {
    config::LoadOptions options;
    options.now = *parseUtc("2026-11-23T08:00:00Z");
    options.checkSecrets = false;
    return options;
}

/// What is wrong with a text, one a line; empty if nothing is.
inline std::string problemsOf(const std::string& text,
                              const config::LoadOptions& options = unchecked()) {
    const auto result = config::loadText(text, "v.yaml", options);
    return result ? "" : fmt::format("{}", fmt::join(result.error().lines(), "\n"));
}

/// A valid rest around the line under test, which is line 1.
inline std::string with(const std::string& line) {
    const bool hasHub = line.starts_with("hub");
    const bool hasCommands = line.starts_with("commands");
    return line + "\n" + (hasHub ? "" : "hub: {id: hub-1}\n") +
           (hasCommands ? "" : "commands: {accept: none}\n");
}

inline config::Config good(const std::string& text) {
    const auto result = config::loadText(text, "v.yaml", unchecked());
    if (!result) FAIL(fmt::format("{}", fmt::join(result.error().lines(), "\n")));
    return *result;
}

inline void write(const std::filesystem::path& path, std::string_view text, mode_t mode = 0600) {
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
}

}  // namespace vitalgate::testing
