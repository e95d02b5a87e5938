#include "gateway/uplink/lanes.hpp"

#include <algorithm>
#include <utility>

#include "gateway/uplink/batch.hpp"

namespace vitalgate::uplink {
namespace {

constexpr Duration kLongestRefusalPause = std::chrono::minutes{5};
constexpr Duration kFetchRetry = std::chrono::seconds{1};

void addAll(store::RangeSet& set, const std::vector<store::Range>& ranges) {
    for (const auto& range : ranges) set.add(range);
}

void removeAll(store::RangeSet& set, const std::vector<store::Range>& ranges) {
    for (const auto& range : ranges) set.remove(range);
}

}  // namespace

Lanes::Lanes(LaneLimits limits, store::RangeSet sent, std::uint64_t newest, Random& random,
             const store::RangeSet& again)
    : limits_(limits),
      sent_(std::move(sent)),
      newest_(newest),
      boundary_(newest),
      replay_(again),
      refusalBackOff_(kLongestRefusalPause, random) {
    live_.next = newest + 1;
    live_.coveredTo = newest;
    backlog_.next = sent_.firstMissing(1);
    backlog_.coveredTo = backlog_.next - 1;
}

void Lanes::committed(std::uint64_t newest, SteadyTime now) {
    if (newest <= newest_) return;
    newest_ = newest;
    commits_.push_back({newest, now});
}

void Lanes::advance(SteadyTime now) {
    if (pausedUntil_ && now >= *pausedUntil_) pausedUntil_.reset();
    if (retryAt_ && now >= *retryAt_) retryParked();
    if (!commits_.empty() && commits_.front().time + kLiveLimit <= now) moveBoundary();
}

/// What the window could not take in time becomes backlog: batches move it faster.
void Lanes::moveBoundary() {
    boundary_ = newest_;
    live_ = Lane{newest_ + 1, newest_, {}, std::nullopt};
    commits_.clear();
}

void Lanes::retryParked() {
    retryAt_.reset();
    replay_.retry();
    if (parked_.empty()) return;
    const auto ranges = parked_.ranges();
    parked_ = {};
    if (ranges.back().last > boundary_) moveBoundary();
    restartBacklog(ranges.front().first);
}

void Lanes::restartBacklog(std::uint64_t from) {
    backlog_.next = std::min(backlog_.next, from);
    backlog_.coveredTo = std::min(backlog_.coveredTo, from - 1);
    if (!backlog_.ready.empty()) {
        backlog_.next = std::min(backlog_.next, backlog_.ready.front().sequence);
        backlog_.ready.clear();
    }
    backlog_.fetching.reset();
}

void Lanes::forget(const store::RangeSet& ranges) {
    if (ranges.empty()) return;
    sent_.remove(ranges);
    const auto list = ranges.ranges();
    if (list.back().last > boundary_) moveBoundary();
    restartBacklog(list.front().first);
}

bool Lanes::isOutOfBacklog() const {
    if (!backlogMaySend()) return false;
    auto taken = underWay();
    taken.add(sent_);
    return taken.cursor() >= boundary_;
}

store::RangeSet Lanes::underWay() const {
    store::RangeSet set = parked_;
    for (const auto& range : aside_.ranges()) set.add(range);
    for (const auto& [number, message] : inFlight_) addAll(set, message.cover);
    return set;
}

bool Lanes::backlogMaySend() const {
    return windowIsFree() && backlogRoom_ > 0 &&
           backlogInFlight() < std::max<std::size_t>(1, limits_.window / 2);
}

LaneFetch Lanes::numbered(LaneFetch fetch) {
    fetch.number = ++lastNumber_;
    fetch.maximumBytes = limits_.batchBytes - kBatchHeaderBytes;
    return fetch;
}

std::optional<LaneFetch> Lanes::beginFetch(Lane& lane, LaneFetch fetch) {
    lane.fetching = numbered(std::move(fetch));
    return lane.fetching;
}

std::optional<LaneFetch> Lanes::nextFetch(SteadyTime now) {
    advance(now);
    if (isPaused(now)) return std::nullopt;
    if (!live_.fetching && live_.ready.empty() && live_.next <= newest_ && windowIsFree()) {
        return beginFetch(live_, {v1::LANE_LIVE, 0, {live_.next, newest_}, {}, 0});
    }
    if (backlog_.fetching || !backlog_.ready.empty() || !backlogMaySend()) return std::nullopt;
    if (auto fetch = fetchBacklog()) return fetch;
    return fetchReplay();
}

std::optional<LaneFetch> Lanes::fetchBacklog() {
    auto except = underWay();
    except.add(sent_);
    const auto first = except.firstMissing(backlog_.next);
    if (first > boundary_) {
        backlog_.next = std::max(backlog_.next, boundary_ + 1);
        return std::nullopt;
    }
    return beginFetch(backlog_, {v1::LANE_BACKLOG, 0, {first, boundary_}, std::move(except), 0});
}

std::optional<LaneFetch> Lanes::fetchReplay() {
    auto fetch = replay_.wanted();
    if (!fetch) return std::nullopt;
    *fetch = numbered(std::move(*fetch));
    replay_.begin(*fetch);
    return fetch;
}

void Lanes::fetched(std::uint64_t number, std::vector<store::StoredRow> rows) {
    if (replay_.fetched(number, rows)) return;
    for (auto* lane : {&live_, &backlog_}) {
        if (!lane->fetching || lane->fetching->number != number) continue;
        const auto within = lane->fetching->within;
        lane->fetching.reset();
        if (rows.empty()) {
            finishEmpty(*lane, within);
        } else {
            lane->next = rows.back().sequence + 1;
            std::move(rows.begin(), rows.end(), std::back_inserter(lane->ready));
        }
        return;
    }
}

/// The store holds nothing there: such sequences are named in a loss record, or went as history.
void Lanes::finishEmpty(Lane& lane, const store::Range& within) {
    lane.next = within.last + 1;
    const auto cover = takeCover(lane, within.last);
    addAll(sent_, cover);
    addAll(gone_, cover);
    lane.coveredTo = std::max(lane.coveredTo, within.last);
    while (!commits_.empty() && commits_.front().newest < live_.next) commits_.pop_front();
}

void Lanes::fetchFailed(std::uint64_t number, SteadyTime now) {
    for (auto* lane : {&live_, &backlog_}) {
        if (lane->fetching && lane->fetching->number == number) lane->fetching.reset();
    }
    replay_.fetchFailed(number);
    pausedUntil_ = now + kFetchRetry;
}

/// From one past the lane's previous row to `last`, without what is sent or under way on its own:
/// what was sent may be forgotten before this message is acknowledged.
std::vector<store::Range> Lanes::takeCover(Lane& lane, std::uint64_t last) const {
    if (last <= lane.coveredTo) return {};
    store::RangeSet cover;
    cover.add({lane.coveredTo + 1, last});
    cover.remove(underWay());
    cover.remove(sent_);
    return cover.ranges();
}

std::optional<LaneMessage> Lanes::nextMessage(SteadyTime now) {
    advance(now);
    if (isPaused(now) || !windowIsFree()) return std::nullopt;
    if (!live_.ready.empty()) return send(live_, true);
    if (!backlogMaySend() || backlog_.fetching) return std::nullopt;
    if (!backlog_.ready.empty()) return send(backlog_, false);
    if (replay_.isReady()) return replay_.send(++lastNumber_, nextBatchBytes());
    return std::nullopt;
}

std::optional<LaneMessage> Lanes::send(Lane& lane, bool live) {
    LaneMessage message;
    message.number = ++lastNumber_;
    message.lane = live ? v1::LANE_LIVE : v1::LANE_BACKLOG;
    if (live) {
        message.rows.push_back(std::move(lane.ready.front()));
        lane.ready.pop_front();
    } else {
        message.rows = takeBatch(lane.ready, nextBatchBytes(), suspect_);
    }
    const auto last = message.rows.back().sequence;
    InFlight entry;
    entry.live = live;
    entry.cover = takeCover(lane, last);
    message.cover = entry.cover;
    entry.rows = message.rows.size();
    if (entry.rows == 1) entry.single = message.rows.front();
    lane.coveredTo = last;
    while (live && !commits_.empty() && commits_.front().newest <= last) commits_.pop_front();
    if (!live) ++backlogInFlight_;
    inFlight_.emplace(message.number, std::move(entry));
    return message;
}

std::optional<LaneAcknowledgement> Lanes::acknowledged(std::uint64_t number) {
    if (auto again = replay_.acknowledged(number)) {
        refusalsInARow_ = 0;
        return LaneAcknowledgement{v1::LANE_REPLAY, std::move(*again)};
    }
    auto found = inFlight_.extract(number);
    if (found.empty()) return std::nullopt;
    auto& message = found.mapped();
    if (!message.live) --backlogInFlight_;
    addAll(sent_, message.cover);
    removeAll(suspect_, message.cover);
    refusalsInARow_ = 0;
    return LaneAcknowledgement{message.live ? v1::LANE_LIVE : v1::LANE_BACKLOG,
                               std::move(message.cover)};
}

void Lanes::refused(std::uint64_t number, int reason, SteadyTime now) {
    const auto verdict = publishVerdict(reason);
    if (replay_.refused(number, verdict)) {
        if (verdict != PublishVerdict::setAside) refusedForNow(now);
        return;
    }
    auto found = inFlight_.extract(number);
    if (found.empty()) return;
    auto& message = found.mapped();
    if (!message.live) --backlogInFlight_;
    if (verdict != PublishVerdict::setAside) {
        addAll(parked_, message.cover);
        refusedForNow(now);
        return;
    }
    if (message.rows > 1) {
        addAll(suspect_, message.cover);
        addAll(parked_, message.cover);
        retryAt_ = now;
        return;
    }
    addAll(aside_, message.cover);
    refused_.push_back({std::move(message.single), std::move(message.cover), reason});
}

void Lanes::refusedForNow(SteadyTime now) {
    if (!retryAt_) retryAt_ = now + refusalBackOff_.next();
    if (++refusalsInARow_ >= kRefusalsBeforePause) pausedUntil_ = retryAt_;
}

void Lanes::park(const std::vector<store::Range>& cover, SteadyTime now) {
    addAll(parked_, cover);
    if (!retryAt_) retryAt_ = now + refusalBackOff_.next();
}

std::vector<RefusedRow> Lanes::takeRefused() {
    return std::exchange(refused_, {});
}

void Lanes::asideDone(const std::vector<store::Range>& cover) {
    removeAll(aside_, cover);
    removeAll(suspect_, cover);
    addAll(sent_, cover);
}

void Lanes::asideFailed(const std::vector<store::Range>& cover, SteadyTime now) {
    removeAll(aside_, cover);
    park(cover, now);
}

void Lanes::holdBack(const std::vector<store::Range>& cover) {
    addAll(aside_, cover);
    addAll(suspect_, cover);
}

void Lanes::letGo(const std::vector<store::Range>& cover, SteadyTime now) {
    removeAll(aside_, cover);
    addAll(parked_, cover);
    retryAt_ = now;
}

void Lanes::setAside(RefusedRow refused) {
    addAll(aside_, refused.cover);
    refused_.push_back(std::move(refused));
}

std::optional<SteadyTime> Lanes::deadline() const {
    std::optional<SteadyTime> first;
    const auto consider = [&first](SteadyTime time) {
        first = first ? std::min(*first, time) : time;
    };
    if (retryAt_) consider(*retryAt_);
    if (pausedUntil_) consider(*pausedUntil_);
    if (!commits_.empty()) consider(commits_.front().time + kLiveLimit);
    return first;
}

}  // namespace vitalgate::uplink
