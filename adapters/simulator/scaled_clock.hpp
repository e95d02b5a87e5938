#pragma once

#include "gateway/runtime/clock.hpp"

namespace vitalgate::simulator {

/// A clock whose timers run faster; what it shows is the true time.
class ScaledClock final : public Clock {
  public:
    /// `clock` must outlive this. `speed` above 0; 2: every delay takes half as long.
    ScaledClock(Clock& clock, double speed) : Clock(clock.loop()), clock_(clock), speed_(speed) {}

    [[nodiscard]] WallTime wall() const override { return clock_.wall(); }
    [[nodiscard]] SteadyTime steady() const override { return clock_.steady(); }
    [[nodiscard]] ClockTrust trust() const override { return clock_.trust(); }
    [[nodiscard]] Timer after(Duration delay, std::function<void()> action) override {
        const auto scaled = static_cast<double>(delay.count()) / speed_;
        return clock_.after(Duration{static_cast<Duration::rep>(scaled)}, std::move(action));
    }

  private:
    Clock& clock_;
    double speed_;
};

}  // namespace vitalgate::simulator
