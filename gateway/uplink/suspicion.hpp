#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "gateway/base/time.hpp"
#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/lane_messages.hpp"

namespace vitalgate::uplink {

/// Finds the row at which a broker ends the connection without a word: one that is too large for
/// it, with MQTT 3.1.1 or where it names no limit. Such a row would come first on each connection,
/// and nothing behind it would ever go.
///
/// When three connections in a row have ended right after a batch, messages go one at a time, and
/// the rows of a batch at which that one ends go one by one. A row that ends two connections so is
/// held back, and all others go. Alone on a connection that has stood for a minute it is tried
/// again, ever more seldom; if that ends five of them in a row at once, and the broker has taken
/// batches without it, it is at fault. A line that breaks by itself does not do that. In memory
/// only: a restart begins anew. A pure state machine over all connections of an uplink.
class Suspicion {
  public:
    static constexpr std::size_t kBreaksBeforeCare = 3;
    static constexpr std::size_t kBreaksBeforeHeldBack = 2;
    static constexpr std::size_t kTrials = 5;
    static constexpr std::size_t kMostRows = 16;  ///< under suspicion; a further one is not held
    /// An end so soon after the oldest message without an answer may have to do with it.
    static constexpr Duration kAtOnce = std::chrono::seconds{5};
    /// A connection that stood so long is sound.
    static constexpr Duration kSound = std::chrono::minutes{1};
    static constexpr Duration kLongestWait = std::chrono::hours{1};
    /// So many connections in a row that end before that without the row, and without finding
    /// another, show that it is not its fault.
    static constexpr std::size_t kUnsoundWithout = 30;

    struct Suspect {
        store::StoredRow row;
        std::vector<store::Range> cover;
        std::size_t breaks = 0;
        std::size_t trials = 0;
        std::size_t proofs = 0;        ///< trials in a row that ended a connection at once
        std::size_t unsound = 0;       ///< connections without it that did not last
        bool othersWereTaken = false;  ///< batches, since it is held back
        bool isBeingTold = false;      ///< its Loss is on the way to the store
        [[nodiscard]] bool isHeldBack() const { return breaks >= kBreaksBeforeHeldBack; }
        [[nodiscard]] bool mayBeTried() const { return isHeldBack() && !isBeingTold; }
    };

    void connected(SteadyTime now);
    void sent(const LaneMessage& message, std::size_t bytes, SteadyTime now);
    /// The broker answered, so it did not end the connection at this one.
    void answered(std::uint64_t number, bool taken);
    /// When the oldest message that has no answer was sent.
    [[nodiscard]] std::optional<SteadyTime> oldestUnanswered() const;
    /// The other side or the line ended the connection.
    void disconnected(SteadyTime now);
    /// The hub itself ends the connection: that says nothing.
    void disregard() { inFlight_.clear(); }
    /// These are not to be sent any more.
    void settled(const store::RangeSet& ranges);

    [[nodiscard]] bool isQuiet() const { return apart_.empty() && suspects_.empty(); }
    /// One message in flight at a time.
    [[nodiscard]] bool goesOneAtATime(SteadyTime now) const;
    /// The largest batch.
    [[nodiscard]] std::size_t batchBytes() const { return batchBytes_; }
    /// Rows that go one by one.
    [[nodiscard]] const store::RangeSet& apart() const { return apart_; }
    [[nodiscard]] std::vector<Suspect> heldBack() const;
    /// Those that are at fault, each once; they stay held back until they are settled.
    [[nodiscard]] std::vector<Suspect> takeProven();
    /// One of these could not be told as lost: it is tried again, and told if that ends the
    /// connection once more. False if none of them was under suspicion.
    bool notTold(const store::RangeSet& ranges);
    /// What to let go now, one at a time.
    [[nodiscard]] std::optional<std::vector<store::Range>> nextTrial(SteadyTime now);
    [[nodiscard]] std::optional<SteadyTime> deadline(SteadyTime now) const;

  private:
    struct InFlight {
        SteadyTime time;
        std::size_t bytes = 0;
        std::size_t rows = 0;
        bool alone = false;  ///< sent while messages go one at a time
        v1::Lane lane = v1::LANE_UNSPECIFIED;
        store::StoredRow first;
        std::vector<store::Range> cover;
    };
    struct Trial {
        std::uint64_t sequence = 0;
        SteadyTime begun;
    };

    void judgeConnection(SteadyTime now);
    void brokeAt(const InFlight& message);
    void accuse(const InFlight& message);
    [[nodiscard]] Suspect* find(std::uint64_t sequence);
    [[nodiscard]] SteadyTime dueTime(const Suspect& suspect) const;

    SteadyTime connectedAt_{};
    std::map<std::uint64_t, InFlight> inFlight_;
    std::size_t breaks_ = 0;  ///< in a row
    std::size_t batchBytes_ = std::numeric_limits<std::size_t>::max();
    store::RangeSet apart_;
    std::vector<Suspect> suspects_;
    std::optional<Trial> trial_;  ///< of this connection
};

}  // namespace vitalgate::uplink
