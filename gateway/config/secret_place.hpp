#pragma once

#include "gateway/config/secret.hpp"
#include "gateway/config/value_reader.hpp"

namespace vitalgate::config {

/// How the file of a secret is looked at; the sentence of an error never says what stands in it.
using SecretCheck = Status (*)(const Secret& secret, const CredentialsDirectory& directory);

/// A password: as checkSecret(), and not empty.
Status checkPassword(const Secret& secret, const CredentialsDirectory& directory);
/// A key of 32 octets, as the daemon reads it.
Status checkKey(const Secret& secret, const CredentialsDirectory& directory);
/// A passkey of six digits.
Status checkPasskey(const Secret& secret, const CredentialsDirectory& directory);
/// A consent code of one to four digits.
Status checkConsentCode(const Secret& secret, const CredentialsDirectory& directory);
/// A private key in PEM.
Status checkPemKey(const Secret& secret, const CredentialsDirectory& directory);

/// {file: PATH} or {credential: NAME}, and the file itself if the options say so. What stands there
/// instead is never repeated in a message: it may be the secret.
void readSecretPlace(const Node& node, const std::string& path, std::optional<Secret>& value,
                     Reader& reader, SecretCheck check = checkSecret);

/// The same, and a plain path.
void readKeyFilePlace(const Node& node, const std::string& path, std::optional<Secret>& value,
                      Reader& reader);

}  // namespace vitalgate::config
