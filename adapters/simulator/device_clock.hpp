#pragma once

#include "adapters/simulator/scenario.hpp"
#include "gateway/runtime/clock.hpp"

namespace vitalgate::simulator {

/// The calendar of a device: without a zone, wrong by what the scenario says, drifting, until
/// somebody sets it. It counts by itself: jumps of the hub's clock do not move it.
class DeviceClock {
  public:
    /// `clock` must outlive this.
    DeviceClock(const ClockSettings& settings, Clock& clock);

    [[nodiscard]] LocalDateTime now() const;
    /// Fractions of the second, 1/256.
    [[nodiscard]] std::uint8_t fractions256() const;
    /// How far ahead of UTC its zone was at the start.
    [[nodiscard]] std::chrono::minutes zoneOffset() const { return zoneOffset_; }
    /// A frozen clock takes it and stays where it is.
    void set(const LocalDateTime& time);

  private:
    [[nodiscard]] std::chrono::local_time<Duration> shown() const;

    Clock& clock_;
    double driftPpm_;  ///< positive: runs fast
    bool frozen_;
    std::chrono::minutes zoneOffset_;
    std::chrono::local_time<Duration> origin_;
    SteadyTime originAt_;
};

}  // namespace vitalgate::simulator
