#pragma once

#include <string>

#include "gateway/base/error.hpp"
#include "gateway/crypto/secret_key.hpp"

namespace vitalgate::crypto {

/// Reads a key of exactly 32 octets. It must be a regular file (no symbolic link), ours or root's,
/// with mode 0400 or 0600; 0440 is accepted from root:root alone, which is how systemd hands out
/// credentials. ErrorKind::notFound if there is none; `authentication` if others could have read
/// it; `invalid` for a wrong length or only zeros; `unavailable` if it cannot be read.
Result<SecretKey> readKeyFile(const std::string& path);

/// The key of that file; made of random octets, with mode 0400, if there is none yet. The file
/// appears whole or not at all and is on the disk before this returns. Its folder must exist.
Result<SecretKey> readOrCreateKeyFile(const std::string& path);

}  // namespace vitalgate::crypto
