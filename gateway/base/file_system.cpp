#include "gateway/base/file_system.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "gateway/base/descriptor.hpp"

namespace vitalgate {

namespace {

constexpr std::array kPassing{EIO, EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, ESTALE, ETIMEDOUT};

std::unexpected<Error> cannotBeRead() {
    return fail(kindOfReadErrno(errno), "cannot be read: {}", std::strerror(errno));
}

}  // namespace

ErrorKind kindOfReadErrno(int number) {
    if (number == ENOENT || number == ENOTDIR) return ErrorKind::notFound;
    const bool passes = std::ranges::find(kPassing, number) != kPassing.end();
    return passes ? ErrorKind::unavailable : ErrorKind::refused;
}

Result<std::size_t> readUpTo(int descriptor, std::span<std::byte> room) {
    std::size_t size = 0;
    while (size < room.size()) {
        const auto got = ::read(descriptor, room.data() + size, room.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannotBeRead();
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    return size;
}

Result<std::size_t> readFile(const std::string& path, std::span<std::byte> room) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.value < 0) return cannotBeRead();
    return readUpTo(file.value, room);
}

Result<bool> isThere(const std::string& path) {
    struct stat state{};
    if (::lstat(path.c_str(), &state) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return fail(ErrorKind::unavailable, "{} cannot be looked up: {}", path, std::strerror(errno));
}

std::string folderOf(const std::string& path) {
    const auto folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

Status syncFolder(const std::string& folder) {
    const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file.value >= 0 && ::fsync(file.value) == 0) return {};
    return fail(kindOfErrno(errno), "{} cannot be written to disk: {}", folder,
                std::strerror(errno));
}

}  // namespace vitalgate
