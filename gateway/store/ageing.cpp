#include "gateway/store/ageing.hpp"

#include <algorithm>

namespace vitalgate::store {

namespace {

/// A hub that never sees a time server has to go by its own clock.
constexpr Duration kPatience = std::chrono::days{1};

bool isDoubtful(const Moment& moment) {
    return moment.trust == ClockTrust::unsynchronised;
}

}  // namespace

std::optional<Moment> Ageing::believed(const Moment& now) {
    const auto elapsed = now.uptime - base_.uptime;
    if (isDoubtful(now) && elapsed < kPatience) return std::nullopt;
    const bool isCertain = isDoubtful(base_) && !isDoubtful(now);
    if (isCertain || now.wall < base_.wall + elapsed) base_ = now;
    auto moment = now;
    moment.wall = std::min(now.wall, base_.wall + (now.uptime - base_.uptime));
    return moment;
}

}  // namespace vitalgate::store
