#pragma once

#include <asio/awaitable.hpp>
#include <optional>

#include "adapters/profiles/date_time.hpp"
#include "adapters/session/control_points.hpp"
#include "adapters/session/device_clock.hpp"
#include "adapters/session/exchange.hpp"

namespace vitalgate::session {

/// Reads the device's clock, compares it with the hub's, and sets it where the settings say so, by
/// whatever profile the device has it.
class ClockSynchronisation {
  public:
    /// All must outlive it.
    ClockSynchronisation(const SessionContext& shared, Exchange& exchange,
                         ControlPoints& controlPoints)
        : shared_(shared),
          exchange_(exchange),
          controlPoints_(controlPoints),
          zone_(shared.options.zone) {}

    /// What earlier conversations knew of the clock. What cannot be read ends this one.
    asio::awaitable<Status> recall();
    /// Compares the clock and sets it if it is off by more than the options allow. A clock that
    /// cannot be read or does not take the time ends nothing.
    asio::awaitable<Status> compare();
    /// Sets it exactly, whatever the options allow. An error says why it does not show the hub's
    /// time now.
    asio::awaitable<Status> setNow();
    /// What the device says of its own zone. A configured one that agrees stays, for it knows
    /// summer and winter too.
    void takeZone(ByteView localTimeInformation);

    [[nodiscard]] const DeviceClock& clock() const { return clock_; }
    /// The device's, else the configured one.
    [[nodiscard]] const TimeZone& zone() const { return zone_; }
    [[nodiscard]] Bookmarks bookmarks() const;

  private:
    ClockFrame compareWith(const profiles::CurrentTime& shown);
    asio::awaitable<Result<profiles::CurrentTime>> read(Endpoint clock);
    asio::awaitable<Status> set(Endpoint clock, std::optional<ClockFrame> compared);
    asio::awaitable<Status> write(Endpoint clock);
    asio::awaitable<Status> propose(Endpoint controlPoint);
    asio::awaitable<Result<bool>> verify(Status written);
    [[nodiscard]] v1::Event setEvent(const std::optional<v1::DeviceClock>& before) const;

    const SessionContext& shared_;
    Exchange& exchange_;
    ControlPoints& controlPoints_;
    DeviceClock clock_;
    TimeZone zone_;
    std::optional<Error> notSet_;  ///< why the last attempt was in vain
};

}  // namespace vitalgate::session
