#include "gateway/base/key_octets.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gateway/base/descriptor.hpp"
#include "gateway/base/file_system.hpp"

namespace vitalgate {

namespace {

std::unexpected<Error> systemError(std::string_view path, std::string_view what) {
    return fail(kindOfReadErrno(errno), "{}: {}: {}", path, what, ::strerror(errno));
}

Status checkOwnerAndMode(const std::string& path, const struct stat& state, KeyOwner owner) {
    const auto mode = state.st_mode & 07777U;
    if (!S_ISREG(state.st_mode)) {
        return fail(ErrorKind::authentication, "{}: a key must be a regular file", path);
    }
    const bool isOurs = state.st_uid == ::geteuid() || state.st_uid == 0;
    if (!isOurs && owner == KeyOwner::self) {
        return fail(ErrorKind::authentication,
                    "{}: belongs to another user; it must belong to the user that runs this", path);
    }
    const bool isCredential = mode == 0440 && state.st_uid == 0 && state.st_gid == 0;
    if (mode != 0400 && mode != 0600 && !isCredential) {
        return fail(ErrorKind::authentication,
                    "{}: mode {:04o} could let others use the key; set it to 0400", path, mode);
    }
    return {};
}

}  // namespace

Status checkKeyOctets(ByteView octets) {
    if (octets.size() != kKeyOctets) {
        return fail(ErrorKind::invalid, "a key has {} octets, this one has {}", kKeyOctets,
                    octets.size());
    }
    const bool isZero = std::ranges::all_of(octets, [](auto octet) { return octet == 0; });
    if (isZero) return fail(ErrorKind::invalid, "a key of zeros only is no key");
    return {};
}

Result<Bytes> readKeyOctets(const std::string& path, KeyOwner owner) {
    // O_NONBLOCK: a pipe in place of the file must not stop the start.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.value < 0) {
        if (errno == ENOENT) return fail(ErrorKind::notFound, "{}: there is no such key", path);
        if (errno == ELOOP) {
            return fail(ErrorKind::authentication, "{}: a key must not be a symbolic link", path);
        }
        return systemError(path, "cannot be opened");
    }
    struct stat state{};
    if (::fstat(file.value, &state) != 0) return systemError(path, "cannot be examined");
    if (auto checked = checkOwnerAndMode(path, state, owner); !checked) {
        return std::unexpected(checked.error());
    }
    // One more, so that a longer file shows.
    Bytes octets(kKeyOctets + 1);
    const auto size = readUpTo(file.value, std::as_writable_bytes(std::span(octets)));
    if (!size) return failIn(path, size);
    octets.resize(*size);
    if (const auto checked = checkKeyOctets(octets); !checked) {
        ::explicit_bzero(octets.data(), octets.size());
        return failIn(path, checked);
    }
    return octets;
}

}  // namespace vitalgate
