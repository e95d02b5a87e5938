#pragma once

#include <filesystem>

#include "gateway/base/error.hpp"

/// Files that must not come back. Each function is done when the disk has it, and may be called
/// again when it was cut off: what is not there any more is no error.
namespace vitalgate::cli {

/// Overwrites the file with random octets, then removes it. A symbolic link is only removed. True
/// if there was one. ErrorKind::authentication without the right to, unavailable for all else.
Result<bool> overwriteAndRemove(const std::filesystem::path& file);

/// Removes the file, or the folder with all that is in it.
Result<bool> removeForGood(const std::filesystem::path& path);

/// The lock that keeps a daemon away from a store file, as long as this lives.
class StoreLock {
  public:
    /// Nothing to lock if there is no file. ErrorKind::refused if a daemon has it.
    static Result<StoreLock> take(const std::filesystem::path& store);
    StoreLock(StoreLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
    StoreLock(const StoreLock&) = delete;
    StoreLock& operator=(const StoreLock&) = delete;
    StoreLock& operator=(StoreLock&&) = delete;
    ~StoreLock();

  private:
    explicit StoreLock(int file) : file_(file) {}
    int file_;
};

}  // namespace vitalgate::cli
