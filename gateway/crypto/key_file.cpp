#include "gateway/crypto/key_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "gateway/crypto/crypto.hpp"

namespace vitalgate::crypto {

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
    [[nodiscard]] bool isOpen() const { return descriptor_ >= 0; }
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

std::unexpected<Error> systemError(std::string_view path, std::string_view what) {
    return fail(ErrorKind::unavailable, "{}: {}: {}", path, what, std::strerror(errno));
}

Status checkOwnerAndMode(const std::string& path, const struct stat& state) {
    const auto mode = state.st_mode & 07777U;
    if (!S_ISREG(state.st_mode)) {
        return fail(ErrorKind::authentication, "{}: a key must be a regular file", path);
    }
    if (state.st_uid != ::geteuid() && state.st_uid != 0) {
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

Status writeAll(const std::string& path, int descriptor, ByteView octets) {
    while (!octets.empty()) {
        const auto put = ::write(descriptor, octets.data(), octets.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return systemError(path, "cannot be written");
        octets = octets.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

std::string folderOf(const std::string& path) {
    const auto folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

Status writeDurably(const std::string& path, const SecretKey& key) {
    const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400));
    if (!file.isOpen()) return systemError(path, "cannot be created");
    if (::fchmod(file.descriptor(), 0400) != 0) return systemError(path, "cannot set its mode");
    if (auto written = writeAll(path, file.descriptor(), key.octets()); !written) return written;
    if (::fsync(file.descriptor()) != 0) return systemError(path, "cannot be written to disk");
    return {};
}

Status syncFolder(const std::string& folder) {
    const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!file.isOpen() || ::fsync(file.descriptor()) != 0) {
        return systemError(folder, "cannot be written to disk");
    }
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
    // O_NONBLOCK: a pipe in place of the file must not stop the start.
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.isOpen()) {
        if (errno == ENOENT) return fail(ErrorKind::notFound, "{}: there is no such key", path);
        if (errno == ELOOP) {
            return fail(ErrorKind::authentication, "{}: a key must not be a symbolic link", path);
        }
        return systemError(path, "cannot be opened");
    }
    struct stat state{};
    if (::fstat(file.descriptor(), &state) != 0) return systemError(path, "cannot be examined");
    if (auto checked = checkOwnerAndMode(path, state); !checked) {
        return std::unexpected(checked.error());
    }
    Bytes octets(SecretKey::kSize + 1);
    const auto size = readSome(path, file.descriptor(), octets.data(), octets.size());
    if (!size) return std::unexpected(size.error());
    octets.resize(*size);
    auto key = SecretKey::fromBytes(octets);
    wipe(octets);
    if (!key) return failIn(path, key);
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
