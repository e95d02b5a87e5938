#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "gateway/base/error.hpp"

namespace vitalgate {

/// What an error number of an open or a read means: notFound; unavailable if it passes by itself,
/// so that nobody has to act (a disk or a file server that fails at the moment, no descriptor or
/// memory left); else refused.
ErrorKind kindOfReadErrno(int number);

/// Fills `room` from where the open file stands. How many octets there were: fewer than there is
/// room only at its end. The error has the kind of kindOfReadErrno and no path in front.
Result<std::size_t> readUpTo(int descriptor, std::span<std::byte> room);
/// The same from the beginning of the file at `path`.
Result<std::size_t> readFile(const std::string& path, std::span<std::byte> room);

/// Whether there is anything of this name. ErrorKind::unavailable if the disk does not say:
/// whatever is decided by it must not be decided then.
Result<bool> isThere(const std::string& path);

/// The folder that a file is in: "." where its path names none.
std::string folderOf(const std::string& path);

/// Returns when the names in the folder are on the disk. ErrorKind::full for want of room, else
/// unavailable.
Status syncFolder(const std::string& folder);

}  // namespace vitalgate
