#pragma once

#include "gateway/base/time.hpp"
#include "gateway/commands/policy.hpp"

namespace vitalgate::commands {

/// Lets `rate.count` through at once and, when these are used up, as many again within `rate.per`,
/// evenly spread.
class TokenBucket {
  public:
    explicit TokenBucket(Rate rate) : rate_(rate), left_(rate.count) {}

    /// False if nothing is left at this moment; times must not go back.
    [[nodiscard]] bool take(SteadyTime now);

  private:
    Rate rate_;
    double left_;
    SteadyTime counted_;
};

}  // namespace vitalgate::commands
