#include "gateway/cli/configuration.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

namespace vitalgate::cli {

std::optional<std::filesystem::path> credentialsDirectory() {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || *folder != '/') return std::nullopt;
    return folder;
}

std::optional<config::Config> loadConfiguration(const std::string& file, bool checkFiles) {
    config::LoadOptions options;
    options.now = std::chrono::system_clock::now();
    options.checkSecrets = checkFiles;
    options.credentialsDirectory = credentialsDirectory();
    auto loaded = config::load(file, options);
    if (loaded) return std::move(*loaded);
    const auto lines = loaded.error().lines();
    for (const auto& line : lines) fmt::print(stderr, "{}\n", line);
    fmt::print(stderr, "{} error{}\n", lines.size(), lines.size() == 1 ? "" : "s");
    return std::nullopt;
}

}  // namespace vitalgate::cli
