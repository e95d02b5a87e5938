#pragma once

#include <chrono>
#include <string>

#include "gateway/base/error.hpp"
#include "gateway/base/time.hpp"

namespace date {
class time_zone;
}

namespace vitalgate {

/// A zone of the IANA time zone database, as the system has it, or a fixed difference to UTC. Cheap
/// to copy. The library reads the listed changes only: from 2038 on a zone stays in its winter
/// time.
class TimeZone {
  public:
    TimeZone() = default;  ///< UTC

    /// "Europe/Prague"; empty: the system's own. ErrorKind::invalid for a name that is unknown,
    /// ErrorKind::unavailable where the database cannot be read now.
    static Result<TimeZone> find(const std::string& name);

    /// Local time that is always so much ahead of UTC: of a device that says no more of its zone.
    static TimeZone fixed(std::chrono::seconds ahead);

    /// "Europe/Prague", "UTC", "UTC+05:45".
    [[nodiscard]] std::string name() const;

    /// What a calendar in this zone shows.
    [[nodiscard]] std::chrono::local_time<Duration> toLocal(WallTime time) const;

    /// The moment at which a calendar in this zone shows `local`. A time that comes twice (clocks
    /// go back) is taken as the first, in summer time. A time that never comes (clocks go forward)
    /// is taken as a calendar shows it that did not follow the change: 02:30 is then 03:30.
    [[nodiscard]] WallTime toUtc(std::chrono::local_seconds local) const;

    /// Local minus UTC at that moment.
    [[nodiscard]] std::chrono::seconds offset(WallTime at) const;

  private:
    explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}

    const date::time_zone* zone_ = nullptr;  ///< lives as long as the process; null: fixed
    std::chrono::seconds fixed_{0};
};

}  // namespace vitalgate
