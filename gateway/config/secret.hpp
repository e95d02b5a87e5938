#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "gateway/base/bytes.hpp"

namespace vitalgate::config {

/// Where a secret lies; the configuration never holds one itself.
struct Secret {
    enum class Kind { credential, file };
    Kind kind = Kind::file;
    std::string name;  ///< of the systemd credential, or the absolute path
};

/// A private key that a library reads by itself: like a secret, but a plain path will do.
struct KeyFile {
    Secret secret;
};

/// A device's passkey: a secret that holds six digits.
struct Passkey {
    Secret secret;
};

/// What a user has agreed on with a device of the User Data Service: a secret that holds one to
/// four digits.
struct ConsentCode {
    Secret secret;
};

using CredentialsDirectory = std::optional<std::filesystem::path>;

/// The file that holds the secret. ErrorKind::notFound for a credential when systemd gave none.
Result<std::filesystem::path> secretPath(const Secret& secret,
                                         const CredentialsDirectory& directory);

/// Below, a file that cannot be read at the moment is ErrorKind::unavailable (kindOfReadErrno).

/// Whether the secret is a regular file that can be read and that "others" cannot read: the
/// sentence says what to do ("/etc/vitalgate/pw is readable by others (0644); run: chmod 600 …").
Status checkSecret(const Secret& secret, const CredentialsDirectory& directory);

/// Whether a file that is no secret (a certificate) is a regular file that can be read.
Status checkReadable(const std::filesystem::path& path);

/// The secret as text (password, digits): checked as above, one line end at its end taken off;
/// 1 octet to 64 KiB. The caller wipes it. Binary keys are read by their path.
Result<Bytes> readSecret(const Secret& secret, const CredentialsDirectory& directory);

/// The digits as a number (0 to 999999, 0 to 9999), checked as above and wiped behind it.
/// ErrorKind::invalid if it is anything else; the sentence never says what stands there.
Result<std::uint32_t> readPasskey(const Passkey& passkey, const CredentialsDirectory& directory);
Result<std::uint16_t> readConsentCode(const ConsentCode& code,
                                      const CredentialsDirectory& directory);

}  // namespace vitalgate::config
