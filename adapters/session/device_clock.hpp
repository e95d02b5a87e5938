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
/// What messages say of a comparison.
v1::DeviceClock toMessage(const ClockFrame& frame);

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
///
/// A hub whose clock is not synchronised is behind, never ahead. What was compared in that state is
/// true to the hub's clock as it was in that boot; once the hub knows the time, in the same boot,
/// it is taken over into the right time by means of the time since the start.
class DeviceClock {
  public:
    /// As bookmark() wrote it; anything else is a clock of which nothing is known. What was
    /// compared while the hub's clock was unsynchronised counts in that `boot` only.
    static DeviceClock fromBookmark(std::string_view text, std::uint32_t boot);
    /// Empty if nothing is known.
    [[nodiscard]] std::string bookmark() const;

    /// The device's clock was read. A jump against the last comparison means that it was changed
    /// since: by the hub if that was aboutToSet() and it is far better, else by somebody. A
    /// comparison made while the hub's clock was unsynchronised replaces one that was not only if
    /// it proves a jump back.
    void compare(const ClockFrame& frame);
    /// The hub is going to set it. Until the next comparison nobody knows whether that was done.
    void aboutToSet() { setting_ = true; }
    /// The hub has set it; `frame` is what it shows since.
    void setByHub(const ClockFrame& frame);

    /// `said` is what the device's calendar said of the measurement. In order: no date, an
    /// impossible one, or a clock that the device calls unset: received. Else the frame is chosen
    /// in which the measurement lies between the clock's last change and its receipt. A clock
    /// that agrees within 2 s, or could not be compared: device; any other: corrected. A result
    /// more than 400 days before receipt, or before 2000, is absurd; one more than 2 min after
    /// receipt is in the future (400 days where the hub is not synchronised, but cannot be far
    /// behind): received.
    [[nodiscard]] MeasuredTime place(const std::optional<LocalDateTime>& said, bool clockNotSet,
                                     const Moment& received, const TimeZone& zone) const;

    /// By its last two comparisons it does not run, or begins anew whenever it is switched on: what
    /// it says tells no measurement from another. False where that is not known.
    [[nodiscard]] bool isStanding() const { return standing_; }

    /// The last comparison, for the descriptor.
    [[nodiscard]] std::optional<v1::DeviceClock> message() const;
    [[nodiscard]] const std::optional<ClockFrame>& current() const { return current_; }

  private:
    [[nodiscard]] DeviceClock inTimeOf(const Moment& now) const;
    [[nodiscard]] MeasuredTime placeDate(const LocalDateTime& said, const Moment& received,
                                         const TimeZone& zone) const;
    [[nodiscard]] const ClockFrame* frameOf(const LocalDateTime& said,
                                            const Moment& received) const;
    [[nodiscard]] v1::DeviceClock messageOf(const ClockFrame& frame) const;

    std::optional<ClockFrame> current_;
    std::optional<ClockFrame> earlier_;  ///< before the change
    std::optional<WallTime> changed_;    ///< not before then, in the time of `current_`
    bool changedByHub_ = false;
    bool setting_ = false;   ///< the hub was about to set it
    bool standing_ = false;  ///< at the last comparison
};

/// Whether the hub sets a device's clock that is `ahead` (nothing: it cannot be read). `limit`:
/// off by more is set; nothing: never. A hub whose own clock is unsynchronised is behind, never
/// ahead: it sets only a clock that is more than an hour behind its own; one that cannot be right
/// (before 2025) sets none.
bool shouldSetClock(std::optional<std::chrono::milliseconds> ahead, std::optional<Duration> limit,
                    const Moment& now);

}  // namespace vitalgate::session
