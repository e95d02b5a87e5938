#include "gateway/runtime/time_zone.hpp"

#include <date/tz.h>

#include <stdexcept>

namespace vitalgate {

Result<TimeZone> TimeZone::find(const std::string& name) {
    try {
        return TimeZone(name.empty() ? date::current_zone() : date::locate_zone(name));
    } catch (const std::runtime_error&) {
        if (name.empty()) {
            return fail(ErrorKind::invalid, "the system's time zone cannot be found; name one");
        }
        return fail(ErrorKind::invalid,
                    "\"{}\" is not a time zone; write for example Europe/Prague or UTC", name);
    }
}

std::string TimeZone::name() const {
    return zone_ == nullptr ? "UTC" : zone_->name();
}

std::chrono::local_time<Duration> TimeZone::toLocal(WallTime time) const {
    return std::chrono::local_time<Duration>{time.time_since_epoch() + offset(time)};
}

WallTime TimeZone::toUtc(std::chrono::local_seconds local) const {
    const auto since = local.time_since_epoch();
    if (zone_ == nullptr) return WallTime{since};
    // `first` is the only offset, the earlier of two, or the one before a gap.
    const auto info = zone_->get_info(date::local_seconds{since});
    return WallTime{since - info.first.offset};
}

std::chrono::seconds TimeZone::offset(WallTime at) const {
    if (zone_ == nullptr) return std::chrono::seconds{0};
    return zone_->get_info(std::chrono::floor<std::chrono::seconds>(at)).offset;
}

}  // namespace vitalgate
