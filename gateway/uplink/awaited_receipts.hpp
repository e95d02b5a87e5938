#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "gateway/base/time.hpp"
#include "gateway/store/range_set.hpp"

namespace vitalgate::uplink {

/// When the sequences were sent whose receipt is awaited, and which of them are to be sent again
/// for want of one. What is sent again and not confirmed either doubles the limit of all that is
/// sent from then on, up to a day: a service that is down costs a few copies and not one each
/// quarter of an hour. Times are kept to a 32nd of the limit, so that some tens of them are enough;
/// what is rounded is rounded to the later time.
class AwaitedReceipts {
  public:
    /// More moments than these are not kept apart.
    static constexpr std::size_t kMaximumMoments = 64;
    /// The limit does not grow beyond this; a limit that is longer from the start does not grow.
    static constexpr Duration kLongestLimit = std::chrono::hours{24};

    explicit AwaitedReceipts(Duration limit) : shortest_(limit), limit_(limit) {}

    /// Sent now, if for the second time then anew.
    void sent(const store::RangeSet& ranges, SteadyTime now);
    /// Not awaited before they are sent once more, for whatever reason that is.
    void withdraw(const store::RangeSet& ranges);
    /// No receipt is awaited for these any more.
    void settled(const store::RangeSet& ranges);
    /// The service has confirmed something: the limit is as at the beginning, and what is awaited
    /// has at most that long from now on.
    void confirmedSome(SteadyTime now);
    /// Time during which no receipt could come does not count.
    void wasAway(SteadyTime since, SteadyTime now);

    /// What was sent longer than its limit ago; it is no longer awaited, but to be sent again.
    [[nodiscard]] store::RangeSet takeOverdue(SteadyTime now);
    /// Of that the lowest `maximum` sequences, each once.
    [[nodiscard]] store::RangeSet takeToSendAgain(std::uint64_t maximum);
    [[nodiscard]] bool hasToSendAgain() const { return !toSend_.empty(); }
    /// What was overdue and is not settled since, sent again or not.
    [[nodiscard]] const store::RangeSet& overdue() const { return overdue_; }
    /// When takeOverdue() will have something to give.
    [[nodiscard]] std::optional<SteadyTime> deadline() const;
    /// How long a receipt of what is sent now is waited for.
    [[nodiscard]] Duration limit() const { return limit_; }

  private:
    struct Sent {
        SteadyTime first;
        SteadyTime last;
        SteadyTime due;
        Duration limit{};  ///< at the time of sending
        store::RangeSet ranges;
    };

    [[nodiscard]] bool joinsLatest(SteadyTime now) const;
    void joinOldest();

    Duration shortest_;
    Duration limit_;
    std::deque<Sent> sent_;    ///< ascending in all its times
    store::RangeSet overdue_;  ///< and not settled since
    store::RangeSet toSend_;   ///< of these, not yet sent again
};

}  // namespace vitalgate::uplink
