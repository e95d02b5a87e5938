#include "gateway/app/configuration.hpp"

#include <fstream>
#include <iterator>
#include <set>

#include "gateway/crypto/crypto.hpp"

namespace vitalgate::app {

namespace {

namespace fs = std::filesystem;

/// With its length in front, so that text moved from one file to the next makes a difference.
std::string contentOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return fmt::format("{}:{}", text.size(), text);
}

}  // namespace

std::string configurationHash(const std::string& path) {
    std::set<fs::path> more;
    std::error_code none;
    for (const auto& entry :
         fs::directory_iterator(fs::path{path}.parent_path() / "conf.d", none)) {
        if (entry.path().extension() == ".yaml") more.insert(entry.path());
    }
    auto all = contentOf(path);
    for (const auto& file : more) all += contentOf(file);
    constexpr std::size_t kOctets = 8;
    return toHex(ByteView{crypto::sha256(asBytes(all))}.first(kOctets));
}

std::expected<Configuration, ConfigurationFault> loadConfiguration(
    const std::string& path, const config::CredentialsDirectory& credentials, WallTime now) {
    config::LoadOptions options;
    options.now = now;
    options.credentialsDirectory = credentials;
    auto config = config::load(path, options);
    if (config) return Configuration{std::move(*config), configurationHash(path)};
    auto lines = config.error().lines();
    lines.push_back(fmt::format("{} error{}", lines.size(), lines.size() == 1 ? "" : "s"));
    return std::unexpected(ConfigurationFault{std::move(lines), config.error().mayPass()});
}

}  // namespace vitalgate::app
