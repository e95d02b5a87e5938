#include "gateway/config/secret_place.hpp"

#include <string.h>
#include <unistd.h>

#include "gateway/base/key_octets.hpp"
#include "gateway/base/pem.hpp"
#include "gateway/config/suggestion.hpp"

namespace vitalgate::config {

namespace {

constexpr std::string_view kAdvice = "write {file: PATH} or {credential: NAME}";

void wipe(auto& octets) {
    ::explicit_bzero(octets.data(), octets.size());
}

/// What was read is forgotten.
template <class T>
Status outcomeOf(const Result<T>& read) {
    if (!read) return std::unexpected(read.error());
    return {};
}

void refuseSecret(const Node& node, const std::string& path, Reader& reader) {
    reader.wrong(node, path,
                 fmt::format("a secret must not stand in the configuration; {}", kAdvice));
}

void checkFile(const Node& node, const std::string& path, const Secret& secret, Reader& reader,
               SecretCheck check) {
    const auto& options = reader.options();
    const bool isThere = secret.kind == Secret::Kind::file || options.credentialsDirectory;
    if (!options.checkSecrets || !isThere) return;
    const auto checked = check(secret, options.credentialsDirectory);
    if (!checked) reader.wrong(node, path, checked.error());
}

/// Nothing, with the problem added, if it names no place.
std::optional<Secret> readName(const Node& name, Secret::Kind kind, const std::string& path,
                               Reader& reader) {
    if (!name.isScalar() || name.text.empty()) {
        reader.wrong(name, path, fmt::format("names no place; {}", kAdvice));
        return std::nullopt;
    }
    // A key that was pasted has a line end, or says what it is.
    if (name.text.find_first_of("\r\n") != std::string::npos ||
        name.text.find("-----BEGIN") != std::string::npos) {
        refuseSecret(name, path, reader);
        return std::nullopt;
    }
    const bool isPath = name.text.starts_with('/') && name.text.size() < 4096;
    if (kind == Secret::Kind::file && !isPath) {
        reader.wrong(name, path, fmt::format("is not an absolute path; {}", kAdvice));
        return std::nullopt;
    }
    if (kind == Secret::Kind::credential && !isIdentifier(name.text)) {
        reader.wrong(name, path, fmt::format("is not a credential's name; {}", kAdvice));
        return std::nullopt;
    }
    return Secret{kind, name.text};
}

}  // namespace

Status checkPassword(const Secret& secret, const CredentialsDirectory& directory) {
    auto text = readSecret(secret, directory);
    if (!text) return std::unexpected(text.error());
    wipe(*text);
    return {};
}

Status checkKey(const Secret& secret, const CredentialsDirectory& directory) {
    const auto path = secretPath(secret, directory);
    if (!path) return std::unexpected(path.error());
    // Root looks at the files of the user that the daemon runs as.
    auto octets =
        readKeyOctets(path->string(), ::geteuid() == 0 ? KeyOwner::anybody : KeyOwner::self);
    if (!octets) return std::unexpected(octets.error());
    wipe(*octets);
    return {};
}

Status checkPasskey(const Secret& secret, const CredentialsDirectory& directory) {
    return outcomeOf(readPasskey({secret}, directory));
}

Status checkConsentCode(const Secret& secret, const CredentialsDirectory& directory) {
    return outcomeOf(readConsentCode({secret}, directory));
}

Status checkPemKey(const Secret& secret, const CredentialsDirectory& directory) {
    if (auto checked = checkSecret(secret, directory); !checked) return checked;
    auto text = readPemFile(secretPath(secret, directory)->string());
    if (!text) return std::unexpected(text.error());
    wipe(*text);
    return {};
}

void readSecretPlace(const Node& node, const std::string& path, std::optional<Secret>& value,
                     Reader& reader, SecretCheck check) {
    if (node.isScalar()) return refuseSecret(node, path, reader);
    if (!node.isMap() || node.entries.size() != 1) {
        reader.wrong(node, path, fmt::format("must name one place; {}", kAdvice));
        return;
    }
    const auto& [word, place, name] = node.entries[0];
    if (word != "file" && word != "credential") {
        if (!nearest(word, {"file", "credential"}).empty()) {
            return reader.refuseUnknown(node, path, {"file", "credential"});
        }
        reader.wrong(node, path, fmt::format("must name a place; {}", kAdvice));
        return;
    }
    const auto kind = word == "file" ? Secret::Kind::file : Secret::Kind::credential;
    value = readName(name, kind, below(path, word), reader);
    if (value) checkFile(node, path, *value, reader, check);
}

void readKeyFilePlace(const Node& node, const std::string& path, std::optional<Secret>& value,
                      Reader& reader) {
    if (!node.isScalar()) return readSecretPlace(node, path, value, reader, checkPemKey);
    value = readName(node, Secret::Kind::file, path, reader);
    if (value) checkFile(node, path, *value, reader, checkPemKey);
}

}  // namespace vitalgate::config
