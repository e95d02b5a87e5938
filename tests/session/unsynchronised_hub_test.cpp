// Device clocks as seen by a hub that does not know the time itself.
#include "tests/session/clock_samples.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

TEST_CASE(
    "a date more than 400 days before even an unsynchronised hub's is no time of measurement") {
    const auto poor = at("2026-11-23T08:00:00Z", ClockTrust::unsynchronised);
    check(DeviceClock().place(said("2010-01-02T01:31:00"), false, poor, kUtc),
          "2026-11-23T08:00:00", v1::TIME_RECEIVED, v1::CLOCK_FAULT_ABSURD);
}

TEST_CASE("a date more than 400 days after even an unsynchronised hub's is in the future") {
    const auto poor = unsynchronised("2026-11-23T08:00:00Z");
    for (const auto* date : {"2094-06-01T12:00:00", "2027-12-29T00:00:00"}) {
        CAPTURE(std::string(date));
        check(DeviceClock().place(said(date), false, poor, kUtc), "2026-11-23T08:00:00",
              v1::TIME_RECEIVED, v1::CLOCK_FAULT_FUTURE);
    }
    check(DeviceClock().place(said("2027-12-27T00:00:00"), false, poor, kUtc),
          "2027-12-27T00:00:00", v1::TIME_DEVICE);
    // Also by a comparison of better days.
    const auto clock = compared("2026-11-20T09:00:00", at("2026-11-20T08:00:00Z"));
    check(clock.place(said("2094-06-01T12:00:00"), false, poor, kUtc), "2026-11-23T08:00:00",
          v1::TIME_RECEIVED, v1::CLOCK_FAULT_FUTURE);
}

TEST_CASE("a hub that does not know the time does not judge a device's") {
    const auto lost = at("1970-01-01T00:01:00Z", ClockTrust::unsynchronised);
    check(DeviceClock().place(said("2026-11-23T07:30:00"), false, lost, kUtc),
          "2026-11-23T07:30:00", v1::TIME_DEVICE);
    // A comparison in the same state is true to the hub's clock, however wrong that is.
    const auto clock = compared("2026-11-23T08:00:00", lost);
    const auto received = at("1970-01-01T00:01:30Z", ClockTrust::unsynchronised);
    const auto placed = clock.place(said("2026-11-23T08:00:10"), false, received, kUtc);
    check(placed, "1970-01-01T00:01:30", v1::TIME_RECEIVED, v1::CLOCK_FAULT_ABSURD);
    CHECK(placed.clock->compared().clock() == v1::CLOCK_UNSYNCHRONISED);
}

TEST_CASE("what was compared before the hub knew the time is right once it does, in that boot") {
    // At 90 s the device showed 10:00; at 390 s the hub learns that it is 08:05.
    const auto clock = compared("2026-11-23T10:00:00", unsynchronised("2026-05-01T00:00:00Z"));
    const auto placed =
        clock.place(said("2026-11-23T10:00:10"), false, after(390s, "2026-11-23T08:05:00Z"), kUtc);
    check(placed, "2026-11-23T08:00:10", v1::TIME_CORRECTED);
    CHECK(placed.clock->ahead_ms() == 7200000);
    CHECK(placed.clock->compared().clock() == v1::CLOCK_SYNCHRONISED);
    CHECK(placed.clock->compared().uptime_ms() == 90000);
    // In another boot nobody knows what the hub's clock was then: the device is believed.
    auto other = after(390s, "2026-11-23T08:05:00Z");
    other.boot = kBoot + 1;
    const auto believed = clock.place(said("2026-11-23T08:00:10"), false, other, kUtc);
    check(believed, "2026-11-23T08:00:10", v1::TIME_DEVICE);
    CHECK_FALSE(believed.clock->has_compared());
}

TEST_CASE("a clock that the hub set before it knew the time has its old time before, also later") {
    auto clock = compared("2026-11-23T06:00:00", unsynchronised("2026-11-23T07:30:00Z"));
    clock.aboutToSet();
    clock.setByHub(compareClocks(local("2026-11-23T07:30:02"),
                                 unsynchronised("2026-11-23T07:30:02Z", 92s), kUtc));
    clock = DeviceClock::fromBookmark(clock.bookmark(), kBoot);
    // It was 08:00 then.
    clock.compare(
        compareClocks(local("2026-11-23T07:40:00"), after(690s, "2026-11-23T08:10:00Z"), kUtc));
    const auto received = after(700s, "2026-11-23T08:10:10Z");
    const auto stored = clock.place(said("2026-11-23T05:30:00"), false, received, kUtc);
    check(stored, "2026-11-23T07:30:00", v1::TIME_CORRECTED);
    CHECK(stored.clock->set_after());
    check(clock.place(said("2026-11-23T07:39:00"), false, received, kUtc), "2026-11-23T08:09:00",
          v1::TIME_CORRECTED);
}

TEST_CASE("what a hub that does not know the time compares is remembered for its boot only") {
    const auto clock = compared("2026-11-23T06:00:00", unsynchronised("2026-11-23T08:00:00Z"));
    REQUIRE_FALSE(clock.bookmark().empty());
    CHECK(DeviceClock::fromBookmark(clock.bookmark(), kBoot).bookmark() == clock.bookmark());
    CHECK_FALSE(DeviceClock::fromBookmark(clock.bookmark(), kBoot + 1).current());
    // What it knew before is still good.
    auto known = compared("2026-11-20T08:00:00", at("2026-11-20T08:00:00Z"));
    known.compare(
        compareClocks(local("2010-01-01T00:00:00"), unsynchronised("2026-11-20T08:01:00Z"), kUtc));
    const auto later = DeviceClock::fromBookmark(known.bookmark(), kBoot + 1);
    REQUIRE(later.current());
    CHECK(later.current()->ahead == 0s);
    CHECK(later.current()->compared.wall == utc("2026-11-20T08:00:00Z"));
}

TEST_CASE("a hub that does not know the time spoils no comparison that was made when it did") {
    // Months behind: to it the device seems to be ahead.
    auto clock = compared("2026-11-20T09:00:00", at("2026-11-20T08:00:00Z"));
    clock.compare(
        compareClocks(local("2026-11-23T09:00:00"), unsynchronised("2026-05-01T00:00:00Z"), kUtc));
    check(clock.place(said("2026-11-23T08:30:00"), false, unsynchronised("2026-05-01T00:00:10Z"),
                      kUtc),
          "2026-11-23T07:30:00", v1::TIME_CORRECTED);
    // But a device that is behind even such a hub has jumped back.
    clock.compare(
        compareClocks(local("2026-01-01T00:00:00"), unsynchronised("2026-05-01T00:01:00Z"), kUtc));
    check(clock.place(said("2026-01-01T00:00:10"), false, unsynchronised("2026-05-01T00:01:10Z"),
                      kUtc),
          "2026-05-01T00:01:10", v1::TIME_CORRECTED);
}

TEST_CASE("a clock is set when off by more than the limit, by a hub that knows better") {
    using std::chrono::milliseconds;
    struct Row {
        std::optional<milliseconds> ahead;
        std::optional<Duration> limit;
        const char* now;
        ClockTrust trust;
        bool set;
    };
    const auto good = ClockTrust::synchronised;
    const auto poor = ClockTrust::unsynchronised;
    const std::array rows{
        Row{30s, 30s, "2026-11-23T08:00:00Z", good, false},
        Row{30001ms, 30s, "2026-11-23T08:00:00Z", good, true},
        Row{-30001ms, 30s, "2026-11-23T08:00:00Z", good, true},
        Row{-30001ms, 30s, "2026-11-23T08:00:00Z", ClockTrust::holdover, true},
        Row{24h, std::nullopt, "2026-11-23T08:00:00Z", good, false},
        Row{std::nullopt, 30s, "2026-11-23T08:00:00Z", good, true},
        Row{std::nullopt, 30s, "2026-11-23T08:00:00Z", poor, false},
        Row{5min, 30s, "2026-11-23T08:00:00Z", poor, false},
        Row{2h, 30s, "2026-11-23T08:00:00Z", poor, false},
        Row{24h * 365 * 68, 30s, "2026-11-23T08:00:00Z", poor, false},
        Row{-5min, 30s, "2026-11-23T08:00:00Z", poor, false},
        Row{-1h, 30s, "2026-11-23T08:00:00Z", poor, false},
        Row{-1h - 1ms, 30s, "2026-11-23T08:00:00Z", poor, true},
        Row{-2h, 24h, "2026-11-23T08:00:00Z", poor, false},
        Row{-24h * 365, 30s, "1970-01-01T00:05:00Z", poor, false},
        Row{24h, 30s, "2024-12-31T23:59:59Z", good, false},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.now));
        CAPTURE(row.ahead.value_or(0ms).count());
        CHECK(shouldSetClock(row.ahead, row.limit, at(row.now, row.trust)) == row.set);
    }
}
