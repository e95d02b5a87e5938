#include "gateway/uplink/awaited_receipts.hpp"

namespace vitalgate::uplink {

void AwaitedReceipts::sent(const store::RangeSet& ranges, SteadyTime now) {
    if (ranges.empty()) return;
    settled(ranges);
    if (sent_.empty() || now - sent_.back().first >= limit_ / 32) sent_.push_back({now, now, {}});
    sent_.back().last = now;
    sent_.back().ranges.add(ranges);
    if (sent_.size() <= kMaximumMoments) return;
    sent_[1].ranges.add(sent_[0].ranges);
    sent_.pop_front();
}

void AwaitedReceipts::settled(const store::RangeSet& ranges) {
    for (auto& entry : sent_) entry.ranges.remove(ranges);
    std::erase_if(sent_, [](const Sent& entry) { return entry.ranges.empty(); });
}

void AwaitedReceipts::postpone(Duration by) {
    for (auto& entry : sent_) {
        entry.first += by;
        entry.last += by;
    }
}

store::RangeSet AwaitedReceipts::takeOverdue(SteadyTime now) {
    store::RangeSet overdue;
    while (!sent_.empty() && sent_.front().last + limit_ <= now) {
        overdue.add(sent_.front().ranges);
        sent_.pop_front();
    }
    return overdue;
}

std::optional<SteadyTime> AwaitedReceipts::deadline() const {
    if (sent_.empty()) return std::nullopt;
    return sent_.front().last + limit_;
}

}  // namespace vitalgate::uplink
