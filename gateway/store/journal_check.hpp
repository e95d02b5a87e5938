#pragma once

#include <string>

#include "gateway/base/error.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::store {

/// The write-ahead log of the store at `path`.
std::string journalOf(const std::string& path);

/// Whether the write-ahead log of the store at `path` has commits that SQLite will not find,
/// because something in front of them is damaged. SQLite reads a journal up to the first frame that
/// does not pass its check, and takes the rest for the unfinished end that a power cut leaves. But
/// that is one transaction at most, since each is on the disk before the next one begins; two are
/// damage. So is a header that does not pass, unless all frames that can be checked without it are
/// in the store already: a header is on the disk before there are frames, and as it is replaced, at
/// most its own sector of those of the journal before is torn.
///
/// Damage within the last transaction looks like a power cut and is not found. Nor is damage within
/// the last but one where it hits the header of the frame that ends it, or its only frame, or where
/// the last begins with a higher page than the one before the frame that ends it.
///
/// What SQLite would meet too, a part that the disk does not give, is ErrorKind::unavailable;
/// behind the first frame that does not pass SQLite would not look: there it counts as commits.
Result<bool> hasLostCommits(const std::string& path);

/// Whether mendJournal() has something to do there. ErrorKind::unavailable if it cannot be read.
Result<bool> lacksHeader(const std::string& path);

/// The header of a journal (32 octets) says how its frames are checked; without it SQLite ignores
/// all of them. If that of the store at `path` does not pass its check, and the first frame shows
/// what it was, it is written anew, which the log says, and on the disk in the end. The first frame
/// alone is not believed: something else that it does not say must agree. What a power cut left as
/// SQLite replaced it is put right too: the frames of the journal before are whole then, and in the
/// store already. While another process has the store nothing is done. ErrorKind::full without
/// room to write it, unavailable if it cannot be written for another reason.
Status mendJournal(const std::string& path, const Log& log);

}  // namespace vitalgate::store
