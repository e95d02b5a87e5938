#include "gateway/uplink/awaited_receipts.hpp"

#include <algorithm>

namespace vitalgate::uplink {
namespace {

/// What is forgotten beyond that is missing in what the status counts.
constexpr std::size_t kMaximumOverdueRanges = 1024;

}  // namespace

void AwaitedReceipts::sent(const store::RangeSet& ranges, SteadyTime now) {
    if (ranges.empty()) return;
    withdraw(ranges);
    if (!joinsLatest(now)) sent_.push_back({now, now, now, limit_, {}});
    auto& latest = sent_.back();
    latest.last = now;
    latest.due = now + limit_;
    latest.ranges.add(ranges);
    if (sent_.size() > kMaximumMoments) joinOldest();
}

bool AwaitedReceipts::joinsLatest(SteadyTime now) const {
    return !sent_.empty() && sent_.back().limit == limit_ && now - sent_.back().first < limit_ / 32;
}

void AwaitedReceipts::joinOldest() {
    sent_[1].ranges.add(sent_[0].ranges);
    sent_.pop_front();
}

void AwaitedReceipts::withdraw(const store::RangeSet& ranges) {
    for (auto& entry : sent_) entry.ranges.remove(ranges);
    std::erase_if(sent_, [](const Sent& entry) { return entry.ranges.empty(); });
    toSend_.remove(ranges);
}

void AwaitedReceipts::settled(const store::RangeSet& ranges) {
    withdraw(ranges);
    overdue_.remove(ranges);
    if (sent_.empty() && overdue_.empty()) limit_ = shortest_;
}

void AwaitedReceipts::confirmedSome(SteadyTime now) {
    limit_ = shortest_;
    for (auto& entry : sent_) {
        entry.due = std::min(entry.due, now + limit_);
        entry.limit = limit_;
    }
}

void AwaitedReceipts::wasAway(SteadyTime since, SteadyTime now) {
    for (auto& entry : sent_) {
        const auto missed = now - std::max(since, entry.last);
        entry.first += missed;
        entry.last += missed;
        entry.due += missed;
    }
}

store::RangeSet AwaitedReceipts::takeOverdue(SteadyTime now) {
    store::RangeSet taken;
    while (!sent_.empty() && sent_.front().due <= now) {
        taken.add(sent_.front().ranges);
        // What was sent before the limit grew is of the same round.
        if (sent_.front().limit == limit_) {
            limit_ = std::max(shortest_, std::min(limit_ * 2, kLongestLimit));
        }
        sent_.pop_front();
    }
    toSend_.add(taken);
    overdue_.add(taken);
    overdue_.limitTo(kMaximumOverdueRanges);
    return taken;
}

store::RangeSet AwaitedReceipts::takeToSendAgain(std::uint64_t maximum) {
    store::RangeSet taken;
    for (const auto& range : toSend_.ranges()) {
        if (maximum == 0) break;
        const auto count = std::min(maximum, range.last - range.first + 1);
        taken.add({range.first, range.first + count - 1});
        maximum -= count;
    }
    toSend_.remove(taken);
    return taken;
}

std::optional<SteadyTime> AwaitedReceipts::deadline() const {
    if (sent_.empty()) return std::nullopt;
    return sent_.front().due;
}

}  // namespace vitalgate::uplink
