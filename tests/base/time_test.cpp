#include "gateway/base/time.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace std::chrono_literals;

TEST_CASE("UTC is written with milliseconds and read back") {
    const auto time = parseUtc("2026-11-23T08:14:05.120Z");
    REQUIRE(time);
    CHECK(formatUtc(*time) == "2026-11-23T08:14:05.120Z");
    CHECK(formatUtc(*parseUtc("2026-12-24T18:00:00Z")) == "2026-12-24T18:00:00.000Z");
    CHECK(formatUtc(WallTime{-1ms}) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("what is not a UTC time is refused") {
    for (const auto* bad : {"", "2026-12-24", "2026-12-24T18:00:00", "2026-12-24T18:00:00+01:00",
                            "2026-02-30T18:00:00Z", "2026-12-24T24:00:00Z", "2026-12-24T18:00:60Z",
                            "2026-12-24 18:00:00Z", "2026-12-24T18:00:00.Z",
                            "2026-12-24T18:00:00Zx", "-026-12-24T18:00:00Z"}) {
        CAPTURE(bad);
        CHECK_FALSE(parseUtc(bad));
    }
}

TEST_CASE("a device's calendar is complete only if it names a real day and time") {
    CHECK(LocalDateTime{2026, 11, 23, 8, 14, 5}.isComplete());
    CHECK(LocalDateTime{2024, 2, 29, 0, 0, 0}.isComplete());
    for (const auto& bad :
         {LocalDateTime{2023, 2, 29, 0, 0, 0}, LocalDateTime{0, 1, 1, 0, 0, 0},
          LocalDateTime{2026, 0, 1, 0, 0, 0}, LocalDateTime{2026, 1, 0, 0, 0, 0},
          LocalDateTime{2026, 1, 1, 24, 0, 0}, LocalDateTime{2026, 1, 1, 0, 60, 0},
          LocalDateTime{2026, 1, 1, 0, 0, 60}, LocalDateTime{1581, 1, 1, 0, 0, 0},
          LocalDateTime{10000, 1, 1, 0, 0, 0}}) {
        CAPTURE(bad.text());
        CHECK_FALSE(bad.isComplete());
    }
    CHECK(LocalDateTime{0, 0, 0, 8, 14, 5}.text() == "0000-00-00T08:14:05");
}

TEST_CASE("calendar and seconds agree both ways") {
    const LocalDateTime time{2026, 11, 23, 8, 14, 5};
    CHECK(toLocalDateTime(toLocal(time)) == time);
    CHECK(toLocal({1970, 1, 1, 0, 0, 1}).time_since_epoch() == 1s);
}

TEST_CASE("durations are written in the largest whole unit") {
    CHECK(formatDuration(250ms) == "250 ms");
    CHECK(formatDuration(5s) == "5 s");
    CHECK(formatDuration(90s) == "90 s");
    CHECK(formatDuration(2min) == "2 min");
    CHECK(formatDuration(24h) == "1 d");
    CHECK(formatDuration(0s) == "0 ms");
}
