#include "gateway/cli/destroy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "gateway/crypto/crypto.hpp"

namespace vitalgate::cli {

namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const fs::path& path, std::string_view what, int error) {
    const bool isRight = error == EACCES || error == EPERM;
    return fail(isRight ? ErrorKind::authentication : ErrorKind::unavailable, "{} cannot be {}: {}",
                path.string(), what, std::strerror(error));
}

Status syncFolder(const fs::path& folder) {
    const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file.value < 0 || ::fsync(file.value) != 0) return failed(folder, "written", errno);
    return {};
}

Status overwrite(const fs::path& path) {
    // A key is not writable for its owner either.
    if (::chmod(path.c_str(), 0600) != 0) return failed(path, "opened", errno);
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    struct stat state{};
    if (file.value < 0 || ::fstat(file.value, &state) != 0) return failed(path, "opened", errno);
    std::array<std::uint8_t, 64 * 1024> noise{};
    for (off_t at = 0; at < state.st_size;) {
        crypto::fillRandom(noise);
        const auto size = std::min<off_t>(state.st_size - at, noise.size());
        const auto put = ::pwrite(file.value, noise.data(), static_cast<std::size_t>(size), at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return failed(path, "overwritten", errno);
        at += put;
    }
    if (::fsync(file.value) != 0) return failed(path, "overwritten", errno);
    return {};
}

Result<bool> removeAndSync(const fs::path& path) {
    std::error_code failure;
    const bool isRemoved = fs::remove(path, failure);
    if (failure) return failed(path, "removed", failure.value());
    if (!isRemoved) return false;
    if (auto synced = syncFolder(path.parent_path()); !synced) {
        return std::unexpected(synced.error());
    }
    return true;
}

}  // namespace

Result<bool> overwriteAndRemove(const fs::path& file) {
    std::error_code failure;
    if (fs::symlink_status(file, failure).type() == fs::file_type::regular) {
        if (auto done = overwrite(file); !done) return std::unexpected(done.error());
    }
    return removeFile(file);
}

Result<bool> removeFile(const fs::path& file) {
    std::error_code failure;
    const auto kind = fs::symlink_status(file, failure).type();
    const bool isFile = kind == fs::file_type::regular || kind == fs::file_type::symlink;
    if (fs::exists(fs::file_status(kind)) && !isFile) {
        return fail(ErrorKind::refused,
                    "{} is not a file and is left as it is: move it away, or correct the "
                    "configuration",
                    file.string());
    }
    return removeAndSync(file);
}

Result<bool> removeEmptyFolder(const fs::path& folder) {
    std::error_code failure;
    if (!fs::is_empty(folder, failure) && !failure) return false;
    return removeAndSync(folder);
}

Result<StoreLock> StoreLock::take(const fs::path& store) {
    Descriptor file(::open(store.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (file.value < 0 && errno == ENOENT) return StoreLock(std::move(file));
    if (file.value < 0) return failed(store, "opened", errno);
    // It meets SQLite's own locks, and stays when another descriptor of the file is closed.
    struct flock whole{};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file.value, F_OFD_SETLK, &whole) == 0) return StoreLock(std::move(file));
    if (errno != EACCES && errno != EAGAIN) return failed(store, "locked", errno);
    return fail(ErrorKind::refused,
                "{} is in use: stop the daemon first (systemctl disable --now vitalgated)",
                store.string());
}

}  // namespace vitalgate::cli
