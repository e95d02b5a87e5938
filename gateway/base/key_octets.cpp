#include "gateway/base/key_octets.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace vitalgate {

namespace {

/// An open file, closed when it goes.
class File {
  public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

std::unexpected<Error> systemError(std::string_view path, std::string_view what) {
    return fail(ErrorKind::unavailable, "{}: {}: {}", path, what, ::strerror(errno));
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

/// Up to `room` octets; fewer only at the end of the file.
Result<std::size_t> readSome(const std::string& path, int descriptor, std::uint8_t* out,
                             std::size_t room) {
    std::size_t size = 0;
    while (size < room) {
        const auto got = ::read(descriptor, out + size, room - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return systemError(path, "cannot be read");
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    return size;
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
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.descriptor() < 0) {
        if (errno == ENOENT) return fail(ErrorKind::notFound, "{}: there is no such key", path);
        if (errno == ELOOP) {
            return fail(ErrorKind::authentication, "{}: a key must not be a symbolic link", path);
        }
        return systemError(path, "cannot be opened");
    }
    struct stat state{};
    if (::fstat(file.descriptor(), &state) != 0) return systemError(path, "cannot be examined");
    if (auto checked = checkOwnerAndMode(path, state, owner); !checked) {
        return std::unexpected(checked.error());
    }
    // One more, so that a longer file shows.
    Bytes octets(kKeyOctets + 1);
    const auto size = readSome(path, file.descriptor(), octets.data(), octets.size());
    if (!size) return std::unexpected(size.error());
    octets.resize(*size);
    if (const auto checked = checkKeyOctets(octets); !checked) {
        ::explicit_bzero(octets.data(), octets.size());
        return failIn(path, checked);
    }
    return octets;
}

}  // namespace vitalgate
