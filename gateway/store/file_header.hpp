#pragma once

#include <cstdint>

#include "gateway/base/bytes.hpp"
#include "gateway/base/error.hpp"

namespace vitalgate::store {

/// Stands in the header of every store file: "VGsd".
inline constexpr std::uint32_t kApplicationId = 0x56477364;
inline constexpr std::uint32_t kPageSize = 4096;
inline constexpr std::size_t kHeaderSize = 100;

/// The number at this place of a file of SQLite, which must have it: big-endian, of four octets.
std::uint32_t numberAt(ByteView octets, std::size_t at);

/// Whether a file of `size` octets that begins with `header` (at most kHeaderSize of them) is a
/// whole store of a layout up to `newestVersion`, as far as the header tells. Without a clean end
/// what the file lacks may be in its journal. ErrorKind::damaged, refused for a newer layout.
Status checkHeader(ByteView header, std::uint64_t size, bool endedCleanly,
                   std::uint32_t newestVersion);

/// Whether all that never changes in the header of a store stands there.
bool hasConstants(ByteView header);

/// ErrorKind::refused if a file that begins so, and in which no store is found, was none before
/// either. A header of zeros, of ones (what an erased memory card reads as) or with three of the
/// four octets of our mark was one.
Status checkWasStore(ByteView header);

/// The header of the first page of a store, whichever it is, as far as reading needs it: SQLite
/// counts the pages itself. `hasJournal`: a write-ahead log belongs to it.
void makeReadable(Bytes& firstPage, bool hasJournal);

}  // namespace vitalgate::store
