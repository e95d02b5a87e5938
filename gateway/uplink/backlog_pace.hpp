#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "gateway/base/time.hpp"

namespace vitalgate::uplink {

/// How much of a backlog is on its way at a time, so that a live message never waits long behind it
/// on a slow line: begins with a little, and grows as long as acknowledgements come within a
/// second; halves when they take more than two. A pure state machine.
class BacklogPace {
  public:
    /// `most`: octets on the way of all batches together; `batchBytes`: of one.
    BacklogPace(std::size_t most, std::size_t batchBytes) : most_(most), batchBytes_(batchBytes) {}

    void sent(std::uint64_t number, std::size_t bytes, SteadyTime now);
    /// It was acknowledged or refused. Harmless for a number that was not sent().
    void answered(std::uint64_t number, SteadyTime now);
    /// The largest batch that may go now; 0: none.
    [[nodiscard]] std::size_t room() const;

  private:
    static constexpr std::size_t kFirst = 16 * 1024;
    static constexpr std::size_t kLeast = 4 * 1024;
    static constexpr Duration kQuick = std::chrono::seconds{1};
    static constexpr Duration kSlow = std::chrono::seconds{2};

    struct Sent {
        std::size_t bytes = 0;
        SteadyTime time;
    };

    std::size_t most_;
    std::size_t batchBytes_;
    std::size_t allowed_ = kFirst;
    std::size_t onTheWay_ = 0;
    std::map<std::uint64_t, Sent> sent_;
    SteadyTime halved_{};
};

}  // namespace vitalgate::uplink
