#pragma once

#include <algorithm>
#include <cstdint>

#include "gateway/base/time.hpp"

namespace vitalgate {

/// So many at once, then evenly so many in a time.
class TokenBucket {
  public:
    /// `count` may pass within `period`, and at most `burst` at once; both at least 1. Full at the
    /// start.
    TokenBucket(std::uint32_t count, Duration period, std::uint32_t burst)
        : interval_(period / std::max(count, 1U)),
          capacity_(interval_ * (std::max(burst, 1U) - 1)) {}

    /// Takes one and gives how long to wait before using it; zero: not at all.
    Duration take(SteadyTime now) {
        const auto due = std::max(next_, now - capacity_);
        next_ = due + interval_;
        return std::max(due - now, Duration::zero());
    }

    /// Takes one if that needs no waiting; else takes nothing.
    [[nodiscard]] bool tryTake(SteadyTime now) {
        if (next_ > now) return false;
        take(now);
        return true;
    }

  private:
    Duration interval_;
    Duration capacity_;
    SteadyTime next_{Duration::min() / 2};
};

}  // namespace vitalgate
