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
    if (byReceipt()) deliver(ranges, now);
}

void Confirmations::missed(const store::RangeSet& ranges) {
    askedAgain(ranges);
    stored_.remove(ranges);
}

void Confirmations::askedAgain(const store::RangeSet& ranges) {
    if (byReceipt()) awaited_->withdraw(ranges);
}

void Confirmations::wasAway(SteadyTime since, SteadyTime now) {
    if (byReceipt()) awaited_->wasAway(since, now);
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
    if (!without(ranges, stored_).empty()) awaited_->confirmedSome(now);
    deliver(ranges, now);
}

void Confirmations::deliver(const store::RangeSet& ranges, SteadyTime now) {
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

store::RangeSet Confirmations::takeToSendAgain(std::uint64_t maximum) {
    return byReceipt() ? awaited_->takeToSendAgain(maximum) : store::RangeSet{};
}

std::uint64_t Confirmations::overdue() const {
    return byReceipt() ? awaited_->overdue().count() : 0;
}

std::optional<SteadyTime> Confirmations::deadline() const {
    return byReceipt() ? awaited_->deadline() : std::nullopt;
}

}  // namespace vitalgate::uplink
