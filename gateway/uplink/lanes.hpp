#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/base/time.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/back_off.hpp"
#include "gateway/uplink/lane_messages.hpp"
#include "gateway/uplink/publish_verdict.hpp"
#include "gateway/uplink/replay_lane.hpp"
#include "vitalgate/v1/stream.pb.h"

namespace vitalgate::uplink {

/// A row that this broker will never take.
struct RefusedRow {
    store::StoredRow row;
    std::vector<store::Range> cover;
    int reason = 0;
};

/// What one connection sends next, and what its acknowledgements mean. A pure state machine: fed
/// with rows, acknowledgements and time; asked for fetches and messages.
///
/// Rows up to the boundary B (the newest when the connection began) are backlog, in batches, with
/// at most half of the window; rows above it are live, one a message, first. A message stands for
/// the range from one past its lane's previous row to its own last row, without what is under way
/// otherwise; its acknowledgement adds that range to sent(). What is asked for again goes behind
/// the backlog, in batches that share its half of the window (see ReplayLane).
class Lanes {
  public:
    /// A live row unsent for so long joins the backlog with all that is newer.
    static constexpr Duration kLiveLimit = std::chrono::seconds{2};
    /// So many refusals without a success in between pause everything until the next retry.
    static constexpr std::size_t kRefusalsBeforePause = 8;

    Lanes(LaneLimits limits, store::RangeSet sent, std::uint64_t newest, Random& random,
          const store::RangeSet& again = {});

    /// Rows were committed up to `newest`.
    void committed(std::uint64_t newest, SteadyTime now);
    /// Messages of other kinds in flight: they use the same window.
    void setOthersInFlight(std::size_t count) { others_ = count; }
    void setLimits(LaneLimits limits) { limits_ = limits; }
    /// The largest batch of backlog that may go now, where that is less than the limit; 0: none.
    void setBacklogRoom(std::size_t bytes) { backlogRoom_ = bytes; }

    [[nodiscard]] std::optional<LaneFetch> nextFetch(SteadyTime now);
    /// The answer; one for a fetch that is no longer wanted is ignored.
    void fetched(std::uint64_t number, std::vector<store::StoredRow> rows);
    void fetchFailed(std::uint64_t number, SteadyTime now);

    [[nodiscard]] std::optional<LaneMessage> nextMessage(SteadyTime now);
    /// What the message stood for; nothing if the number is not in flight.
    std::optional<LaneAcknowledgement> acknowledged(std::uint64_t number);
    /// The verdict reconnect is the caller's; here it counts as retryLater.
    void refused(std::uint64_t number, int reason, SteadyTime now);

    /// Rows to be reported as lost; then either asideDone (they count as sent) or asideFailed (they
    /// are tried again later).
    [[nodiscard]] std::vector<RefusedRow> takeRefused();
    void asideDone(const std::vector<store::Range>& cover);
    void asideFailed(const std::vector<store::Range>& cover, SteadyTime now);

    /// Is not sent before letGo(), and then on its own.
    void holdBack(const std::vector<store::Range>& cover);
    void letGo(const std::vector<store::Range>& cover, SteadyTime now);
    /// Rows of these go one by one.
    void takeApart(const store::RangeSet& ranges) { suspect_.add(ranges); }
    /// As if the broker had refused it for good.
    void setAside(RefusedRow refused);

    /// These are with the service, whatever the broker said.
    void confirmed(const store::RangeSet& ranges) { sent_.add(ranges); }
    /// These count as not sent any more: they go out as backlog.
    void forget(const store::RangeSet& ranges);
    /// These are to be sent once more.
    void addAgain(const store::RangeSet& ranges) { replay_.add(ranges); }
    /// These need not be sent once more.
    void removeAgain(const store::RangeSet& ranges) { replay_.remove(ranges); }
    /// Sequences that joined sent() because the store holds nothing there.
    [[nodiscard]] store::RangeSet takeGone() { return std::exchange(gone_, {}); }
    [[nodiscard]] store::RangeSet takeGivenUp() { return replay_.takeGivenUp(); }

    /// Whether a batch could go out and there is no row for it: all up to the boundary is sent or
    /// under way.
    [[nodiscard]] bool isOutOfBacklog() const;
    /// When to ask again although nothing happened.
    [[nodiscard]] std::optional<SteadyTime> deadline() const;
    /// Nothing is sent at present, because nothing was taken.
    [[nodiscard]] bool isPaused(SteadyTime now) const {
        return pausedUntil_ && now < *pausedUntil_;
    }

    [[nodiscard]] const store::RangeSet& sent() const { return sent_; }
    [[nodiscard]] const store::RangeSet& again() const { return replay_.again(); }
    [[nodiscard]] std::uint64_t boundary() const { return boundary_; }
    [[nodiscard]] std::size_t inFlight() const { return inFlight_.size() + replay_.inFlight(); }
    /// Of the backlog and of what is sent again.
    [[nodiscard]] std::size_t backlogInFlight() const {
        return backlogInFlight_ + replay_.inFlight();
    }

  private:
    /// One direction of travel through the log.
    struct Lane {
        std::uint64_t next = 1;       ///< first sequence not yet fetched
        std::uint64_t coveredTo = 0;  ///< last sequence that a message stands for
        std::deque<store::StoredRow> ready;
        std::optional<LaneFetch> fetching;
    };
    struct InFlight {
        bool live = false;
        std::vector<store::Range> cover;
        std::size_t rows = 0;
        store::StoredRow single;  ///< of a message with one row: needed if it is refused for good
    };
    struct Commit {
        std::uint64_t newest = 0;
        SteadyTime time;
    };

    void advance(SteadyTime now);
    void moveBoundary();
    void retryParked();
    void restartBacklog(std::uint64_t from);
    void park(const std::vector<store::Range>& cover, SteadyTime now);
    void refusedForNow(SteadyTime now);
    void finishEmpty(Lane& lane, const store::Range& within);
    [[nodiscard]] LaneFetch numbered(LaneFetch fetch);
    [[nodiscard]] std::optional<LaneFetch> beginFetch(Lane& lane, LaneFetch fetch);
    [[nodiscard]] std::optional<LaneFetch> fetchBacklog();
    [[nodiscard]] std::optional<LaneFetch> fetchReplay();
    [[nodiscard]] std::vector<store::Range> takeCover(Lane& lane, std::uint64_t last) const;
    [[nodiscard]] std::optional<LaneMessage> send(Lane& lane, bool live);
    [[nodiscard]] store::RangeSet underWay() const;
    [[nodiscard]] bool windowIsFree() const { return inFlight() + others_ < limits_.window; }
    [[nodiscard]] bool backlogMaySend() const;
    [[nodiscard]] std::size_t nextBatchBytes() const {
        return std::min(limits_.batchBytes, backlogRoom_);
    }

    LaneLimits limits_;
    store::RangeSet sent_;
    std::uint64_t newest_;
    std::uint64_t boundary_;
    Lane live_;
    Lane backlog_;
    ReplayLane replay_;
    std::map<std::uint64_t, InFlight> inFlight_;  ///< of live and backlog
    std::size_t backlogInFlight_ = 0;
    std::size_t others_ = 0;
    std::size_t backlogRoom_ = std::numeric_limits<std::size_t>::max();
    std::uint64_t lastNumber_ = 0;
    std::deque<Commit> commits_;  ///< of live rows not yet given out

    store::RangeSet parked_;   ///< refused for now
    store::RangeSet suspect_;  ///< in a batch refused for good: go out one by one
    store::RangeSet aside_;    ///< refused for good, the loss record not yet stored
    store::RangeSet gone_;
    std::vector<RefusedRow> refused_;
    BackOff refusalBackOff_;
    std::optional<SteadyTime> retryAt_;
    std::optional<SteadyTime> pausedUntil_;
    std::size_t refusalsInARow_ = 0;
};

}  // namespace vitalgate::uplink
