#include "gateway/crypto/key_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gateway/base/descriptor.hpp"
#include "gateway/base/file_system.hpp"
#include "gateway/base/key_octets.hpp"
#include "gateway/crypto/crypto.hpp"

namespace vitalgate::crypto {

namespace {

std::unexpected<Error> systemError(std::string_view path, std::string_view what) {
    return fail(ErrorKind::unavailable, "{}: {}: {}", path, what, std::strerror(errno));
}

Status writeAll(const std::string& path, int descriptor, ByteView octets) {
    while (!octets.empty()) {
        const auto put = ::write(descriptor, octets.data(), octets.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return systemError(path, "cannot be written");
        octets = octets.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

Status writeDurably(const std::string& path, const SecretKey& key) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400));
    if (file.value < 0) return systemError(path, "cannot be created");
    if (::fchmod(file.value, 0400) != 0) return systemError(path, "cannot set its mode");
    if (auto written = writeAll(path, file.value, key.octets()); !written) return written;
    if (::fsync(file.value) != 0) return systemError(path, "cannot be written to disk");
    return {};
}

/// Puts the new file in place unless one is there by now, which then counts.
Status putInPlace(const std::string& from, const std::string& path) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0 &&
        errno != EEXIST) {
        return systemError(path, "cannot be put in place");
    }
    return syncFolder(folderOf(path));
}

}  // namespace

Result<SecretKey> readKeyFile(const std::string& path) {
    auto octets = readKeyOctets(path);
    if (!octets) return std::unexpected(octets.error());
    auto key = SecretKey::fromBytes(*octets);
    wipe(*octets);
    return key;
}

Result<SecretKey> readOrCreateKeyFile(const std::string& path) {
    auto present = readKeyFile(path);
    if (present || present.error().kind != ErrorKind::notFound) return present;

    const auto temporary = path + ".new-" + toHex(randomOctets<8>());
    auto made = writeDurably(temporary, SecretKey::random());
    if (made) made = putInPlace(temporary, path);
    ::unlink(temporary.c_str());
    if (!made) return std::unexpected(made.error());
    return readKeyFile(path);
}

}  // namespace vitalgate::crypto
