#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "gateway/base/time.hpp"
#include "gateway/store/range_set.hpp"

namespace vitalgate::uplink {

/// When the sequences were sent whose receipt is awaited. Times are kept to a 32nd of the limit, so
/// that some tens of them are enough; what is rounded is rounded to the later time.
class AwaitedReceipts {
  public:
    /// More moments than these are not kept apart.
    static constexpr std::size_t kMaximumMoments = 64;

    explicit AwaitedReceipts(Duration limit) : limit_(limit) {}

    /// Sent now, if for the second time then anew.
    void sent(const store::RangeSet& ranges, SteadyTime now);
    /// No receipt is awaited for these any more.
    void settled(const store::RangeSet& ranges);
    /// Time during which no receipt could come does not count.
    void postpone(Duration by);

    /// What was sent longer than the limit ago; it is no longer awaited.
    [[nodiscard]] store::RangeSet takeOverdue(SteadyTime now);
    [[nodiscard]] std::optional<SteadyTime> deadline() const;

  private:
    struct Sent {
        SteadyTime first;
        SteadyTime last;
        store::RangeSet ranges;
    };

    Duration limit_;
    std::deque<Sent> sent_;  ///< ascending in time
};

}  // namespace vitalgate::uplink
