#include "gateway/store/carry_over.hpp"

#include <algorithm>

#include "gateway/base/failpoint.hpp"
#include "gateway/store/loss_entries.hpp"
#include "gateway/store/store_events.hpp"

namespace vitalgate::store {

namespace {

constexpr std::size_t kIds = 500;
/// Records of losses name so many ranges; when there are more, they are told.
constexpr std::size_t kUntoldRanges = 256;
/// CarryProgress.next when all rows are dealt with.
constexpr std::uint64_t kNoMoreRows = kMaximumSequence;

/// The number that a delivered row's id is kept under: no row ever has it, so none that is lost
/// takes the id along.
constexpr std::uint64_t kNoRow = 0;

/// What of `within` must come again and did not.
RangeSet missing(const CarryProgress& progress, Range within, const RangeSet& carried) {
    auto claimed = progress.undelivered;
    claimed.add(Range{1, progress.unknown});
    auto missing = claimed.commonWith(RangeSet(within));
    missing.remove(carried);
    missing.remove(progress.early);
    return missing;
}

/// All below `next` has been dealt with, and `carried` of it came again.
void advance(CarryProgress& progress, std::uint64_t next, const RangeSet& carried) {
    const auto last = next == kNoMoreRows ? kMaximumSequence : next - 1;
    progress.lost.add(missing(progress, {progress.next, last}, carried));
    progress.moved.add(carried);
    progress.next = next;
}

Status tell(Database& database, LogTable& log, CarryProgress& progress, const Moment& now) {
    const std::pair<RangeSet*, v1::LossReason> told[] = {{&progress.moved, v1::LOSS_MOVED},
                                                         {&progress.lost, v1::LOSS_DAMAGED}};
    for (const auto& range : progress.lost.ranges()) {
        const bool isOpen = range.last == kMaximumSequence;
        if (isOpen) progress.lostFrom = range.first;
        if (!isOpen) progress.lostCount += range.last - range.first + 1;
    }
    for (const auto& [set, reason] : told) {
        auto records = earlierLossRecords(progress.stream, *set, reason, now);
        if (auto done = insertTold(database, log, progress.stream, std::move(records), now); !done)
            return done;
        *set = {};
    }
    return {};
}

}  // namespace

Status CarryOver::begin(const Moment& now) {
    progress_.undelivered = old_.undelivered();
    for (const auto& [sequence, stream] : old_.lossRows()) {
        if (!progress_.undelivered.contains(sequence)) continue;
        carried_ = {};
        const auto read = old_.scan({sequence, sequence}, 1,
                                    [&](IntactRow row) { return carry(std::move(row), now); });
        if (!read) return std::unexpected(read.error());
        progress_.early.add(carried_);
        progress_.moved.add(carried_);
        // It may have named any row before it.
        if (!carried_.empty()) continue;
        progress_.unknown = std::max(progress_.unknown, sequence);
        if (!stream) continue;
        if (auto told = tellAllOf(database_, log_, *stream, now); !told) return told;
    }
    return writeProgress(database_, progress_);
}

Result<bool> CarryOver::step(const Moment& now) {
    const auto octets = log_.counters().appendedBytes;
    auto ended = progress_.next < kNoMoreRows ? rowStep(now) : idStep();
    // What is carried over says nothing about how fast records come.
    auto counters = log_.counters();
    counters.appendedBytes = octets;
    log_.restore(counters);
    failpoint("store.commit-salvaged-rows");
    return ended;
}

Result<bool> CarryOver::rowStep(const Moment& now) {
    carried_ = {};
    const auto ranges = progress_.undelivered.ranges();
    const auto range = std::ranges::find_if(
        ranges, [&](const Range& held) { return held.last >= progress_.next; });
    if (range == ranges.end()) {
        advance(progress_, kNoMoreRows, carried_);
    } else {
        if (!walk_) {
            walk_.emplace(old_, Range{std::max(range->first, progress_.next), range->last});
        }
        const auto ended = walk_->step([&](IntactRow row) { return carry(std::move(row), now); });
        if (!ended) return ended;
        advance(progress_, walk_->next(), carried_);
        if (*ended) walk_.reset();
    }
    const bool isFull = progress_.moved.ranges().size() > kUntoldRanges ||
                        progress_.lost.ranges().size() > kUntoldRanges;
    Status done;
    if (isFull || progress_.next >= kNoMoreRows) done = tell(database_, log_, progress_, now);
    if (done) done = writeProgress(database_, progress_);
    if (!done) return std::unexpected(done.error());
    return false;
}

Status CarryOver::carry(IntactRow row, const Moment& now) {
    const auto sequence = row.header.sequence;
    if (progress_.early.contains(sequence)) return {};
    NewRow carried{std::move(row.record), static_cast<v1::Priority>(row.header.priority),
                   std::move(row.id)};
    Moment then = now;
    then.wall = WallTime{Duration{row.header.time}};
    then.boot = row.header.boot;
    auto inserted = log_.insert(carried, then);
    // One that the seal vouches for was read from its device again meanwhile: it is in this stream.
    if (inserted && *inserted == 0 && !row.isIdSealed) {
        // Two rows with one id can only be damage: one too many is better than one too few.
        carried.id.clear();
        inserted = log_.insert(carried, then);
    }
    if (!inserted) return std::unexpected(inserted.error());
    carried_.add(Range{sequence, sequence});
    ++progress_.movedCount;
    if (!carried.record.event().has_loss() || *inserted == 0) return {};
    return noteTold(database_, carried.record.event().loss().stream(), *inserted);
}

/// Those of rows that are lost are left out: read from the device again, they are new.
Result<bool> CarryOver::idStep() {
    Status done;
    const auto end = old_.ids(ids_, kIds, [&](ByteView id, std::uint64_t sequence) {
        if (!done || progress_.undelivered.contains(sequence)) return;
        done = database_.run("INSERT OR IGNORE INTO seen(id, sequence) VALUES(?1, ?2)", id, kNoRow);
    });
    if (done && end == ReadEnd::end) done = forgetProgress(database_, progress_.stream);
    if (!done) return std::unexpected(done.error());
    return end == ReadEnd::end;
}

Status giveUpCarrying(Database& database, LogTable& log, CarryProgress progress,
                      const Moment& now) {
    if (progress.next < kNoMoreRows) {
        advance(progress, kNoMoreRows, {});
        if (auto told = tell(database, log, progress, now); !told) return told;
    }
    return forgetProgress(database, progress.stream);
}

}  // namespace vitalgate::store
