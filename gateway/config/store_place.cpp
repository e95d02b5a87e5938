#include "gateway/config/store_place.hpp"

namespace vitalgate::config {

namespace fs = std::filesystem;

fs::path storeFolder(const Config& config, const fs::path& state) {
    return config.store.path.empty() ? state : fs::path{config.store.path};
}

fs::path keyFolder(const fs::path& state) {
    return state / "keys";
}

Result<fs::path> storeKeyPath(const Config& config, const fs::path& state,
                              const CredentialsDirectory& credentials) {
    if (!config.store.key) return keyFolder(state) / "store.key";
    return secretPath(*config.store.key, credentials);
}

fs::path previousKeyPath(const fs::path& key) {
    return fs::path{key} += ".old";
}

}  // namespace vitalgate::config
