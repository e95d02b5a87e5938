#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/store/ageing.hpp"
#include "gateway/store/bookmark_table.hpp"
#include "gateway/store/command_table.hpp"
#include "gateway/store/database.hpp"
#include "gateway/store/key_ring.hpp"
#include "gateway/store/log_table.hpp"
#include "gateway/store/ranges_table.hpp"
#include "gateway/store/store.hpp"
#include "gateway/store/unfinished_salvage.hpp"
#include "gateway/store/unsent_losses.hpp"

namespace vitalgate::store {

/// The open store: its tables, what is counted in memory, and the rules of room and damage. Knows
/// no thread: whoever calls it does so from one thread at a time. Time comes with each call.
class Engine {
  public:
    /// Opens or creates; see Store::open. A new store gets its first record here. Without room to
    /// salvage a damaged one, an empty stand-in with a closed intake takes its place.
    static Result<std::unique_ptr<Engine>> open(StoreOptions options, const Clock& clock,
                                                const Log& log);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine() = default;

    [[nodiscard]] std::uint32_t boot() const { return boot_; }
    [[nodiscard]] const StoreStatus& status() const { return status_; }

    /// Runs `work` and everything that waits to be written in one transaction.
    /// ErrorKind::unavailable with the reason if intake is closed, or closes now: then nothing was
    /// stored.
    Status commit(const std::function<Status()>& work, const Moment& now);
    /// Writes what waits. While intake is closed for want of room or of the right to write, this is
    /// also the attempt to open it again.
    void flush(const Moment& now);

    // Parts of a transaction: only inside commit().
    Status append(std::vector<NewRow>& rows, const std::vector<BookmarkChange>& bookmarks,
                  const Moment& now, Appended& appended);
    CommandTable& commands() { return commands_; }
    Result<std::uint64_t> countConnection(const std::string& uplink);
    /// As counted so far.
    Result<std::uint64_t> connections(const std::string& uplink);

    // Reading, at any time.
    /// One step; true at the end. Rows that do not open are remembered, see loseDamaged().
    Result<bool> step(Fetch& fetch, const Moment& now);
    /// One step; true at the end. What is found is added, and `search.within` shortened.
    Result<bool> step(RowSearch& search, RangeSet& found, const Moment& now);
    RangesTable& ranges() { return ranges_; }
    Result<std::vector<BookmarkChange>> bookmarks(const std::string& deviceKey);

    [[nodiscard]] bool hasDamaged() const { return !damaged_.empty(); }
    /// Takes the rows that did not open out of the log and records their loss; where this fails
    /// they stay, and are found anew.
    Status loseDamaged(const Moment& now);

    /// Closes intake for good if the file is no longer where it was.
    void checkPlace(const Moment& now);

    /// True if the write-ahead log is long enough to be written back.
    [[nodiscard]] bool wantsCheckpoint() const;
    void checkpoint(const Moment& now);

    /// True if a salvage goes on in the open store, and does not wait for room.
    [[nodiscard]] bool isSalvaging(const Moment& now) const;
    /// Carries over a little of the damaged store. Without room for that it pauses for 10 minutes;
    /// intake stays open.
    void salvageStep(const Moment& now);

    /// True if there is so little room that history should go before its time, or if some of what
    /// is out of date was left for want of room on the disk, not long ago.
    [[nodiscard]] bool wantsPurge(const Moment& now) const;
    /// Removes a little of what is out of date. True if there may be more. Where the disk has no
    /// room for that it pauses for 10 minutes; intake stays open.
    bool purgeStep(const Moment& now);

  private:
    /// What a store knows of itself before its tables are used.
    struct Identity {
        std::string stream;
        KeyRing keys;
        std::uint32_t boot;
        std::optional<Error> unwritten{};  ///< why the number of the boot could not be written
    };
    Engine(Database database, Identity identity, const StoreOptions& options, const Log& log);
    static Result<Identity> identify(Database& database, const StoreOptions& options);
    static Result<std::unique_ptr<Engine>> openFile(const StoreOptions& options, const Moment& now,
                                                    const Log& log);
    static Result<std::unique_ptr<Engine>> openSalvaged(const StoreOptions& options,
                                                        const Error& damage, const Clock& clock,
                                                        const Log& log, std::string& damagedFile);
    static Result<std::unique_ptr<Engine>> standIn(const StoreOptions& options, const Error& reason,
                                                   const Moment& now, const Log& log);
    Status load(const Moment& now);
    Status start(const Moment& now);
    Status writeIdentity();
    void replaceStoreKey(const Moment& now);
    void tryAgain(const Moment& now);
    void tryWritable();
    Status transact(const std::function<Status()>& work, const Moment& now);
    Status attempt(const std::function<Status()>& work, const Moment& now);
    Status finish(std::uint64_t newestBefore, const Moment& now);
    Status writeWaitingEvents(const Moment& now);
    Status makeRoom(std::uint64_t newestBefore, const Moment& now);
    Status dropHistory(std::uint64_t target, std::uint64_t last);
    Status dropUndelivered(std::uint64_t target, std::uint64_t last, std::vector<LostRow>& lost);
    [[nodiscard]] bool isNearlyFull() const;
    Result<std::uint64_t> removeOutOfDate(const std::optional<Moment>& aged, const Moment& now);
    Result<std::vector<LostRow>> history(WallTime before, std::uint64_t last, std::size_t limit);
    Status eraseAndForget(const std::vector<LostRow>& rows, std::vector<LostRow>& lost);
    Status recordLoss(const std::vector<LostRow>& lost, v1::LossReason reason, const Moment& now);
    Status tellOfOtherStreams(const std::vector<LostRow>& lost, const Moment& now);
    Status recordQuotaLoss(const std::vector<LostRow>& lost, const Moment& now);
    Result<std::uint64_t> usedBytes();
    Status updateStatus(const Moment& now);
    [[nodiscard]] std::uint64_t undeliveredRows() const;
    static v1::Intake intakeAfter(ErrorKind kind);
    void failed(const Error& error, const Moment& now);
    void giveUp(const std::string& reason);

    Database database_;
    KeyRing keys_;
    LogTable log_;
    RangesTable ranges_;
    UnsentLosses losses_;
    CommandTable commands_;
    BookmarkTable bookmarks_;
    UnfinishedSalvage salvage_;
    Ageing ageing_;
    Duration keep_;
    std::uint64_t maximumBytes_;
    std::string path_;
    std::string stream_;
    std::string vfs_;
    std::string bootId_;
    std::uint32_t boot_;
    std::optional<Error> unwritten_;  ///< as in Identity
    Log out_;
    SteadyTime salvagePausedUntil_;
    SteadyTime purgePausedUntil_;
    bool isPurgeCutOff_ = false;  ///< for want of room
    bool isStandIn_ = false;      ///< in no file: waits for room to salvage the one that is damaged

    StoreStatus status_;
    std::string closedBecause_;
    RangeSet lostNow_;                   ///< by the transaction that runs
    std::vector<NewRow> waitingEvents_;  ///< of the store, until intake is open
    std::vector<LostRow> damaged_;
};

}  // namespace vitalgate::store
