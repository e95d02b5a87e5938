#include "gateway/base/pem.hpp"

#include <span>

#include "gateway/base/file_system.hpp"

namespace vitalgate {

namespace {

constexpr std::size_t kLargestPemFile = 4 * 1024 * 1024;

}  // namespace

Result<std::string> readPemFile(const std::string& path) {
    std::string text(kLargestPemFile + 1, '\0');
    const auto size = readFile(path, std::as_writable_bytes(std::span(text)));
    if (!size) return fail(size.error().kind, "{} {}", path, size.error().message);
    text.resize(*size);
    if (text.size() > kLargestPemFile || text.find("-----BEGIN ") == std::string::npos) {
        return fail(ErrorKind::invalid, "{} is not a PEM file (-----BEGIN …)", path);
    }
    return text;
}

}  // namespace vitalgate
