#include "gateway/commands/token_bucket.hpp"

#include <algorithm>

namespace vitalgate::commands {

bool TokenBucket::take(SteadyTime now) {
    const std::chrono::duration<double> passed = now - counted_;
    const std::chrono::duration<double> period = rate_.per;
    const double limit = rate_.count;
    left_ = std::min(limit, left_ + limit * (passed / period));
    counted_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
}

}  // namespace vitalgate::commands
