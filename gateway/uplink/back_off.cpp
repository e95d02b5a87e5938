#include "gateway/uplink/back_off.hpp"

#include <algorithm>

namespace vitalgate::uplink {

Duration BackOff::next() {
    const auto ceiling = std::min(ceiling_, maximum_);
    ceiling_ = std::min(ceiling_ * 2, maximum_);
    return kShortest + random_.below(ceiling - kShortest);
}

}  // namespace vitalgate::uplink
