#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/time.hpp"
#include "gateway/runtime/time_zone.hpp"
#include "vitalgate/v1/reading.pb.h"

namespace vitalgate::session {

/// One comparison of a device's clock with the hub's. A device's calendar knows no zones: it runs
/// on evenly, so what it shows minus `zoneOffset` minus `ahead` is UTC, at all its times.
struct ClockFrame {
    std::chrono::milliseconds ahead{0};  ///< device minus hub
    std::chrono::seconds zoneOffset{0};  ///< the configured zone's at that moment
    Moment compared;
};

/// `shown` is what the device's calendar showed at `hub`.
ClockFrame compareClocks(std::chrono::local_time<Duration> shown, const Moment& hub,
                         const TimeZone& zone);

/// What is wrong with a date by itself: unset (no date at all), partial (a part is unknown) or
/// absurd (no real day, or outside 1970 to 2199).
std::optional<v1::ClockFault> calendarFault(const LocalDateTime& time);

/// When a measurement was made, as the hub knows it best.
struct MeasuredTime {
    WallTime measured;
    v1::TimeBasis basis = v1::TIME_RECEIVED;
    /// Set if the device gave a time.
    std::optional<v1::DeviceClock> clock;
};

/// What is known of a device's clock: how far it is ahead, and, if it was changed, since when and
/// how far it was ahead before; stored measurements bear the time of the clock as it was then.
class DeviceClock {
  public:
    /// As bookmark() wrote it; anything else is a clock of which nothing is known.
    static DeviceClock fromBookmark(std::string_view text);
    /// Comparisons made while the hub's clock was unsynchronised are not remembered.
    [[nodiscard]] std::string bookmark() const;

    /// The device's clock was read. A jump against the last comparison means that somebody else
    /// has changed it since.
    void compare(const ClockFrame& frame);
    /// The hub has set it; `frame` is what it shows since.
    void setByHub(const ClockFrame& frame);

    /// `said` is what the device's calendar said of the measurement. In order: no date, an
    /// impossible one, or a clock that the device calls unset: received. Else the frame is chosen
    /// in which the measurement lies between the clock's last change and its receipt. A clock
    /// that agrees within 2 s: device; any other that was compared: corrected. A clock that could
    /// not be compared is believed (device) if its date is at most 400 days old and not in the
    /// future. A result before 2000 is absurd, one later than 2 min after receipt is in the
    /// future: received.
    [[nodiscard]] MeasuredTime place(const std::optional<LocalDateTime>& said, bool clockNotSet,
                                     const Moment& received, const TimeZone& zone) const;

    /// The last comparison, for the descriptor.
    [[nodiscard]] std::optional<v1::DeviceClock> message() const;
    [[nodiscard]] const std::optional<ClockFrame>& current() const { return current_; }

  private:
    [[nodiscard]] const ClockFrame* frameOf(const LocalDateTime& said,
                                            const Moment& received) const;
    [[nodiscard]] v1::DeviceClock messageOf(const ClockFrame& frame) const;

    std::optional<ClockFrame> current_;
    std::optional<ClockFrame> earlier_;  ///< before the change
    std::optional<WallTime> changed_;    ///< not before then
    bool changedByHub_ = false;
};

/// Whether the hub sets a device's clock that is `ahead` (nothing: it cannot be read). `limit`:
/// off by more is set; nothing: never. A hub whose own clock is unsynchronised sets only a clock
/// that is off by more than an hour, for then the device's is worse; one that cannot be right
/// (before 2025) sets none.
bool shouldSetClock(std::optional<std::chrono::milliseconds> ahead, std::optional<Duration> limit,
                    const Moment& now);

}  // namespace vitalgate::session
