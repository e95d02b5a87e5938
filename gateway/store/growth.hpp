#pragma once

#include <cstdint>
#include <deque>

#include "gateway/base/time.hpp"

namespace vitalgate::store {

/// How fast records come: octets appended in the last day, to the hour.
class Growth {
  public:
    explicit Growth(SteadyTime began) : samples_{{began, 0}} {}

    /// `appended`: octets since the beginning, all in all.
    void note(SteadyTime now, std::uint64_t appended);
    /// Octets a day, over the last 24 hours or since the beginning, but at least over `shortest`.
    [[nodiscard]] double octetsPerDay(SteadyTime now, Duration shortest) const;

  private:
    struct Sample {
        SteadyTime time;
        std::uint64_t appended;  ///< up to then
    };
    std::deque<Sample> samples_;  ///< one an hour, the first one 24 hours old or more
    std::uint64_t appended_ = 0;
};

struct Forecast {
    /// The longest history that can be configured; more than that says no more.
    static constexpr double kMostDays = 400;

    double daysLeft = kMostDays;
    bool isTooSmall = false;
};

/// At the present rate: when undelivered records alone fill the store (the others give way), and
/// whether those of the time `keep` do not fit. The rate is measured over an hour at least, for the
/// second over a day at least: one burst is no rate.
Forecast forecast(const Growth& growth, SteadyTime now, std::uint64_t undeliveredBytes,
                  std::uint64_t maximumBytes, Duration keep);

}  // namespace vitalgate::store
