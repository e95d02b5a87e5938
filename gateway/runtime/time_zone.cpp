#include "gateway/runtime/time_zone.hpp"

#include <date/tz.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace vitalgate {

Result<TimeZone> TimeZone::find(const std::string& name) {
    errno = 0;
    try {
        const auto* zone = name.empty() ? date::current_zone() : date::locate_zone(name);
        // The library reads the zone's file when it is first asked: here a failure can be told.
        static_cast<void>(zone->get_info(std::chrono::sys_seconds{}));
        return TimeZone(zone);
    } catch (const std::runtime_error&) {
        if (errno == EMFILE || errno == ENFILE || errno == EACCES) {
            return fail(ErrorKind::unavailable, "the time zones of the system cannot be read: {}",
                        std::strerror(errno));
        }
        if (name.empty()) {
            return fail(ErrorKind::invalid, "the system's time zone cannot be found; name one");
        }
        return fail(ErrorKind::invalid,
                    "\"{}\" is not a time zone; write for example Europe/Prague or UTC", name);
    }
}

TimeZone TimeZone::fixed(std::chrono::seconds ahead) {
    TimeZone zone;
    zone.fixed_ = ahead;
    return zone;
}

std::string TimeZone::name() const {
    if (zone_ != nullptr) return zone_->name();
    if (fixed_ == std::chrono::seconds{0}) return "UTC";
    const std::chrono::hh_mm_ss ahead(std::chrono::abs(fixed_));
    return fmt::format("UTC{}{:02}:{:02}", fixed_.count() < 0 ? '-' : '+', ahead.hours().count(),
                       ahead.minutes().count());
}

std::chrono::local_time<Duration> TimeZone::toLocal(WallTime time) const {
    return std::chrono::local_time<Duration>{time.time_since_epoch() + offset(time)};
}

WallTime TimeZone::toUtc(std::chrono::local_seconds local) const {
    const auto since = local.time_since_epoch();
    if (zone_ == nullptr) return WallTime{since - fixed_};
    // `first` is the only offset, the earlier of two, or the one before a gap.
    const auto info = zone_->get_info(date::local_seconds{since});
    return WallTime{since - info.first.offset};
}

std::chrono::seconds TimeZone::offset(WallTime at) const {
    if (zone_ == nullptr) return fixed_;
    return zone_->get_info(std::chrono::floor<std::chrono::seconds>(at)).offset;
}

}  // namespace vitalgate
