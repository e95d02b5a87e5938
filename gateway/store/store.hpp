#pragma once

#include <asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/bytes.hpp"
#include "gateway/base/error.hpp"
#include "gateway/base/time.hpp"
#include "gateway/crypto/secret_key.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/store/range_set.hpp"
#include "vitalgate/v1/stream.pb.h"

namespace vitalgate::store {

/// A body for the log. The store sets Record.sequence inside the commit.
struct NewRow {
    v1::Record record;
    v1::Priority priority = v1::PRIORITY_READING;
    /// 16 octets that name the measurement for ever; a row whose id was seen is not stored again.
    /// Empty: never a duplicate (events, results).
    Bytes id;
};

struct BookmarkChange {
    std::string deviceKey;
    std::string name;
    std::string value;
};

/// What became of one append: `sequences` has one entry a row, 0 for a duplicate.
struct Appended {
    std::vector<std::uint64_t> sequences;
    std::uint32_t duplicates = 0;
};

/// A row as an uplink sends it: `bytes` is the serialised v1::Record.
struct StoredRow {
    std::uint64_t sequence = 0;
    v1::Priority priority = v1::PRIORITY_UNSPECIFIED;
    WallTime committed;
    std::string bytes;
};

/// Which rows are looked for: all of these conditions together.
struct RowSearch {
    Range within{1, kMaximumSequence};
    WallTime from = WallTime::min();  ///< committed then or later
    WallTime to = WallTime::max();    ///< committed then or earlier
};

/// The three sets of an uplink; see "Delivery state" in gateway/README.md.
struct DeliverySets {
    RangeSet sent;
    RangeSet stored;
    RangeSet again;
};

/// A command as the ledger keeps it, so that it is never run twice.
struct CommandEntry {
    std::string id;
    std::string keyId;
    std::string target;
    v1::CommandState state = v1::COMMAND_UNSPECIFIED;
    WallTime notAfter;
    Bytes digest;  ///< of the command's bytes
    std::optional<v1::CommandResult> result;
    std::uint64_t sequence = 0;  ///< Command.sequence
};

/// The highest sequence of commands, by key and target.
using CommandSequences = std::map<std::pair<std::string, std::string>, std::uint64_t>;

struct StoreStatus {
    std::string stream;  ///< empty while a damaged store waits for room to be salvaged
    std::uint64_t oldestHeld = 1;
    std::uint64_t newest = 0;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::uint64_t undeliveredBytes = 0;  ///< of these, about; the rest is history
    std::uint64_t appendedBytes = 0;     ///< since the start, whatever has gone since
    SteadyTime changed;                  ///< when these numbers were true
    /// Until undelivered rows fill the store, at the rate of the last day; at most 400.
    double daysLeft = 400;
    /// What comes within StoreOptions::keep does not fit the maximum size, at the rate of a day.
    bool isTooSmall = false;
    v1::Intake intake = v1::INTAKE_OPEN;
    bool isDamaged = false;  ///< it is closed for good, and the next start salvages it
};

struct StoreOptions {
    std::string path;  ///< the file; its folder must exist
    Duration keep = std::chrono::days{30};
    static constexpr std::uint64_t kSmallestMaximum = 256 * 1024;
    std::uint64_t maximumBytes = 512ULL * 1024 * 1024;  ///< at least kSmallestMaximum
    /// Names of the uplinks: a row is history once all of them have it stored. Empty: those that
    /// ever asked for their sets.
    std::vector<std::string> uplinks;
    crypto::SecretKey key;  ///< wraps the keys that seal the rows
    /// The one before it, if the store may still have it: `key` then takes its place. Unset: none.
    crypto::SecretKey previousKey;
    /// How long a start may take to carry over what a damaged store has; the rest follows while the
    /// store is in use.
    Duration salvageLimit = std::chrono::seconds{3};
    /// Names this start of the kernel; empty: what /proc/sys/kernel/random/boot_id says.
    std::string bootId;
    /// SQLite's layer to the operating system; empty: its default.
    std::string vfs;
};

/// All durable state of the hub, in one SQLite file with one connection on one thread of its own.
/// Every function is called on the loop's thread and returns at once; every callback runs on the
/// loop, in the order of the calls of its kind. A callback that comes with an error means that
/// nothing of that call was stored.
class Store {
  public:
    /// Opens or creates the file. Blocks: for the start only. Tells the clock the number of this
    /// boot. A damaged file is moved into the folder `damaged` beside it, and a new store begins
    /// with what can be carried over. Whatever else is wrong, the file stays as it is:
    /// ErrorKind::refused for a foreign or newer one, authentication for another key, unavailable
    /// if it cannot be written or another process has it. `log` is also written to from the store's
    /// thread.
    static Result<std::unique_ptr<Store>> open(StoreOptions options, Clock& clock, Log log);

    virtual ~Store() = default;

    /// All of it in one transaction. ErrorKind::invalid for what can never be stored; unavailable
    /// while intake is closed, with the reason, or while the disk cannot keep up. After a disk
    /// error (INTAKE_CLOSED_FAULT, until the next start) an append that was answered with an error
    /// may be on the disk all the same; its id then makes it a duplicate.
    virtual void append(std::vector<NewRow> rows, std::vector<BookmarkChange> bookmarks,
                        std::function<void(Result<Appended>)> done) = 0;

    /// At most `maximumBytes` (but at least one row) of rows with first <= sequence <= last that
    /// are not in `except`, ascending. Fewer, or none, at the end.
    virtual void fetch(Range within, RangeSet except, std::uint64_t maximumBytes,
                       std::function<void(Result<std::vector<StoredRow>>)> done) = 0;

    /// The sequences of the rows that are held and meet the search, as at most 64 ranges (beyond
    /// that the smallest gaps are filled). Reads the table in small steps: a million rows take
    /// seconds.
    virtual void search(RowSearch search, std::function<void(Result<RangeSet>)> done) = 0;

    /// The sets as last saved; empty for an uplink never seen. Lost rows have joined `sent` and
    /// `stored`.
    virtual void loadSets(std::string uplink, std::function<void(Result<DeliverySets>)> done) = 0;
    /// Rides in the next commit of rows; alone after 10 s or with `now`.
    virtual void saveSets(std::string uplink, DeliverySets sets, bool now) = 0;

    virtual void loadBookmarks(std::string deviceKey,
                               std::function<void(Result<std::vector<BookmarkChange>>)> done) = 0;

    /// Stores the entry if its id is new; else gives the one that is there.
    virtual void beginCommand(CommandEntry entry,
                              std::function<void(Result<std::optional<CommandEntry>>)> done) = 0;
    /// The final result goes into ledger and log in one transaction.
    virtual void finishCommand(CommandEntry entry, NewRow result,
                               std::function<void(Result<Appended>)> done) = 0;

    /// The entries that were begun and not finished, at most 256: at a start those of an earlier
    /// life.
    virtual void openCommands(std::function<void(Result<std::vector<CommandEntry>>)> done) = 0;
    /// Of the commands in the ledger that have run, or may have: neither refused nor expired.
    virtual void commandSequences(std::function<void(Result<CommandSequences>)> done) = 0;

    /// The number of connections this uplink has made in the hub's life, this one included.
    virtual void countConnection(std::string uplink,
                                 std::function<void(Result<std::uint64_t>)> done) = 0;

    /// `alive` once the store's thread has come to the end of the step that it is at. That the file
    /// was removed is noticed there, too.
    virtual void probe(std::function<void()> alive) = 0;

    /// Runs on the loop after every commit that added rows, with the highest sequence.
    virtual void onCommitted(std::function<void(std::uint64_t newest)> listener) = 0;

    [[nodiscard]] virtual StoreStatus status() const = 0;
    /// Number of this start of the kernel, from 1.
    [[nodiscard]] virtual std::uint32_t boot() const = 0;

    /// Commits what is waiting and closes the file; nothing may be called afterwards. Blocks, at
    /// most as long as one commit takes.
    virtual void close() = 0;
};

}  // namespace vitalgate::store
