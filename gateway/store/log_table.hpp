#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/store/database.hpp"
#include "gateway/store/key_ring.hpp"
#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// What is left of a row that goes, for the record of its loss.
struct LostRow {
    std::uint64_t sequence = 0;
    v1::Priority priority = v1::PRIORITY_UNSPECIFIED;
    WallTime time;
    bool tellsLoss = false;  ///< it said which rows before it were lost
};

/// A fetch on its way: each step goes on where the last one ended.
struct Fetch {
    std::uint64_t next = 1;
    std::uint64_t last = 0;
    RangeSet except;
    std::uint64_t maximumBytes = 0;
    std::uint64_t bytes = 0;
    std::vector<StoredRow> rows;
    std::vector<LostRow> damaged;  ///< rows that did not open
};

/// Of a row of table `log`: its first columns are sequence, type, priority, time, boot, key.
RowHeader headerOf(const Query& query);

/// The kind of a row as column `type` has it: 100 times the field number in Record, and for an
/// event plus the field number of what happened.
int typeOf(const v1::Record& record);

/// Tables `log` and `seen`. All changes belong inside a transaction of the caller, who also keeps
/// the counters: saveCounters() at its end, restore() if it fails.
class LogTable {
  public:
    struct Counters {
        std::uint64_t next = 1;  ///< the sequence that the next row gets
        std::uint64_t rows = 0;
        std::uint64_t appendedBytes = 0;  ///< since load(), about what they take in the file
        bool operator==(const Counters&) const = default;
    };

    LogTable(Database& database, const KeyRing& keys) : database_(database), keys_(keys) {}

    /// ErrorKind::damaged if the counter is behind a row.
    Status load();
    /// Writes the counters if they changed; saved() tells that the transaction is committed.
    Status saveCounters();
    void saved() { saved_ = counters_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    void restore(const Counters& counters) { counters_ = counters; }

    /// The row's sequence; 0 if a row with its id was stored before.
    Result<std::uint64_t> insert(NewRow& row, const Moment& now);

    /// Reads on, about 64 KiB or 128 rows. True at the end of the fetch.
    Result<bool> step(Fetch& fetch);

    /// Looks at the next 256 rows. True at the end of the search.
    Result<bool> step(RowSearch& search, RangeSet& found);

    /// The lowest sequence there is; `next` if there is no row.
    Result<std::uint64_t> oldest();
    /// The number of the data key that sealed that row; without rows the one that seals now.
    /// Nothing if the row does not open or is not the oldest one: a page is damaged there.
    Result<std::optional<std::uint32_t>> oldestKey();

    /// At most `limit` rows of `range` ascending, up to the first one not older than `before`.
    Result<std::vector<LostRow>> olderThan(WallTime before, Range range, std::size_t limit);
    /// At most `limit` rows of this priority in `range`, ascending. Loss records are not among
    /// them: nothing else says what they say.
    Result<std::vector<LostRow>> ofPriority(v1::Priority priority, Range range, std::size_t limit);

    /// True if the row was there.
    Result<bool> erase(std::uint64_t sequence);
    /// The measurement of this row, met again, is new.
    Status forgetId(std::uint64_t sequence);
    /// Forgets ids of rows below `sequence`, at most `limit`; gives how many it were.
    Result<std::uint64_t> forgetIdsBelow(std::uint64_t sequence, std::size_t limit);

  private:
    void take(const Query& query, Fetch& fetch);

    Database& database_;
    const KeyRing& keys_;
    Counters counters_;
    Counters saved_;  ///< as they stand in the file
};

}  // namespace vitalgate::store
