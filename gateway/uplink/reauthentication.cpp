#include "gateway/uplink/reauthentication.hpp"

#include <algorithm>

namespace vitalgate::uplink {

bool Reauthentication::isWorthTrying(SteadyTime now) {
    if (tried_ && now - *tried_ < interval_) return false;
    // Asked again only after a while: meanwhile the broker took what it got.
    const bool helped = !tried_ || now - *tried_ >= 2 * interval_;
    if (tried_) interval_ = helped ? kFirst : std::min(2 * interval_, kLongest);
    tried_ = now;
    return true;
}

}  // namespace vitalgate::uplink
