#pragma once

#include <algorithm>
#include <cstdint>

#include "gateway/base/time.hpp"

namespace vitalgate::session {

/// So many at once, then so many a second.
class TokenBucket {
  public:
    /// Both at least 1; full at the start.
    TokenBucket(std::uint32_t perSecond, std::uint32_t burst)
        : interval_(Duration{std::chrono::seconds{1}} / std::max(perSecond, 1U)),
          capacity_(interval_ * (std::max(burst, 1U) - 1)) {}

    /// Takes one and gives how long to wait before using it; zero: not at all.
    Duration take(SteadyTime now) {
        const auto due = std::max(next_, now - capacity_);
        next_ = due + interval_;
        return std::max(due - now, Duration::zero());
    }

  private:
    Duration interval_;
    Duration capacity_;
    SteadyTime next_{Duration::min() / 2};
};

}  // namespace vitalgate::session
