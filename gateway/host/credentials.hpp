#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "gateway/base/bytes.hpp"

namespace vitalgate::host {

/// The folder in which systemd puts what LoadCredential= names ($CREDENTIALS_DIRECTORY); nothing if
/// the unit names no credential or the daemon was not started by systemd.
std::optional<std::filesystem::path> credentialsDirectory();

/// The content of a credential, byte for byte; at most 1 MiB, as systemd itself allows. The name is
/// an identifier, never a path.
Result<Bytes> readCredential(std::string_view name);

}  // namespace vitalgate::host
