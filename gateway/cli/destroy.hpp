#pragma once

#include <filesystem>
#include <utility>

#include "gateway/base/descriptor.hpp"
#include "gateway/base/error.hpp"

/// Files that must not come back. Each function is done when the disk has it, and may be called
/// again when it was cut off: what is not there any more is no error.
namespace vitalgate::cli {

// True if there was one. ErrorKind::authentication without the right to, refused for what is no
// file, unavailable for all else.
/// Overwrites the file with random octets, then removes it. A symbolic link is only removed.
Result<bool> overwriteAndRemove(const std::filesystem::path& file);
Result<bool> removeFile(const std::filesystem::path& file);

/// Removes the folder if nothing is in it, else leaves it. True if it was removed.
Result<bool> removeEmptyFolder(const std::filesystem::path& folder);

/// The lock that keeps a daemon away from a store file, as long as this lives.
class StoreLock {
  public:
    /// Nothing to lock if there is no file. ErrorKind::refused if a daemon has it.
    static Result<StoreLock> take(const std::filesystem::path& store);

  private:
    explicit StoreLock(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

}  // namespace vitalgate::cli
