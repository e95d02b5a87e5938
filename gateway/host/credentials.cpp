#include "gateway/host/credentials.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "gateway/base/identifier.hpp"

namespace vitalgate::host {

namespace {

constexpr std::size_t kLargestCredential = 1024 * 1024;

}  // namespace

std::optional<std::filesystem::path> credentialsDirectory() {
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory != '/') return std::nullopt;
    return std::filesystem::path{directory};
}

Result<Bytes> readCredential(std::string_view name) {
    if (!isIdentifier(name) || name == "." || name == "..") {
        return fail(ErrorKind::invalid, "\"{}\" is not a credential name: letters, digits, . _ -",
                    name);
    }
    const auto directory = credentialsDirectory();
    if (!directory) {
        return fail(ErrorKind::notFound,
                    "credential {}: systemd gave none; add LoadCredential={}:… to the unit", name,
                    name);
    }
    std::ifstream file(*directory / name, std::ios::binary);
    if (!file) {
        return fail(ErrorKind::notFound,
                    "credential {}: not there; add LoadCredential={}:… to the unit", name, name);
    }
    Bytes content(kLargestCredential + 1);
    file.read(reinterpret_cast<char*>(content.data()),
              static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(file.gcount()));
    if (content.size() > kLargestCredential) {
        return fail(ErrorKind::invalid, "credential {}: larger than 1 MiB", name);
    }
    return content;
}

}  // namespace vitalgate::host
