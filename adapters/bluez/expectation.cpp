#include "adapters/bluez/expectation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vitalgate::bluez {

namespace {

using namespace std::chrono_literals;

/// In the largest unit of which there are two at least, rounded down: a person wants no more.
std::string roughly(Duration duration) {
    if (duration >= 48h) return fmt::format("{} d", duration / 24h);
    if (duration >= 2h) return fmt::format("{} h", duration / 1h);
    if (duration >= 2min) return fmt::format("{} min", duration / 1min);
    return fmt::format("{} s", duration / 1s);
}

}  // namespace

void Expectation::onReading(SteadyTime at) {
    if (heard_ && at <= since_) return;
    heard_ = true;
    since_ = at;
    told_ = 0;
}

void Expectation::recall(WallTime last, std::optional<WallTime> told, const Moment& now) {
    const auto age = now.wall - last;
    const bool isBelieved = now.trust == ClockTrust::synchronised || age < kBelieved;
    if (heard_ || age < Duration::zero() || !isBelieved) return;
    since_ = now.uptime - age;
    if (told && *told > last && every_ > Duration::zero())
        told_ = std::min((*told - last) / every_, intervals(now.uptime));
}

std::optional<Duration> Expectation::look(SteadyTime now) {
    const auto passed = intervals(now);
    if (passed <= told_) return std::nullopt;
    told_ = passed;
    return now - since_;
}

std::string Expectation::sentence(Duration silent) const {
    return fmt::format("no measurement for {}; one is expected every {}", roughly(silent),
                       roughly(every_));
}

std::string Expectation::standing() const {
    return fmt::format("no measurement within the expected {}", roughly(every_));
}

}  // namespace vitalgate::bluez
