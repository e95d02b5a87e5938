#pragma once

#include <filesystem>

#include "gateway/config/config.hpp"
#include "gateway/config/secret.hpp"

/// Where a hub's store and its key are, for the daemon that uses and the program that erases them.
namespace vitalgate::config {

/// The folder of `store.db`: `store.path`, else the state directory.
std::filesystem::path storeFolder(const Config& config, const std::filesystem::path& state);

/// The folder of the keys that the configuration names no other place for.
std::filesystem::path keyFolder(const std::filesystem::path& state);

/// The file of the store's key: `store.key`, else `keys/store.key` in the state directory.
/// ErrorKind::notFound for a credential when systemd gave none.
Result<std::filesystem::path> storeKeyPath(const Config& config, const std::filesystem::path& state,
                                           const CredentialsDirectory& credentials);

/// Beside a store's key that takes the place of another one: that other one (`store.key.old`).
std::filesystem::path previousKeyPath(const std::filesystem::path& key);

}  // namespace vitalgate::config
