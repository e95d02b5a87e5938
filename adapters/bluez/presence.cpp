#include "adapters/bluez/presence.hpp"

#include <fmt/format.h>

namespace vitalgate::bluez {

v1::Availability Presence::state(SteadyTime now) const {
    if (!enabled_) return v1::AVAILABILITY_DISABLED;
    if (connected_) return v1::AVAILABILITY_ONLINE;
    if (!seen_) return v1::AVAILABILITY_NEVER_SEEN;
    if (failures_ >= kFailures || isDeaf(now)) return v1::AVAILABILITY_UNREACHABLE;
    return now - *seen_ <= kHeard ? v1::AVAILABILITY_ONLINE : v1::AVAILABILITY_ASLEEP;
}

std::string Presence::reason(SteadyTime now) const {
    if (enabled_ && !connected_ && now < aloneUntil_) return whyAlone_;
    switch (state(now)) {
        case v1::AVAILABILITY_DISABLED:
            return "switched off in the configuration";
        case v1::AVAILABILITY_ONLINE:
            return connected_ ? "connected" : "heard within the last half minute";
        case v1::AVAILABILITY_NEVER_SEEN:
            return "not heard since the hub started";
        case v1::AVAILABILITY_UNREACHABLE:
            if (failures_ < kFailures) return "no Bluetooth adapter of the hub works";
            return fmt::format("{} connections in a row have failed", failures_);
        default:
            break;
    }
    const std::string silent = "it is silent between measurements";
    if (!lastReading_) return silent;
    return fmt::format("{}; the last one came at {:.16}Z", silent, formatUtc(*lastReading_));
}

}  // namespace vitalgate::bluez
