#pragma once

#include <string>

namespace vitalgate::store {

/// Whether the write-ahead log at `path` has commits that SQLite will not find, because something
/// in front of them is damaged. SQLite reads a journal up to the first frame that does not pass its
/// check, and takes the rest for the unfinished end that a power cut leaves. But that is one
/// transaction at most, since each is on the disk before the next one begins; two are damage.
///
/// Damage within the last two transactions, or in the header of the journal (32 octets, behind
/// which it does not count at all), looks like a power cut and is not found.
bool hasLostCommits(const std::string& path);

}  // namespace vitalgate::store
