#include "gateway/uplink/replay_lane.hpp"

#include <utility>

#include "gateway/uplink/batch.hpp"

namespace vitalgate::uplink {

std::optional<LaneFetch> ReplayLane::wanted() const {
    if (fetching_ || !ready_.empty() || again_.empty()) return std::nullopt;
    auto waiting = again_;
    waiting.remove(parked_);
    for (const auto& [number, message] : inFlight_) {
        for (const auto& range : message.cover) waiting.remove(range);
    }
    if (waiting.empty()) return std::nullopt;
    const auto ranges = waiting.ranges();
    LaneFetch fetch;
    fetch.lane = v1::LANE_REPLAY;
    fetch.within = {ranges.front().first, ranges.back().last};
    fetch.except.add(fetch.within);
    fetch.except.remove(waiting);
    return fetch;
}

void ReplayLane::begin(const LaneFetch& fetch) {
    fetching_ = fetch.number;
    asked_ = store::RangeSet(fetch.within);
    asked_.remove(fetch.except);
}

bool ReplayLane::fetched(std::uint64_t number, std::vector<store::StoredRow>& rows) {
    if (fetching_ != number) return false;
    fetching_.reset();
    if (rows.empty()) giveUp(std::exchange(asked_, {}));
    std::move(rows.begin(), rows.end(), std::back_inserter(ready_));
    keepAsked();
    return true;
}

void ReplayLane::remove(const store::RangeSet& ranges) {
    again_.remove(ranges);
    asked_.remove(ranges);
    keepAsked();
}

/// Of the rows that were read, some may not be asked for any more.
void ReplayLane::keepAsked() {
    std::erase_if(ready_, [this](const auto& row) { return !asked_.contains(row.sequence); });
}

void ReplayLane::fetchFailed(std::uint64_t number) {
    if (fetching_ == number) fetching_.reset();
}

/// The message stands for all that was asked for up to its last row: what has no row is not held.
LaneMessage ReplayLane::send(std::uint64_t number, std::size_t batchBytes) {
    LaneMessage message;
    message.number = number;
    message.lane = v1::LANE_REPLAY;
    message.rows = takeBatch(ready_, batchBytes, suspect_);
    const store::RangeSet reached(store::Range{1, message.rows.back().sequence});
    message.cover = asked_.commonWith(reached).ranges();
    asked_.remove(reached);
    inFlight_.emplace(number, InFlight{message.cover, message.rows.size()});
    return message;
}

std::optional<std::vector<store::Range>> ReplayLane::acknowledged(std::uint64_t number) {
    auto found = inFlight_.extract(number);
    if (found.empty()) return std::nullopt;
    for (const auto& range : found.mapped().cover) {
        again_.remove(range);
        suspect_.remove(range);
    }
    return std::move(found.mapped().cover);
}

bool ReplayLane::refused(std::uint64_t number, PublishVerdict verdict) {
    auto found = inFlight_.extract(number);
    if (found.empty()) return false;
    store::RangeSet cover;
    for (const auto& range : found.mapped().cover) cover.add(range);
    if (verdict != PublishVerdict::setAside) {
        parked_.add(cover);
    } else if (found.mapped().rows > 1) {
        suspect_.add(cover);
    } else {
        giveUp(cover);
    }
    return true;
}

void ReplayLane::giveUp(const store::RangeSet& ranges) {
    again_.remove(ranges);
    suspect_.remove(ranges);
    givenUp_.add(ranges);
}

store::RangeSet ReplayLane::takeGivenUp() {
    return std::exchange(givenUp_, {});
}

}  // namespace vitalgate::uplink
