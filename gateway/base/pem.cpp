#include "gateway/base/pem.hpp"

#include <fstream>
#include <iterator>

namespace vitalgate {

namespace {

constexpr std::size_t kLargestPemFile = 4 * 1024 * 1024;

}  // namespace

Result<std::string> readPemFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(ErrorKind::unavailable, "{} cannot be read", path);
    std::string text(kLargestPemFile + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return fail(ErrorKind::unavailable, "{} cannot be read", path);
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > kLargestPemFile || text.find("-----BEGIN ") == std::string::npos) {
        return fail(ErrorKind::invalid, "{} is not a PEM file (-----BEGIN …)", path);
    }
    return text;
}

}  // namespace vitalgate
