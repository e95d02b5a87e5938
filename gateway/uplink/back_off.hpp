#pragma once

#include "gateway/base/time.hpp"
#include "gateway/runtime/random.hpp"

namespace vitalgate::uplink {

/// How long to wait before trying again: evenly between a quarter of a second and a ceiling that
/// doubles with each failure, from one second up to `maximum` (full jitter, so that a thousand hubs
/// do not return to a broker at the same moment).
class BackOff {
  public:
    BackOff(Duration maximum, Random& random) : maximum_(maximum), random_(random) {}

    Duration next();
    void reset() { ceiling_ = kFirst; }

  private:
    static constexpr Duration kFirst = std::chrono::seconds{1};
    static constexpr Duration kShortest = std::chrono::milliseconds{250};

    Duration maximum_;
    Random& random_;
    Duration ceiling_ = kFirst;
};

}  // namespace vitalgate::uplink
