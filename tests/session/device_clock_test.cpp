#include "tests/session/clock_samples.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

/// A clock that was so much behind at 08:00 when the hub was about to set it, and is so much ahead
/// in the next conversation, at 08:10.
DeviceClock foundAfterSetting(std::chrono::seconds behind, std::chrono::seconds ahead) {
    DeviceClock before;
    const auto first = at("2026-11-23T08:00:00Z");
    before.compare(compareClocks(local("2026-11-23T08:00:00") - behind, first, kUtc));
    before.aboutToSet();
    auto clock = DeviceClock::fromBookmark(before.bookmark(), kBoot);
    CHECK(clock.bookmark() == before.bookmark());
    const auto second = at("2026-11-23T08:10:00Z");
    clock.compare(compareClocks(local("2026-11-23T08:10:00") + ahead, second, kUtc));
    return clock;
}

}  // namespace

TEST_CASE("a calendar without a date, with a part of one, and with an impossible one") {
    struct Row {
        LocalDateTime time;
        std::optional<v1::ClockFault> fault;
    };
    const std::array rows{
        Row{{0, 0, 0, 0, 0, 0}, v1::CLOCK_FAULT_UNSET},
        Row{{0, 0, 0, 8, 14, 5}, v1::CLOCK_FAULT_UNSET},
        Row{{2026, 0, 23, 8, 14, 5}, v1::CLOCK_FAULT_PARTIAL},
        Row{{2026, 11, 0, 8, 14, 5}, v1::CLOCK_FAULT_PARTIAL},
        Row{{0, 11, 23, 8, 14, 5}, v1::CLOCK_FAULT_PARTIAL},
        Row{{2026, 2, 30, 8, 14, 5}, v1::CLOCK_FAULT_ABSURD},
        Row{{2026, 13, 1, 8, 14, 5}, v1::CLOCK_FAULT_ABSURD},
        Row{{2026, 11, 23, 24, 0, 0}, v1::CLOCK_FAULT_ABSURD},
        Row{{1600, 1, 1, 0, 0, 0}, v1::CLOCK_FAULT_ABSURD},
        Row{{9999, 12, 31, 23, 59, 59}, v1::CLOCK_FAULT_ABSURD},
        Row{{65535, 255, 255, 255, 255, 255}, v1::CLOCK_FAULT_ABSURD},
        Row{{2024, 2, 29, 23, 59, 59}, std::nullopt},
        Row{{1970, 1, 1, 0, 0, 0}, std::nullopt},
        Row{{2199, 12, 31, 23, 59, 59}, std::nullopt},
    };
    for (const auto& row : rows) {
        CAPTURE(row.time.text());
        CHECK(calendarFault(row.time) == row.fault);
        // Whatever it says, placing it gives a time.
        const auto placed = DeviceClock().place(row.time, false, at("2026-11-23T08:00:00Z"), kUtc);
        if (row.fault) check(placed, "2026-11-23T08:00:00", v1::TIME_RECEIVED, *row.fault);
    }
}

TEST_CASE("a measurement without a time, or of a clock that was never set, has its receipt's") {
    const auto clock = compared("2026-11-23T08:00:00", at("2026-11-23T08:00:00Z"));
    const auto none = clock.place(std::nullopt, false, at("2026-11-23T08:00:10Z"), kUtc);
    check(none, "2026-11-23T08:00:10", v1::TIME_RECEIVED);
    CHECK_FALSE(none.clock);
    check(clock.place(said("2026-11-23T08:00:00"), true, at("2026-11-23T08:00:10Z"), kUtc),
          "2026-11-23T08:00:10", v1::TIME_RECEIVED, v1::CLOCK_FAULT_UNSET);
}

TEST_CASE(
    "a clock that agrees within 2 s is believed; any other is corrected by what it is ahead") {
    struct Row {
        const char* shown;
        const char* measured;
        v1::TimeBasis basis;
        std::int64_t ahead;
    };
    constexpr std::array rows{
        Row{"2026-11-23T08:00:00", "2026-11-23T07:30:00", v1::TIME_DEVICE, 0},
        Row{"2026-11-23T08:00:02", "2026-11-23T07:30:00", v1::TIME_DEVICE, 2000},
        Row{"2026-11-23T07:59:58", "2026-11-23T07:30:00", v1::TIME_DEVICE, -2000},
        Row{"2026-11-23T08:00:03", "2026-11-23T07:29:57", v1::TIME_CORRECTED, 3000},
        Row{"2026-11-23T07:59:50", "2026-11-23T07:30:10", v1::TIME_CORRECTED, -10000},
        Row{"2026-11-23T10:00:00", "2026-11-23T05:30:00", v1::TIME_CORRECTED, 7200000},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.shown));
        const auto clock = compared(row.shown, at("2026-11-23T08:00:00Z"));
        const auto placed =
            clock.place(said("2026-11-23T07:30:00"), false, at("2026-11-23T08:00:10Z"), kUtc);
        check(placed, row.measured, row.basis);
        CHECK(placed.clock->ahead_ms() == row.ahead);
        CHECK(placed.clock->compared().boot() == 3);
        CHECK_FALSE(placed.clock->set_after());
    }
}

TEST_CASE("a device that lives in another year is corrected once it could be compared") {
    const auto clock = compared("2010-01-02T01:31:40", at("2026-11-23T08:00:00Z"));
    check(clock.place(said("2010-01-02T01:31:00"), false, at("2026-11-23T08:00:05Z"), kUtc),
          "2026-11-23T07:59:20", v1::TIME_CORRECTED);
    const auto future = compared("2094-06-01T12:00:00", at("2026-11-23T08:00:00Z"));
    check(future.place(said("2094-06-01T11:00:00"), false, at("2026-11-23T08:00:05Z"), kUtc),
          "2026-11-23T07:00:00", v1::TIME_CORRECTED);
}

TEST_CASE(
    "what cannot be true after the correction has its receipt's time, and keeps the comparison") {
    const auto clock = compared("2010-01-02T01:31:40", at("2026-11-23T08:00:00Z"));
    const auto future =
        clock.place(said("2010-01-03T00:00:00"), false, at("2026-11-23T08:00:05Z"), kUtc);
    check(future, "2026-11-23T08:00:05", v1::TIME_RECEIVED, v1::CLOCK_FAULT_FUTURE);
    CHECK(future.clock->has_compared());
    check(clock.place(said("1975-01-03T00:00:00"), false, at("2026-11-23T08:00:05Z"), kUtc),
          "2026-11-23T08:00:05", v1::TIME_RECEIVED, v1::CLOCK_FAULT_ABSURD);
}

TEST_CASE("a date more than 400 days before receipt is no time of measurement, compared or not") {
    struct Row {
        const char* shown;  ///< at 08:00:00
        const char* said;
        const char* measured;
        v1::TimeBasis basis;
    };
    constexpr std::array rows{
        Row{"2026-11-23T08:00:00", "2025-10-20T00:00:00", "2025-10-20T00:00:00", v1::TIME_DEVICE},
        Row{"2026-11-23T08:00:00", "2025-10-19T07:00:00", "2026-11-23T08:00:05", v1::TIME_RECEIVED},
        Row{"2026-11-23T08:00:00", "2010-01-02T01:31:00", "2026-11-23T08:00:05", v1::TIME_RECEIVED},
        Row{"2010-11-23T08:00:00", "2009-10-20T00:00:00", "2025-10-20T00:00:00",
            v1::TIME_CORRECTED},
        Row{"2010-11-23T08:00:00", "2009-10-18T00:00:00", "2026-11-23T08:00:05", v1::TIME_RECEIVED},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.said));
        const auto clock = compared(row.shown, at("2026-11-23T08:00:00Z"));
        const auto placed = clock.place(said(row.said), false, at("2026-11-23T08:00:05Z"), kUtc);
        const bool isReceived = row.basis == v1::TIME_RECEIVED;
        check(placed, row.measured, row.basis,
              isReceived ? v1::CLOCK_FAULT_ABSURD : v1::CLOCK_FAULT_UNSPECIFIED);
        CHECK(placed.clock->has_compared());
    }
}

TEST_CASE("a clock that cannot be compared is believed as far as it can be true") {
    struct Row {
        const char* said;
        const char* measured;
        v1::TimeBasis basis;
        v1::ClockFault fault;
    };
    constexpr std::array rows{
        Row{"2026-11-23T07:30:00", "2026-11-23T07:30:00", v1::TIME_DEVICE,
            v1::CLOCK_FAULT_UNSPECIFIED},
        Row{"2026-11-23T08:02:00", "2026-11-23T08:02:00", v1::TIME_DEVICE,
            v1::CLOCK_FAULT_UNSPECIFIED},
        Row{"2026-11-23T08:02:01", "2026-11-23T08:00:00", v1::TIME_RECEIVED,
            v1::CLOCK_FAULT_FUTURE},
        Row{"2094-01-01T00:00:00", "2026-11-23T08:00:00", v1::TIME_RECEIVED,
            v1::CLOCK_FAULT_FUTURE},
        Row{"2025-10-20T00:00:00", "2025-10-20T00:00:00", v1::TIME_DEVICE,
            v1::CLOCK_FAULT_UNSPECIFIED},
        Row{"2025-10-18T00:00:00", "2026-11-23T08:00:00", v1::TIME_RECEIVED,
            v1::CLOCK_FAULT_ABSURD},
        Row{"2010-01-02T01:31:00", "2026-11-23T08:00:00", v1::TIME_RECEIVED,
            v1::CLOCK_FAULT_ABSURD},
        Row{"1999-12-31T23:59:59", "2026-11-23T08:00:00", v1::TIME_RECEIVED,
            v1::CLOCK_FAULT_ABSURD},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.said));
        const auto placed =
            DeviceClock().place(said(row.said), false, at("2026-11-23T08:00:00Z"), kUtc);
        check(placed, row.measured, row.basis, row.fault);
        REQUIRE(placed.clock);
        CHECK_FALSE(placed.clock->has_compared());
    }
}

TEST_CASE("local time is converted in the configured zone, whatever the season") {
    const auto prague = zone("Europe/Prague");
    const auto winter = compared("2026-11-23T09:00:00", at("2026-11-23T08:00:00Z"), prague);
    check(winter.place(said("2026-11-23T08:30:00"), false, at("2026-11-23T08:00:10Z"), prague),
          "2026-11-23T07:30:00", v1::TIME_DEVICE);
    const auto summer = compared("2026-07-01T10:00:00", at("2026-07-01T08:00:00Z"), prague);
    check(summer.place(said("2026-07-01T09:30:00"), false, at("2026-07-01T08:00:10Z"), prague),
          "2026-07-01T07:30:00", v1::TIME_DEVICE);
}

TEST_CASE("a wrong zone in the configuration shows as an offset and is corrected away") {
    const auto wrong = zone("America/New_York");
    const auto clock = compared("2026-11-23T09:00:00", at("2026-11-23T08:00:00Z"), wrong);
    CHECK(clock.current()->ahead == 6h);
    check(clock.place(said("2026-11-23T08:30:00"), false, at("2026-11-23T08:00:10Z"), wrong),
          "2026-11-23T07:30:00", v1::TIME_CORRECTED);
}

TEST_CASE("a clock that missed the end of summer time runs on evenly, before and after") {
    // Summer time ended on 2026-10-25 at 01:00 UTC; the device still shows UTC+2.
    const auto prague = zone("Europe/Prague");
    const auto clock = compared("2026-10-26T10:00:00", at("2026-10-26T08:00:00Z"), prague);
    CHECK(clock.current()->ahead == 1h);
    const auto received = at("2026-10-26T08:00:05Z");
    check(clock.place(said("2026-10-26T09:30:00"), false, received, prague), "2026-10-26T07:30:00",
          v1::TIME_CORRECTED);
    check(clock.place(said("2026-10-24T09:30:00"), false, received, prague), "2026-10-24T07:30:00",
          v1::TIME_CORRECTED);
}

TEST_CASE("in the hour that comes twice the clock as compared decides which one it is") {
    const auto prague = zone("Europe/Prague");
    const auto first = compared("2026-10-25T02:20:00", at("2026-10-25T00:20:00Z"), prague);
    check(first.place(said("2026-10-25T02:15:00"), false, at("2026-10-25T00:20:05Z"), prague),
          "2026-10-25T00:15:00", v1::TIME_DEVICE);
    const auto second = compared("2026-10-25T02:20:00", at("2026-10-25T01:20:00Z"), prague);
    check(second.place(said("2026-10-25T02:15:00"), false, at("2026-10-25T01:20:05Z"), prague),
          "2026-10-25T01:15:00", v1::TIME_DEVICE);
    // Never compared: the one nearer to the receipt.
    check(
        DeviceClock().place(said("2026-10-25T02:15:00"), false, at("2026-10-25T01:20:05Z"), prague),
        "2026-10-25T01:15:00", v1::TIME_DEVICE);
}

TEST_CASE("after the hub has set a clock, stored measurements still bear the time it had before") {
    auto clock = compared("2026-11-23T07:00:00", at("2026-11-23T08:00:00Z"));
    clock.setByHub(compareClocks(local("2026-11-23T08:00:01"), at("2026-11-23T08:00:01Z"), kUtc));
    const auto received = at("2026-11-23T08:01:00Z");
    const auto stored = clock.place(said("2026-11-23T06:30:00"), false, received, kUtc);
    check(stored, "2026-11-23T07:30:00", v1::TIME_CORRECTED);
    CHECK(stored.clock->ahead_ms() == -3600000);
    CHECK(stored.clock->set_after());
    const auto live = clock.place(said("2026-11-23T08:00:30"), false, received, kUtc);
    check(live, "2026-11-23T08:00:30", v1::TIME_DEVICE);
    CHECK_FALSE(live.clock->set_after());
}

TEST_CASE("a clock that was ahead: what would lie in the future is from before it was set") {
    auto clock = compared("2026-11-23T08:01:00", at("2026-11-23T08:00:00Z"));
    clock.setByHub(compareClocks(local("2026-11-23T08:00:01"), at("2026-11-23T08:00:01Z"), kUtc));
    check(clock.place(said("2026-11-23T08:00:40"), false, at("2026-11-23T08:00:05Z"), kUtc),
          "2026-11-23T07:59:40", v1::TIME_CORRECTED);
}

TEST_CASE("a clock that the hub was about to set, and that is better since, was set by it") {
    for (const auto behind : {45s, 5400s}) {
        CAPTURE(behind.count());
        const auto clock = foundAfterSetting(behind, 1s);
        const auto received = at("2026-11-23T08:10:05Z");
        const auto stored = clock.place(said("2026-11-23T06:30:00", behind), false, received, kUtc);
        check(stored, "2026-11-23T06:30:00", v1::TIME_CORRECTED);
        CHECK(stored.clock->set_after());
        check(clock.place(said("2026-11-23T08:05:00"), false, received, kUtc),
              "2026-11-23T08:05:00", v1::TIME_DEVICE);
    }
}

TEST_CASE("a clock that the hub was about to set, and that shows what it did, was not set") {
    for (const auto behind : {45s, 5400s}) {
        CAPTURE(behind.count());
        // Nearly: it drifts.
        const auto clock = foundAfterSetting(behind, 5s - behind);
        const auto stored = clock.place(said("2026-11-23T06:30:00", behind), false,
                                        at("2026-11-23T08:10:05Z"), kUtc);
        check(stored, "2026-11-23T06:29:55", v1::TIME_CORRECTED);
        CHECK_FALSE(stored.clock->set_after());
    }
}

TEST_CASE("the state of a clock outlives the conversation") {
    auto before = compared("2026-11-23T07:00:00", at("2026-11-23T08:00:00Z"));
    before.setByHub(compareClocks(local("2026-11-23T08:00:01"), at("2026-11-23T08:00:01Z"), kUtc));
    auto clock = DeviceClock::fromBookmark(before.bookmark(), kBoot);
    CHECK(clock.bookmark() == before.bookmark());
    // Next day: the clock has drifted by a second, and an old measurement comes late.
    clock.compare(compareClocks(local("2026-11-24T08:00:01"), at("2026-11-24T08:00:00Z"), kUtc));
    check(clock.place(said("2026-11-23T06:30:00"), false, at("2026-11-24T08:00:05Z"), kUtc),
          "2026-11-23T07:30:00", v1::TIME_CORRECTED);
    check(clock.place(said("2026-11-23T12:00:00"), false, at("2026-11-24T08:00:05Z"), kUtc),
          "2026-11-23T12:00:00", v1::TIME_DEVICE);
}

TEST_CASE("a clock that jumped since the last conversation (new battery) had its old time before") {
    auto clock = DeviceClock::fromBookmark(
        compared("2026-11-20T08:00:00", at("2026-11-20T08:00:00Z")).bookmark(), kBoot);
    clock.compare(compareClocks(local("2010-01-01T06:00:00"), at("2026-11-23T08:00:00Z"), kUtc));
    const auto received = at("2026-11-23T08:00:05Z");
    const auto old = clock.place(said("2026-11-21T09:00:00"), false, received, kUtc);
    check(old, "2026-11-21T09:00:00", v1::TIME_DEVICE);
    CHECK_FALSE(old.clock->set_after());
    check(clock.place(said("2010-01-01T05:00:00"), false, received, kUtc), "2026-11-23T07:00:00",
          v1::TIME_CORRECTED);
}

TEST_CASE("a clock that could only be written: what is older than that is as if never compared") {
    DeviceClock written;
    written.setByHub({{}, 0s, at("2026-11-23T08:00:00Z")});
    const auto clock = DeviceClock::fromBookmark(written.bookmark(), kBoot);
    check(clock.place(said("2026-11-23T08:00:30"), false, at("2026-11-23T08:01:00Z"), kUtc),
          "2026-11-23T08:00:30", v1::TIME_DEVICE);
    const auto old =
        clock.place(said("2026-11-22T08:00:30"), false, at("2026-11-23T08:01:00Z"), kUtc);
    check(old, "2026-11-22T08:00:30", v1::TIME_DEVICE);
    CHECK_FALSE(old.clock->has_compared());
}

TEST_CASE("a bookmark that is none leaves a clock of which nothing is known") {
    for (const auto* text : {"", " ", "1", "1 2 3 4 5", "a b c d e f", "1 2 3 4 5 6 7",
                             "1 2 3 4 5 99999999999999999999", "1,2,3,4,5,6"}) {
        CAPTURE(std::string(text));
        CHECK_FALSE(DeviceClock::fromBookmark(text, kBoot).current());
    }
    CHECK_FALSE(DeviceClock().message());
    CHECK(DeviceClock().bookmark().empty());
}
