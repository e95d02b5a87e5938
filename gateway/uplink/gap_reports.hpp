#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "gateway/base/time.hpp"
#include "gateway/store/range_set.hpp"

namespace vitalgate::uplink {

/// What a service reports as missing, and when it is sent again: at once, but the same sequence at
/// most once in an interval. What is reported more often is put off to the end of the interval, so
/// that nothing is overlooked and a service in a loop does not make the hub send for ever.
class GapReports {
  public:
    static constexpr Duration kInterval = std::chrono::seconds{30};
    /// More ranges than these are not kept: small gaps between them are put off or sent with them.
    static constexpr std::size_t kMaximumRanges = 1024;

    /// What of `missing` is to be sent again now; `again` is to be sent again already.
    [[nodiscard]] store::RangeSet reported(const store::RangeSet& missing,
                                           const store::RangeSet& again, SteadyTime now);
    /// What was put off and is due, each once, without what is to be sent again already.
    [[nodiscard]] store::RangeSet takeDue(const store::RangeSet& again, SteadyTime now);
    /// When takeDue() will have something to give.
    [[nodiscard]] std::optional<SteadyTime> deadline() const;

    /// The service has these: gives what of them need not be sent again, because nothing but a
    /// report asked for it.
    [[nodiscard]] store::RangeSet confirmed(const store::RangeSet& ranges);
    /// A command asked for these: they are sent whatever the service says.
    void commanded(const store::RangeSet& ranges) { asked_.remove(ranges); }
    void sent(const store::RangeSet& ranges) { asked_.remove(ranges); }
    /// What was sent over an earlier connection may be lost with its broker: put off no longer.
    void connected();

  private:
    store::RangeSet keep(const store::RangeSet& ranges, SteadyTime now);

    store::RangeSet asked_;   ///< by reports alone, and not sent yet
    store::RangeSet recent_;  ///< given out in this interval
    store::RangeSet putOff_;  ///< reported again in this interval
    SteadyTime intervalEnd_;
};

}  // namespace vitalgate::uplink
