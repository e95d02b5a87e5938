#include "gateway/store/growth.hpp"

#include <algorithm>

namespace vitalgate::store {

namespace {

using Days = std::chrono::duration<double, std::chrono::days::period>;

constexpr Duration kWindow = std::chrono::days{1};
constexpr Duration kStep = std::chrono::hours{1};

}  // namespace

void Growth::note(SteadyTime now, std::uint64_t appended) {
    appended_ = std::max(appended_, appended);
    if (now - samples_.back().time >= kStep) samples_.push_back({now, appended_});
    while (samples_.size() > 1 && samples_[1].time <= now - kWindow) samples_.pop_front();
}

double Growth::octetsPerDay(SteadyTime now, Duration shortest) const {
    auto from = samples_.begin();
    while (std::next(from) != samples_.end() && std::next(from)->time <= now - kWindow) ++from;
    const Days passed = std::max(now - from->time, shortest);
    return static_cast<double>(appended_ - from->appended) / passed.count();
}

Forecast forecast(const Growth& growth, SteadyTime now, std::uint64_t undeliveredBytes,
                  std::uint64_t maximumBytes, Duration keep) {
    Forecast result;
    const auto free = static_cast<double>(maximumBytes - std::min(maximumBytes, undeliveredBytes));
    const auto rate = growth.octetsPerDay(now, kStep);
    if (rate > 0) result.daysLeft = std::min(Forecast::kMostDays, free / rate);
    const auto needed = growth.octetsPerDay(now, kWindow) * Days(keep).count();
    result.isTooSmall = needed > static_cast<double>(maximumBytes);
    return result;
}

}  // namespace vitalgate::store
