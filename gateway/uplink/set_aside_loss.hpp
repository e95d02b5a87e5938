#pragma once

#include <string>

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/lanes.hpp"

namespace vitalgate::uplink {

/// The event that takes the place of a row that the broker of this uplink will never take.
store::NewRow setAsideLoss(const RefusedRow& refused, const std::string& uplink,
                           const std::string& stream, Clock& clock, Random& random);

}  // namespace vitalgate::uplink
