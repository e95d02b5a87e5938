#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/store/database.hpp"
#include "gateway/store/key_ring.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// Table `command`: which commands were begun, and how they ended. An entry stays at least until
/// its command has been out of date for an hour, and at most 7 days longer than that command was
/// good for; there are at most 10,000.
class CommandTable {
  public:
    static constexpr std::uint64_t kMaximumEntries = 10'000;
    static constexpr std::uint64_t kMaximumOpen = 256;
    /// What entryOf() wants of a row, in this order.
    static constexpr std::string_view kColumns =
        "id, key_id, target, sequence, state, not_after, digest, result";

    CommandTable(Database& database, const KeyRing& keys) : database_(database), keys_(keys) {}

    /// `known`: the entry of that id if there is one already, else nothing and the entry is
    /// stored; ErrorKind::full if 10,000 that are still good are in the way. The status tells of
    /// the database alone.
    Status begin(const CommandEntry& entry, const Moment& now,
                 Result<std::optional<CommandEntry>>& known);
    /// Stores the entry, in the place of an earlier one of that id.
    Status put(const CommandEntry& entry);
    Result<std::optional<CommandEntry>> find(const std::string& id);
    [[nodiscard]] CommandEntry entryOf(const Query& query) const;
    /// Those without a final state, at most kMaximumOpen.
    Result<std::vector<CommandEntry>> open();
    /// Adds the sequences of the next entries behind that rowid that have run, or may have, and
    /// moves it on; true at the end.
    Result<bool> addSequences(std::int64_t& after, CommandSequences& highest);
    /// Removes what is out of date, if the clock can be trusted.
    Status purge(const Moment& now);

  private:
    Result<std::uint64_t> count();

    Database& database_;
    const KeyRing& keys_;
};

}  // namespace vitalgate::store
