#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/error.hpp"

namespace vitalgate {

using Duration = std::chrono::nanoseconds;

/// UTC, for people and charts; may jump.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Time since the kernel started, suspend included (CLOCK_BOOTTIME); never jumps. For limits,
/// back-off and order within a boot.
struct BootClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = Duration;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};
using SteadyTime = BootClock::time_point;

/// How far the hub's wall clock can be trusted; the words and numbers of vitalgate.v1.ClockState.
enum class ClockTrust { unspecified = 0, synchronised = 1, holdover = 2, unsynchronised = 3 };

/// One moment of the hub's clocks; becomes vitalgate.v1.Stamp.
struct Moment {
    WallTime wall;
    ClockTrust trust = ClockTrust::unspecified;
    std::uint32_t boot = 0;  ///< nth start of the kernel on this hub
    SteadyTime uptime;
};

/// Fills any message with set_seconds and set_nanos (google.protobuf.Timestamp).
template <class Timestamp>
void toTimestamp(WallTime time, Timestamp& out) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    out.set_seconds(seconds.time_since_epoch().count());
    out.set_nanos(static_cast<std::int32_t>((time - seconds).count()));
}

template <class Timestamp>
[[nodiscard]] WallTime fromTimestamp(const Timestamp& in) {
    return WallTime{std::chrono::seconds{in.seconds()} + std::chrono::nanoseconds{in.nanos()}};
}

/// Fills a vitalgate.v1.Stamp. The message type is a parameter so that base needs no protobuf.
template <class Stamp>
void toStamp(const Moment& moment, Stamp& out) {
    using State = decltype(out.clock());
    toTimestamp(moment.wall, *out.mutable_time());
    out.set_clock(static_cast<State>(static_cast<int>(moment.trust)));
    out.set_boot(moment.boot);
    out.set_uptime_ms(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(moment.uptime.time_since_epoch())
            .count()));
}

/// "2026-11-23T08:14:05.120Z", always with milliseconds.
std::string formatUtc(WallTime time);

/// RFC 3339 in UTC ("2026-12-24T18:00:00Z", fraction optional).
Result<WallTime> parseUtc(std::string_view text);

/// "250 ms", "5 s", "2 min", "12 h", "30 d": the largest unit that leaves a whole number.
std::string formatDuration(Duration duration);

/// What a device's calendar says, without a zone (GATT Date Time 0x2A08): unknown parts are 0.
struct LocalDateTime {
    std::uint16_t year = 0;
    std::uint8_t month = 0;
    std::uint8_t day = 0;
    std::uint8_t hour = 0;
    std::uint8_t minute = 0;
    std::uint8_t second = 0;

    /// True if it names a real day of the years 1582 to 9999 and a real time of day.
    [[nodiscard]] bool isComplete() const;
    /// "2026-11-23T08:14:05", the parts exactly as given, possible or not.
    [[nodiscard]] std::string text() const;
    bool operator==(const LocalDateTime&) const = default;
};

/// Seconds since 1970 of the calendar time as if it were UTC; only if isComplete().
std::chrono::local_seconds toLocal(const LocalDateTime& time);
LocalDateTime toLocalDateTime(std::chrono::local_seconds time);

}  // namespace vitalgate
