#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/error.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/store/database.hpp"
#include "gateway/store/migration.hpp"

namespace vitalgate::store {

/// Checks that a store can live at `path` and, if there is a file, that it is one of ours, of a
/// known version and whole: all that can be known without changing a bit of it, but for a damaged
/// header of its journal, which is mended. Makes a new empty store if there is none; it appears
/// whole or not at all. The file gets mode 0600, and SQLite gives its journal the same. Then opens
/// it: write-ahead log, every commit on the disk before it counts, no other process or connection
/// let in, never memory-mapped. One of an earlier layout is brought forward. One on
/// a medium that is mounted read-only is opened as Database::openReadOnly() does.
///
/// ErrorKind::refused: no regular file, one of a newer version, or of an earlier one that cannot be
/// brought forward because its medium cannot be written. damaged: not whole, or marked so
/// (see markDamaged()), or nothing of ours: see checkWasStoreFile(). unavailable: not this
/// user's to write, the folder neither, in use, or to be made or mended on a read-only medium.
/// full: no room to make it or bring it forward. Each with a sentence of its own.
Result<Database> openStoreFile(const std::string& path, const std::string& vfs, const Log& log,
                               const Layout& layout = currentLayout());

/// For a file that counts as damaged and in which no store can be found. ErrorKind::refused if
/// there was none before either: another program's file.
Status checkWasStoreFile(const std::string& path);

/// Whether all that never changes in the header of a store stands in that of the file.
bool hasIntactHeader(const std::string& path);
/// What can be read in the place of the first page of the file at `path`: that of a new store. Its
/// tables are at the same places, because every store is made by the same statements.
Result<Bytes> firstPageFor(const std::string& path);

/// An empty store that is in no file, with a stream of its own.
Result<Database> temporaryStore();

/// An empty store in a new file at `path`, with a stream of its own, in the place of any that is
/// there; mode 0600. It is on the disk, its name may not be yet.
Status makeStoreFile(const std::string& path, const std::string& vfs);

/// Anything SQLite cannot make sense of is damage: the statements are ours.
Error asDamage(Error error);

}  // namespace vitalgate::store
