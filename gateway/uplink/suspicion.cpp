#include "gateway/uplink/suspicion.hpp"

#include <algorithm>
#include <utility>

namespace vitalgate::uplink {
namespace {

/// A trial waits for its turn no longer: the row may not be there any more.
constexpr Duration kTrialLimit = std::chrono::minutes{1};

}  // namespace

void Suspicion::connected(SteadyTime now) {
    connectedAt_ = now;
    inFlight_.clear();
    trial_.reset();
}

void Suspicion::sent(const LaneMessage& message, std::size_t bytes, SteadyTime now) {
    const auto& first = message.rows.front();
    const bool alone = goesOneAtATime(now) && inFlight_.empty();
    inFlight_.emplace(
        message.number,
        InFlight{now, bytes, message.rows.size(), alone, message.lane,
                 message.rows.size() == 1 ? first : store::StoredRow{}, message.cover});
}

void Suspicion::answered(std::uint64_t number, bool taken) {
    const auto found = inFlight_.extract(number);
    if (found.empty()) return;
    const auto& message = found.mapped();
    if (message.rows == 1)
        settled(store::RangeSet{{message.first.sequence, message.first.sequence}});
    if (!taken || message.lane == v1::LANE_LIVE) return;
    breaks_ = 0;
    apart_.remove(setOf(message.cover));
    for (auto& suspect : suspects_) suspect.othersWereTaken = suspect.isHeldBack();
}

std::optional<SteadyTime> Suspicion::oldestUnanswered() const {
    const auto oldest = std::ranges::min_element(
        inFlight_, {}, [](const auto& entry) { return entry.second.time; });
    if (oldest == inFlight_.end()) return std::nullopt;
    return oldest->second.time;
}

void Suspicion::disconnected(SteadyTime now) {
    judgeConnection(now);
    const auto oldest = oldestUnanswered();
    const auto inFlight = std::exchange(inFlight_, {});
    if (!oldest || now - *oldest > kAtOnce) {
        breaks_ = 0;
        // At a row at fault it would have ended at once.
        auto* tried = trial_ && !inFlight.empty() ? find(trial_->sequence) : nullptr;
        if (tried != nullptr) tried->proofs = 0;
    } else {
        auto largest = std::ranges::max_element(inFlight, {}, [](const auto& entry) {
                           return entry.second.bytes;
                       })->second;
        largest.alone = largest.alone && inFlight.size() == 1;
        brokeAt(largest);
    }
    trial_.reset();
}

/// What is held back has no part in how long a connection stands.
void Suspicion::judgeConnection(SteadyTime now) {
    const bool isSound = now - connectedAt_ >= kSound;
    for (auto& suspect : suspects_) {
        if (suspect.isHeldBack()) suspect.unsound = isSound ? 0 : suspect.unsound + 1;
    }
    std::erase_if(suspects_,
                  [](const Suspect& suspect) { return suspect.unsound >= kUnsoundWithout; });
}

void Suspicion::brokeAt(const InFlight& message) {
    const bool isSingle = message.alone && message.rows == 1;
    if (isSingle && message.lane == v1::LANE_BACKLOG) return accuse(message);
    if (++breaks_ < kBreaksBeforeCare || message.rows == 1) return;
    batchBytes_ = message.bytes / 2;
    if (message.alone && message.lane == v1::LANE_BACKLOG) apart_.add(setOf(message.cover));
}

void Suspicion::accuse(const InFlight& message) {
    auto* suspect = find(message.first.sequence);
    if (suspect == nullptr) {
        if (suspects_.size() >= kMostRows) return;
        suspect = &suspects_.emplace_back(Suspect{message.first, message.cover});
    }
    ++suspect->breaks;
    if (trial_ && trial_->sequence == suspect->row.sequence) {
        if (suspect->othersWereTaken) ++suspect->proofs;
        return;
    }
    if (suspect->breaks != kBreaksBeforeHeldBack) return;
    for (auto& other : suspects_) other.unsound = 0;
    // The size of the batches was not at fault, as far as is known.
    apart_.remove(setOf(suspect->cover));
    batchBytes_ = std::numeric_limits<std::size_t>::max();
    breaks_ = 0;
}

void Suspicion::settled(const store::RangeSet& ranges) {
    apart_.remove(ranges);
    if (trial_ && ranges.contains(trial_->sequence)) trial_.reset();
    std::erase_if(suspects_, [&ranges](const Suspect& suspect) {
        return ranges.contains(suspect.row.sequence);
    });
}

bool Suspicion::goesOneAtATime(SteadyTime now) const {
    const bool isTrial = trial_ && now < trial_->begun + kTrialLimit;
    return isTrial || breaks_ >= kBreaksBeforeCare || !apart_.empty();
}

std::vector<Suspicion::Suspect> Suspicion::heldBack() const {
    auto list = suspects_;
    std::erase_if(list, [](const Suspect& suspect) { return !suspect.isHeldBack(); });
    return list;
}

std::vector<Suspicion::Suspect> Suspicion::takeProven() {
    std::vector<Suspect> proven;
    for (auto& suspect : suspects_) {
        if (suspect.proofs < kTrials || std::exchange(suspect.isBeingTold, true)) continue;
        proven.push_back(suspect);
    }
    return proven;
}

bool Suspicion::notTold(const store::RangeSet& ranges) {
    bool isAny = false;
    for (auto& suspect : suspects_) {
        if (!suspect.isBeingTold || !ranges.contains(suspect.row.sequence)) continue;
        suspect.isBeingTold = false;
        suspect.proofs = kTrials - 1;
        isAny = true;
    }
    return isAny;
}

SteadyTime Suspicion::dueTime(const Suspect& suspect) const {
    const auto doublings = std::min<std::size_t>(suspect.trials, 10);
    return connectedAt_ + std::min(kLongestWait, kSound * (1 << doublings));
}

std::optional<std::vector<store::Range>> Suspicion::nextTrial(SteadyTime now) {
    if (trial_ && now < trial_->begun + kTrialLimit) return std::nullopt;
    for (auto& suspect : suspects_) {
        if (!suspect.mayBeTried() || now < dueTime(suspect)) continue;
        ++suspect.trials;
        trial_ = Trial{suspect.row.sequence, now};
        return suspect.cover;
    }
    return std::nullopt;
}

std::optional<SteadyTime> Suspicion::deadline(SteadyTime now) const {
    if (trial_ && now < trial_->begun + kTrialLimit) return trial_->begun + kTrialLimit;
    std::optional<SteadyTime> first;
    for (const auto& suspect : suspects_) {
        if (!suspect.mayBeTried()) continue;
        first = first ? std::min(*first, dueTime(suspect)) : dueTime(suspect);
    }
    return first;
}

Suspicion::Suspect* Suspicion::find(std::uint64_t sequence) {
    const auto found = std::ranges::find_if(
        suspects_, [sequence](const Suspect& suspect) { return suspect.row.sequence == sequence; });
    return found == suspects_.end() ? nullptr : &*found;
}

}  // namespace vitalgate::uplink
