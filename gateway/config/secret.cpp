#include "gateway/config/secret.hpp"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>

#include "gateway/base/file_system.hpp"

namespace vitalgate::config {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLargestSecret = 64 * 1024;

/// A code of digits, and how many it has.
struct CodeForm {
    std::string_view name;
    std::string_view howMany;
    std::size_t least;
    std::size_t most;
};
constexpr CodeForm kPasskey{"a passkey", "six digits", 6, 6};
constexpr CodeForm kConsentCode{"a consent code", "one to four digits", 1, 4};

Result<std::uint32_t> readCode(const Secret& secret, const CodeForm& form,
                               const CredentialsDirectory& directory) {
    auto text = readSecret(secret, directory);
    if (!text) return std::unexpected(text.error());
    const bool isCode =
        text->size() >= form.least && text->size() <= form.most &&
        std::ranges::all_of(*text, [](auto octet) { return octet >= '0' && octet <= '9'; });
    std::uint32_t number = 0;
    for (std::size_t i = 0; isCode && i < text->size(); ++i)
        number = number * 10 + static_cast<std::uint32_t>((*text)[i] - '0');
    ::explicit_bzero(text->data(), text->size());
    if (isCode) return number;
    const auto path = *secretPath(secret, directory);
    return fail(ErrorKind::invalid, "{} does not hold {}: write {}, nothing else", path.string(),
                form.name, form.howMany);
}

}  // namespace

Result<fs::path> secretPath(const Secret& secret, const CredentialsDirectory& directory) {
    if (secret.kind == Secret::Kind::file) return fs::path(secret.name);
    if (!directory) {
        return fail(ErrorKind::notFound,
                    "credential {}: systemd gave none; add LoadCredential={}:PATH to the unit, or "
                    "write {{file: PATH}}",
                    secret.name, secret.name);
    }
    return *directory / secret.name;
}

Status checkReadable(const fs::path& path) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
        return fail(ErrorKind::notFound, "{}: no such file", path.string());
    }
    if (error) {
        return fail(kindOfReadErrno(error.value()), "{}: {}", path.string(), error.message());
    }
    if (status.type() != fs::file_type::regular) {
        return fail(ErrorKind::invalid, "{} is not a regular file", path.string());
    }
    if (::access(path.c_str(), R_OK) != 0) {
        return fail(kindOfReadErrno(errno), "{} cannot be read: {}", path.string(),
                    std::generic_category().message(errno));
    }
    return {};
}

Status checkSecret(const Secret& secret, const CredentialsDirectory& directory) {
    const auto path = secretPath(secret, directory);
    if (!path) return std::unexpected(path.error());
    std::error_code error;
    const auto status = fs::status(*path, error);
    constexpr auto kOthers = fs::perms::others_all;
    if (status.type() == fs::file_type::regular &&
        (status.permissions() & kOthers) != fs::perms::none) {
        return fail(ErrorKind::authentication,
                    "{} is readable by others ({:04o}); run: chmod 600 {}", path->string(),
                    static_cast<unsigned>(status.permissions()), path->string());
    }
    return checkReadable(*path);
}

Result<Bytes> readSecret(const Secret& secret, const CredentialsDirectory& directory) {
    if (const auto checked = checkSecret(secret, directory); !checked) {
        return std::unexpected(checked.error());
    }
    const auto path = *secretPath(secret, directory);
    Bytes content(kLargestSecret + 1);
    const auto size = readFile(path.string(), std::as_writable_bytes(std::span(content)));
    if (!size) return fail(size.error().kind, "{} {}", path.string(), size.error().message);
    content.resize(*size);
    if (content.size() > kLargestSecret) {
        return fail(ErrorKind::invalid, "{} is larger than 64 KiB", path.string());
    }
    if (!content.empty() && content.back() == '\n') content.pop_back();
    if (!content.empty() && content.back() == '\r') content.pop_back();
    if (content.empty()) return fail(ErrorKind::invalid, "{} is empty", path.string());
    return content;
}

Result<std::uint32_t> readPasskey(const Passkey& passkey, const CredentialsDirectory& directory) {
    return readCode(passkey.secret, kPasskey, directory);
}

Result<std::uint16_t> readConsentCode(const ConsentCode& code,
                                      const CredentialsDirectory& directory) {
    const auto number = readCode(code.secret, kConsentCode, directory);
    if (!number) return std::unexpected(number.error());
    return static_cast<std::uint16_t>(*number);
}

}  // namespace vitalgate::config
