#include "adapters/simulator/device_clock.hpp"

#include <cmath>

namespace vitalgate::simulator {

namespace chr = std::chrono;

namespace {

TimeZone zoneOf(const ClockSettings& settings) {
    if (settings.zone) return *settings.zone;
    const auto own = TimeZone::find("");
    return own ? *own : TimeZone{};
}

}  // namespace

DeviceClock::DeviceClock(const ClockSettings& settings, Clock& clock)
    : clock_(clock),
      driftPpm_(settings.driftPpm),
      frozen_(settings.frozen),
      zoneOffset_(chr::round<chr::minutes>(zoneOf(settings).offset(clock.wall()))),
      origin_(zoneOf(settings).toLocal(clock.wall()) + settings.ahead),
      originAt_(clock.steady()) {}

chr::local_time<Duration> DeviceClock::shown() const {
    if (frozen_) return origin_;
    const auto passed = clock_.steady() - originAt_;
    const auto drift = static_cast<double>(passed.count()) * driftPpm_ / 1e6;
    return origin_ + passed + Duration{std::llround(drift)};
}

LocalDateTime DeviceClock::now() const {
    return toLocalDateTime(chr::floor<chr::seconds>(shown()));
}

std::uint8_t DeviceClock::fractions256() const {
    const auto time = shown();
    const auto fraction = time - chr::floor<chr::seconds>(time);
    return static_cast<std::uint8_t>(fraction.count() * 256 / 1'000'000'000);
}

void DeviceClock::set(const LocalDateTime& time) {
    if (frozen_) return;
    origin_ = toLocal(time);
    originAt_ = clock_.steady();
}

}  // namespace vitalgate::simulator
