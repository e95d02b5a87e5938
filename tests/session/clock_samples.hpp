#pragma once

#include <doctest/doctest.h>

#include "adapters/session/device_clock.hpp"

/// What the tests of a device's clock share: moments of a hub, and what a device says.
namespace vitalgate::testing {

using namespace session;
using namespace std::chrono_literals;

inline WallTime utc(std::string_view text) {
    const auto time = parseUtc(text);
    REQUIRE(time);
    return *time;
}

inline constexpr std::uint32_t kBoot = 3;

inline Moment at(std::string_view text, ClockTrust trust = ClockTrust::synchronised) {
    Moment moment;
    moment.wall = utc(text);
    moment.trust = trust;
    moment.boot = kBoot;
    moment.uptime = SteadyTime{90s};
    return moment;
}

/// Of a hub that does not know the time, so long after the start of the kernel.
inline Moment unsynchronised(std::string_view text, Duration uptime = 90s) {
    auto moment = at(text, ClockTrust::unsynchronised);
    moment.uptime = SteadyTime{uptime};
    return moment;
}

inline Moment after(Duration uptime, std::string_view text) {
    auto moment = at(text);
    moment.uptime = SteadyTime{uptime};
    return moment;
}

inline std::chrono::local_time<Duration> local(std::string_view text) {
    return std::chrono::local_time<Duration>{utc(std::string(text) + "Z").time_since_epoch()};
}

inline LocalDateTime said(std::string_view text, std::chrono::seconds behind = 0s) {
    return toLocalDateTime(std::chrono::floor<std::chrono::seconds>(local(text)) - behind);
}

inline TimeZone zone(const char* name) {
    const auto found = TimeZone::find(name);
    REQUIRE(found);
    return *found;
}

inline const TimeZone kUtc;

/// A clock that showed `shown` at `hub`.
inline DeviceClock compared(std::string_view shown, const Moment& hub,
                            const TimeZone& where = kUtc) {
    DeviceClock clock;
    clock.compare(compareClocks(local(shown), hub, where));
    return clock;
}

inline void check(const MeasuredTime& time, std::string_view measured, v1::TimeBasis basis,
                  v1::ClockFault fault = v1::CLOCK_FAULT_UNSPECIFIED) {
    CHECK(formatUtc(time.measured) == std::string(measured) + ".000Z");
    CHECK(time.basis == basis);
    if (fault != v1::CLOCK_FAULT_UNSPECIFIED) REQUIRE(time.clock);
    if (time.clock) CHECK(time.clock->fault() == fault);
}

}  // namespace vitalgate::testing
