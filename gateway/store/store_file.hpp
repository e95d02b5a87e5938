#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/error.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/store/database.hpp"

namespace vitalgate::store {

/// Stands in the header of every store file: "VGsd".
inline constexpr std::uint32_t kApplicationId = 0x56477364;
/// The layout that this program reads and writes.
inline constexpr std::uint32_t kSchemaVersion = 1;

/// Checks that a store can live at `path` and, if there is a file, that it is one of ours, of a
/// known version and whole: all that can be known without changing a bit of it. Makes a new empty
/// store if there is none; it appears whole or not at all. The file gets mode 0600, and SQLite
/// gives its journal the same. Then opens it: write-ahead log, every commit on the disk before it
/// counts, no other process or connection let in, never memory-mapped.
///
/// ErrorKind::refused: another program's file, or one of a newer version. damaged: not whole, or
/// marked so (see markDamaged()). unavailable: cannot be written, the folder neither, or in use.
/// Each with a sentence of its own.
Result<Database> openStoreFile(const std::string& path, const std::string& vfs, const Log& log);

/// An empty store in a new file at `path`, with a stream of its own, in the place of any that is
/// there; mode 0600. It is on the disk, its name may not be yet.
Status makeStoreFile(const std::string& path, const std::string& vfs);

/// Anything SQLite cannot make sense of is damage: the statements are ours.
Error asDamage(Error error);

}  // namespace vitalgate::store
