#include "gateway/uplink/confirmations.hpp"

namespace vitalgate::uplink {
namespace {

/// A receipt may bring 256 ranges; the sets in memory stay about as small as those in the store.
constexpr std::size_t kMaximumRanges = 128;

store::RangeSet without(store::RangeSet set, const store::RangeSet& other) {
    set.remove(other);
    return set;
}

}  // namespace

store::RangeSet Confirmations::load(const store::DeliverySets& sets, SteadyTime now) {
    if (!byReceipt()) return sets.stored;
    stored_.add(sets.stored);
    auto sent = sets.sent;
    sent.add(stored_);
    everSent_.add(sent);
    auto unconfirmed = without(sent, stored_);
    unconfirmed.remove(sets.again);
    awaited_->sent(unconfirmed, now);
    return sent;
}

void Confirmations::published(const store::RangeSet& ranges) {
    if (byReceipt()) everSent_.add(ranges);
}

void Confirmations::acknowledged(const store::RangeSet& ranges, SteadyTime now) {
    if (byReceipt()) awaited_->sent(without(ranges, stored_), now);
}

void Confirmations::settled(const store::RangeSet& ranges, SteadyTime now) {
    published(ranges);
    confirmed(ranges, now);
}

void Confirmations::askedAgain(const store::RangeSet& ranges) {
    if (byReceipt()) awaited_->settled(ranges);
}

void Confirmations::wasAway(Duration time) {
    if (byReceipt()) awaited_->postpone(time);
}

Confirmations::Unsent Confirmations::unsent(const store::RangeSet& named) const {
    Unsent unsent;
    unsent.present = without(named, everSent_);
    const store::RangeSet earlier(store::Range{1, newestAtStart_});
    unsent.earlier = unsent.present.commonWith(earlier);
    unsent.present.remove(earlier);
    return unsent;
}

void Confirmations::confirmed(const store::RangeSet& ranges, SteadyTime now) {
    if (!byReceipt()) return;
    awaited_->settled(ranges);
    stored_.add(ranges);
    const auto all = stored_;
    stored_.limitTo(kMaximumRanges);
    // What had to be forgotten is confirmed once more, or else sent again.
    awaited_->sent(without(all, stored_), now);
}

store::RangeSet Confirmations::takeOverdue(SteadyTime now) {
    return byReceipt() ? awaited_->takeOverdue(now) : store::RangeSet{};
}

std::optional<SteadyTime> Confirmations::deadline() const {
    return byReceipt() ? awaited_->deadline() : std::nullopt;
}

}  // namespace vitalgate::uplink
