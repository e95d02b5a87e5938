#include "gateway/store/engine.hpp"

#include <array>

#include "gateway/base/failpoint.hpp"
#include "gateway/store/damaged_file.hpp"
#include "gateway/store/loss_entries.hpp"
#include "gateway/store/meta_table.hpp"
#include "gateway/store/store_events.hpp"
#include "gateway/store/store_file.hpp"

namespace vitalgate::store {

namespace {

constexpr int kCheckpointPages = 512;
constexpr std::size_t kPurgeRows = 200;
constexpr std::size_t kPurgeIds = 500;
constexpr std::size_t kRoomRows = 8;
/// Room is made in steps of a hundredth of the maximum, but at least of this: the records of what
/// is lost and the sets of the uplinks need some of it.
constexpr std::uint64_t kLeastRoom = 16 * 1024;
constexpr std::size_t kWaitingEvents = 8;
/// Of work that can wait and for which there is no room: leaves what there is to what is measured.
constexpr Duration kPause = std::chrono::minutes{10};

/// One id is kept for each so many octets of the maximum size: a tenth of it at most.
constexpr std::uint64_t kBytesPerId = 512;

/// What goes first when undelivered rows must go.
constexpr std::array kFirstToGo{v1::PRIORITY_SERIES, v1::PRIORITY_READING, v1::PRIORITY_ALARM};

}  // namespace

v1::Intake Engine::intakeAfter(ErrorKind kind) {
    if (kind == ErrorKind::full) return v1::INTAKE_CLOSED_FULL;
    if (kind == ErrorKind::refused) return v1::INTAKE_CLOSED_READ_ONLY;
    return v1::INTAKE_CLOSED_FAULT;
}

Status Engine::commit(const std::function<Status()>& work, const Moment& now) {
    if (status_.intake == v1::INTAKE_OPEN) {
        if (auto done = transact(work, now); done) return {};
    }
    return fail(ErrorKind::unavailable, "intake is closed: {}", closedBecause_);
}

void Engine::flush(const Moment& now) {
    if (status_.intake == v1::INTAKE_CLOSED_FAULT) return;
    if (isStandIn_) return tryAgain(now);
    if (database_.isReadOnly()) return tryWritable();
    const bool wasClosed = status_.intake != v1::INTAKE_OPEN;
    const auto done = transact([] { return Status{}; }, now);
    if (!done || !wasClosed) return;
    out_.info("intake is open again");
    replaceStoreKey(now);
}

Status Engine::transact(const std::function<Status()>& work, const Moment& now) {
    auto done = attempt(work, now);
    if (!done) failed(done.error(), now);
    return done;
}

Status Engine::attempt(const std::function<Status()>& work, const Moment& now) {
    const auto before = log_.counters();
    lostNow_ = {};
    auto done = database_.checkPlace();
    if (done) done = database_.run("BEGIN IMMEDIATE");
    if (done && unwritten_) done = writeIdentity();
    const auto rotated = done ? keys_.rotateIfDue(database_, before.next, now.wall)
                              : Result<bool>(std::unexpected(done.error()));
    if (!rotated) done = std::unexpected(rotated.error());
    if (done) done = work();
    if (done) done = finish(before.next - 1, now);
    failpoint("store.commit");
    if (done) done = database_.run("COMMIT");
    if (!done) {
        database_.rollBack();
        log_.restore(before);
        keys_.rolledBack();
        return done;
    }
    failpoint("store.committed");
    unwritten_.reset();
    log_.saved();
    keys_.committed();
    if (*rotated) out_.info("new rows are sealed with data key {}", keys_.current());
    ranges_.committed(lostNow_);
    waitingEvents_.clear();
    status_.intake = v1::INTAKE_OPEN;
    // What is committed is committed, whatever reading it back says.
    if (const auto updated = updateStatus(now); !updated) failed(updated.error(), now);
    return {};
}

Status Engine::finish(std::uint64_t newestBefore, const Moment& now) {
    auto done = writeWaitingEvents(now);
    if (done) done = makeRoom(newestBefore, now);
    failpoint("store.write-sets");
    if (done) done = ranges_.write(lostNow_);
    if (done) done = log_.saveCounters();
    return done;
}

Status Engine::writeWaitingEvents(const Moment& now) {
    auto events = waitingEvents_;
    if (status_.intake != v1::INTAKE_OPEN) {
        events.push_back(storeEvent(now, v1::SEVERITY_INFO, v1::STORE_INTAKE_OPEN,
                                    "The store takes readings again."));
    }
    for (auto& event : events) {
        if (auto inserted = log_.insert(event, now); !inserted) {
            return std::unexpected(inserted.error());
        }
    }
    return {};
}

Status Engine::append(std::vector<NewRow>& rows, const std::vector<BookmarkChange>& bookmarks,
                      const Moment& now, Appended& appended) {
    for (auto& row : rows) {
        const auto sequence = log_.insert(row, now);
        if (!sequence) return std::unexpected(sequence.error());
        appended.sequences.push_back(*sequence);
        if (*sequence == 0) ++appended.duplicates;
    }
    for (const auto& bookmark : bookmarks) {
        if (auto put = bookmarks_.put(bookmark); !put) return put;
    }
    return {};
}

Result<std::uint64_t> Engine::countConnection(const std::string& uplink) {
    ranges_.get(uplink);
    return store::countConnection(database_, uplink);
}

Result<std::uint64_t> Engine::connections(const std::string& uplink) {
    return store::connections(database_, uplink);
}

Result<bool> Engine::step(Fetch& fetch, const Moment& now) {
    fetch.last = std::min(fetch.last, log_.counters().next - 1);
    auto ended = log_.step(fetch);
    if (!ended) failed(ended.error(), now);
    if (!fetch.damaged.empty() && status_.intake != v1::INTAKE_OPEN) {
        // Their loss cannot be recorded now, and nothing may stand for them before it is.
        const auto first = fetch.damaged.front().sequence;
        fetch.damaged.clear();
        std::erase_if(fetch.rows, [first](const StoredRow& row) { return row.sequence > first; });
        if (ended && !fetch.rows.empty()) return true;
        return fail(ErrorKind::unavailable, "a damaged record cannot be recorded as lost yet");
    }
    damaged_.insert(damaged_.end(), fetch.damaged.begin(), fetch.damaged.end());
    fetch.damaged.clear();
    return ended;
}

Result<bool> Engine::step(RowSearch& search, RangeSet& found, const Moment& now) {
    auto ended = log_.step(search, found);
    if (!ended) failed(ended.error(), now);
    return ended;
}

Result<std::vector<BookmarkChange>> Engine::bookmarks(const std::string& deviceKey) {
    auto loaded = bookmarks_.load(deviceKey);
    if (!loaded) return std::unexpected(loaded.error());
    if (loaded->damaged > 0) {
        out_.warning("{} bookmarks of device {} are damaged and left out", loaded->damaged,
                     deviceKey);
    }
    return std::move(loaded->bookmarks);
}

Status Engine::loseDamaged(const Moment& now) {
    const auto rows = std::exchange(damaged_, {});
    std::vector<LostRow> lost;
    const auto done = commit(
        [&] {
            auto erased = eraseAndForget(rows, lost);
            return erased ? recordLoss(lost, v1::LOSS_DAMAGED, now) : erased;
        },
        now);
    for (const auto& row : lost) {
        if (done) out_.error("record {} is damaged; its loss is recorded", row.sequence);
    }
    return done;
}

bool Engine::isSalvaging(const Moment& now) const {
    return salvage_.isPending() && status_.intake == v1::INTAKE_OPEN &&
           now.uptime >= salvagePausedUntil_;
}

void Engine::salvageStep(const Moment& now) {
    const auto done = attempt([&] { return salvage_.step(now); }, now);
    if (done) return salvage_.committed();
    salvage_.rolledBack();
    if (done.error().kind != ErrorKind::full) return failed(done.error(), now);
    // What is measured now may still find room: intake stays open.
    const auto mayGo = [this](const std::string& file) { return !salvage_.needs(file); };
    if (removeDamagedFile(path_, mayGo, out_)) return;
    salvagePausedUntil_ = now.uptime + kPause;
    out_.warning("the salvage of the damaged store waits for room: {}", done.error().message);
}

void Engine::checkPlace(const Moment& now) {
    if (const auto done = database_.checkPlace(); !done) failed(done.error(), now);
}

bool Engine::wantsCheckpoint() const {
    // One that failed is tried again with the next write: it must not keep reads from their turn.
    return database_.walPages() >= kCheckpointPages && status_.intake == v1::INTAKE_OPEN;
}

void Engine::checkpoint(const Moment& now) {
    failpoint("store.checkpoint");
    if (const auto done = database_.checkpoint(); !done) failed(done.error(), now);
    failpoint("store.checkpoint-done");
}

void Engine::failed(const Error& error, const Moment& now) {
    if (status_.intake == v1::INTAKE_CLOSED_FAULT) return;
    const bool wasOpen = status_.intake == v1::INTAKE_OPEN;
    // Of what is not written nothing can be half written: what can be read of it is sent.
    if (database_.isReadOnly() && !wasOpen) return;
    if (asDamage(error).kind == ErrorKind::damaged) {
        status_.isDamaged = true;
        if (const auto marked = markDamaged(path_); !marked)
            out_.error("{}", marked.error().message);
    }
    if (intakeAfter(error.kind) == v1::INTAKE_CLOSED_FAULT) return giveUp(error.message);
    status_.intake = intakeAfter(error.kind);
    closedBecause_ = error.message;
    salvagePausedUntil_ = now.uptime + kPause;
    if (!wasOpen) return;
    out_.error("intake is closed: {}", error.message);
    if (waitingEvents_.size() < kWaitingEvents) {
        waitingEvents_.push_back(storeEvent(now, v1::SEVERITY_ALARM, v1::STORE_INTAKE_CLOSED,
                                            "The store took no more readings: " + error.message));
    }
}

/// Nothing tells what of the last write is on the disk. What is there is found at the next start;
/// writing on could make a wrong half of it count.
void Engine::giveUp(const std::string& reason) {
    status_.intake = v1::INTAKE_CLOSED_FAULT;
    closedBecause_ = reason;
    database_.writeBackAtClose(false);
    out_.error("{}: no more is written until the next start", reason);
}

Status Engine::updateStatus(const Moment& now) {
    const auto oldest = log_.oldest();
    if (!oldest) return std::unexpected(oldest.error());
    const auto used = usedBytes();
    if (!used) return std::unexpected(used.error());
    // Nothing is ever counted in the one of a stand-in: nobody is to know of it.
    status_.stream = isStandIn_ ? std::string() : stream_;
    status_.oldestHeld = *oldest;
    status_.newest = log_.counters().next - 1;
    status_.rows = log_.counters().rows;
    status_.bytes = *used;
    status_.undeliveredBytes =
        status_.rows > 0 ? *used / status_.rows * std::min(undeliveredRows(), status_.rows) : 0;
    status_.appendedBytes = log_.counters().appendedBytes;
    status_.changed = now.uptime;
    return {};
}

std::uint64_t Engine::undeliveredRows() const {
    auto rows = log_.counters().next - 1;
    const auto delivered = ranges_.storedByAll().commonWith(RangeSet(Range{1, rows}));
    for (const auto& range : delivered.ranges()) rows -= range.last - range.first + 1;
    return rows;
}

Result<std::uint64_t> Engine::usedBytes() {
    const auto pages = database_.integer("PRAGMA page_count");
    const auto unused = database_.integer("PRAGMA freelist_count");
    const auto size = database_.integer("PRAGMA page_size");
    for (const auto* number : {&pages, &unused, &size}) {
        if (!*number) return std::unexpected(number->error());
    }
    return static_cast<std::uint64_t>((*pages - *unused) * *size);
}

bool Engine::isNearlyFull() const {
    return status_.bytes > maximumBytes_ / 100 * 95;
}

Result<std::vector<LostRow>> Engine::history(WallTime before, std::uint64_t last,
                                             std::size_t limit) {
    std::vector<LostRow> rows;
    for (const auto& range : ranges_.storedByAll().ranges()) {
        const Range held{range.first, std::min(range.last, last)};
        if (held.first > held.last || rows.size() >= limit) break;
        const auto found = log_.olderThan(before, held, limit - rows.size());
        if (!found) return found;
        rows.insert(rows.end(), found->begin(), found->end());
    }
    return rows;
}

bool Engine::wantsPurge(const Moment& now) const {
    return (isNearlyFull() || isPurgeCutOff_) && now.uptime >= purgePausedUntil_;
}

bool Engine::purgeStep(const Moment& now) {
    const auto aged = ageing_.believed(now);
    if (status_.intake != v1::INTAKE_OPEN || (!aged && !isNearlyFull())) return false;
    std::uint64_t removed = 0;
    const auto done = attempt(
        [&]() -> Status {
            const auto count = removeOutOfDate(aged, now);
            if (!count) return std::unexpected(count.error());
            removed = *count;
            if (auto purged = commands_.purge(aged.value_or(now)); !purged) return purged;
            const auto oldest = log_.oldestKey();
            if (!oldest) return std::unexpected(oldest.error());
            return *oldest ? keys_.dropUnused(database_, **oldest) : Status{};
        },
        now);
    isPurgeCutOff_ = !done && done.error().kind == ErrorKind::full;
    if (isPurgeCutOff_) {
        // As with a salvage: what is measured now may still find room.
        purgePausedUntil_ = now.uptime + kPause;
        out_.warning("what is out of date stays for now: {}", done.error().message);
    } else if (!done) {
        failed(done.error(), now);
    }
    return done && removed > 0;
}

/// Rows and ids.
Result<std::uint64_t> Engine::removeOutOfDate(const std::optional<Moment>& aged,
                                              const Moment& now) {
    const auto before = isNearlyFull() ? WallTime::max() : aged.value_or(now).wall - keep_;
    const auto newest = log_.counters().next - 1;
    const auto keptIds = maximumBytes_ / kBytesPerId;
    const auto rows = history(before, newest, kPurgeRows);
    if (!rows) return std::unexpected(rows.error());
    for (const auto& row : *rows) {
        if (auto erased = log_.erase(row.sequence); !erased) {
            return std::unexpected(erased.error());
        }
    }
    const auto ids = log_.forgetIdsBelow(newest > keptIds ? newest - keptIds : 0, kPurgeIds);
    if (!ids) return std::unexpected(ids.error());
    return rows->size() + *ids;
}

Status Engine::makeRoom(std::uint64_t newestBefore, const Moment& now) {
    auto used = usedBytes();
    if (!used) return std::unexpected(used.error());
    if (*used <= maximumBytes_) return {};
    const auto target = maximumBytes_ - std::max(maximumBytes_ / 100, kLeastRoom);
    std::vector<LostRow> lost;
    failpoint("store.make-room");
    auto done = dropHistory(target, newestBefore);
    if (done) done = dropUndelivered(target, newestBefore, lost);
    failpoint("store.record-loss");
    if (done) done = recordQuotaLoss(lost, now);
    failpoint("store.loss-recorded");
    if (!done) return done;
    used = usedBytes();
    if (!used) return std::unexpected(used.error());
    if (*used > maximumBytes_) {
        return fail(ErrorKind::full,
                    "the store has its maximum size of {} octets and nothing more that may go",
                    maximumBytes_);
    }
    if (!lost.empty()) out_.error("{} undelivered records gave way: maximum size", lost.size());
    return {};
}

Status Engine::dropHistory(std::uint64_t target, std::uint64_t last) {
    for (;;) {
        const auto used = usedBytes();
        if (!used) return std::unexpected(used.error());
        if (*used <= target) return {};
        const auto rows = history(WallTime::max(), last, kRoomRows);
        if (!rows) return std::unexpected(rows.error());
        if (rows->empty()) return {};
        for (const auto& row : *rows) {
            if (auto erased = log_.erase(row.sequence); !erased) {
                return std::unexpected(erased.error());
            }
        }
    }
}

Status Engine::dropUndelivered(std::uint64_t target, std::uint64_t last,
                               std::vector<LostRow>& lost) {
    for (const auto priority : kFirstToGo) {
        // What is left in front of it is of other priorities: it is passed only once.
        for (std::uint64_t first = 1;; first = lost.back().sequence + 1) {
            const auto used = usedBytes();
            if (!used) return std::unexpected(used.error());
            if (*used <= target) return {};
            const auto rows = log_.ofPriority(priority, {first, last}, kRoomRows);
            if (!rows) return std::unexpected(rows.error());
            if (rows->empty()) break;
            if (auto erased = eraseAndForget(*rows, lost); !erased) return erased;
        }
    }
    return {};
}

Status Engine::eraseAndForget(const std::vector<LostRow>& rows, std::vector<LostRow>& lost) {
    for (const auto& row : rows) {
        const auto wasThere = log_.erase(row.sequence);
        if (!wasThere) return std::unexpected(wasThere.error());
        if (!*wasThere) continue;
        if (auto forgotten = log_.forgetId(row.sequence); !forgotten) return forgotten;
        lost.push_back(row);
    }
    return {};
}

Status Engine::recordLoss(const std::vector<LostRow>& lost, v1::LossReason reason,
                          const Moment& now) {
    for (auto& record : lossRecords(lost, reason, ranges_, stream_, now)) {
        const auto inserted = log_.insert(record, now);
        if (!inserted) return std::unexpected(inserted.error());
        const auto name = fmt::format("loss/damaged/{}", *inserted);
        if (auto noted = writeNumber(database_, name, *inserted); !noted) return noted;
    }
    for (const auto& row : lost) lostNow_.add(Range{row.sequence, row.sequence});
    return tellOfOtherStreams(lost, now);
}

/// Of which one or the other of these rows told.
Status Engine::tellOfOtherStreams(const std::vector<LostRow>& lost, const Moment& now) {
    const auto delivered = ranges_.storedByAll();
    for (const auto& row : lost) {
        if (!row.tellsLoss || delivered.contains(row.sequence)) continue;
        const auto stream = streamToldBy(database_, row.sequence);
        if (!stream) return std::unexpected(stream.error());
        if (!*stream) continue;
        if (auto told = tellAllOf(database_, log_, **stream, now); !told) return told;
    }
    return {};
}

Status Engine::recordQuotaLoss(const std::vector<LostRow>& lost, const Moment& now) {
    auto records = lossRecords(lost, v1::LOSS_QUOTA, ranges_, stream_, now);
    const auto replaced = losses_.join(records, now);
    if (!replaced) return std::unexpected(replaced.error());
    lostNow_.add(*replaced);
    for (auto& record : records) {
        if (auto inserted = log_.insert(record, now); !inserted) {
            return std::unexpected(inserted.error());
        }
        if (auto remembered = losses_.remember(record); !remembered) return remembered;
    }
    for (const auto& row : lost) lostNow_.add(Range{row.sequence, row.sequence});
    return {};
}

}  // namespace vitalgate::store
