#include "adapters/profiles/elapsed_time.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

using namespace std::chrono_literals;
using profiles::ElapsedTime;

constexpr auto kClock = profiles::kCurrentElapsedTime;

Bytes full() {
    return sample({
        {"3a", "flags: UTC, resolution 1 ms, offset used, current timeline"},
        {"407da89cc500", "848736845120 ms after 2000-01-01: 2026-11-23 08:14:05.120"},
        {"01", "network time protocol"},
        {"04", "+60 min"},
        {"00", "clock status: set"},
        {"03", "follows daylight saving and zone by itself"},
    });
}

profiles::ElapsedClock clockOf(std::string_view hex) {
    const auto decoded = profiles::decodeElapsedClock(octets(hex));
    if (!decoded) FAIL(decoded.error().message);
    return *decoded;
}

ElapsedTime timeOf(std::string_view hex) {
    const auto value = octets(hex);
    ByteReader reader(value);
    const auto time = profiles::readElapsedTime(reader);
    CHECK_FALSE(reader.failure());
    CHECK(reader.remaining() == 0);
    return time;
}

/// 2026-11-23T08:14:05.1234Z
WallTime now() {
    return WallTime{std::chrono::sys_days{2026y / 11 / 23} + 8h + 14min + 5s + 123400us};
}

}  // namespace

TEST_CASE("a complete elapsed time has every field") {
    const auto clock = clockOf(toHex(full()));
    const auto& time = clock.time;
    CHECK_FALSE(time.isTickCounter);
    CHECK(time.isUtc);
    CHECK(time.resolution == 1ms);
    CHECK(time.usesOffset);
    CHECK(time.isCurrentTimeline);
    CHECK(time.source == profiles::kTimeSourceNetwork);
    CHECK(time.utcOffset == 60min);
    CHECK_FALSE(clock.needsToBeSet);
    CHECK(clock.followsDaylightSaving);
    CHECK(clock.followsZone);
    const auto calendar = profiles::calendarOf(time);
    REQUIRE(calendar);
    CHECK(calendar->time == LocalDateTime{2026, 11, 23, 8, 14, 5});
    CHECK(calendar->fraction == 120ms);
    CHECK(json(kClock, toHex(full())) ==
          R"({"deviceTime":"2026-11-23T08:14:05","resolutionMs":1,"fraction":0.1200,"utc":true,)"
          R"("utcOffsetMin":60,"timeSource":"network-time-protocol","currentTimeline":true,)"
          R"("needsToBeSet":false,"followsDaylightSaving":true,"followsZone":true})");
}

TEST_CASE("every octet short or wrong of an elapsed time is noticed") {
    checkPrefixes(kClock, full());
    checkBitFlips(kClock, full());
    checkTrailing(kClock, full());
    CHECK_FALSE(profiles::decodeElapsedClock(octets("22 4db296320000 01 00")));
}

TEST_CASE("an elapsed time has one of four resolutions") {
    const auto shownBy = [](std::string_view hex) {
        const auto time = timeOf(hex);
        const auto calendar = profiles::calendarOf(time);
        REQUIRE(calendar);
        return fmt::format("{} {}", calendar->time.text(), calendar->fraction / 1us);
    };
    CHECK(shownBy("22 4db296320000 01 00") == "2026-11-23T08:14:05 0");
    CHECK(shownBy("26 09f7e2f90100 01 00") == "2026-11-23T08:14:05 700000");
    CHECK(shownBy("2a 407da89cc500 01 00") == "2026-11-23T08:14:05 120000");
    CHECK(shownBy("2e a2e4941eb807 01 00") == "2026-11-23T08:14:05 123400");
}

TEST_CASE("an offset counts only where the flags say that it is used and it is possible") {
    CHECK(timeOf("32 4db296320000 01 e0").utcOffset == -480min);
    CHECK(timeOf("32 4db296320000 01 38").utcOffset == 840min);
    CHECK_FALSE(timeOf("32 4db296320000 01 39").utcOffset);
    CHECK_FALSE(timeOf("32 4db296320000 01 80").utcOffset);
    CHECK_FALSE(timeOf("22 4db296320000 01 04").utcOffset);
}

TEST_CASE("a tick counter is no time of day") {
    const auto ticks = timeOf("35 513d01000000 00 04");
    CHECK(ticks.isTickCounter);
    CHECK_FALSE(profiles::calendarOf(ticks));
    CHECK(profiles::elapsedTimeText(ticks) == "ticks:81233");
    CHECK_FALSE(ticks.utcOffset);
    CHECK_FALSE(timeOf("23 513d01000000 00 00").isUtc);
    CHECK(
        json(kClock, "01 513d01000000 07 00 01 00") ==
        R"({"deviceTime":"ticks:81233","resolutionMs":1000,"timeSource":"not-synchronised",)"
        R"("currentTimeline":false,"needsToBeSet":true,"followsDaylightSaving":false,"followsZone":false})");
}

TEST_CASE("the calendar ends with the year 9999") {
    CHECK(profiles::elapsedTimeText(timeOf("02 fffd86c73a00 00 00")) == "9999-12-31T23:59:59");
    CHECK_FALSE(profiles::calendarOf(timeOf("02 00fe86c73a00 00 00")));
    CHECK_FALSE(profiles::calendarOf(timeOf("02 ffffffffffff 00 00")));
    CHECK(profiles::calendarOf(timeOf("0e ffffffffffff 00 00")));
    CHECK(profiles::elapsedTimeText(timeOf("02 000000000000 00 00")) == "2000-01-01T00:00:00");
}

TEST_CASE("reserved bits and sources of an elapsed time") {
    CHECK(timeOf("e2 4db296320000 01 00").count == timeOf("22 4db296320000 01 00").count);
    CHECK(profiles::timeSourceWord(2) == "gps");
    CHECK(profiles::timeSourceWord(6) == "cellular");
    CHECK(profiles::timeSourceWord(8) == "unknown");
    CHECK_FALSE(clockOf("22 4db296320000 01 00 fe fc").needsToBeSet);
    CHECK_FALSE(clockOf("22 4db296320000 01 00 fe fc").followsZone);
}

TEST_CASE("a time is written in the form that the clock itself uses") {
    const auto written = [](std::string_view like, std::chrono::minutes offset) {
        const auto value =
            profiles::encodeElapsedTime(now(), offset, timeOf(like), profiles::kTimeSourceNetwork);
        return value ? toHex(*value) : std::string("nothing");
    };
    const std::string zeros = "000000000000 00 00";
    // UTC; local; with offset; the other resolutions.
    CHECK(written("22" + zeros, 60min) == "224db2963200000100");
    CHECK(written("20" + zeros, 60min) == "205dc0963200000100");
    CHECK(written("32" + zeros, 60min) == "324db2963200000104");
    CHECK(written("30" + zeros, 60min) == "305dc0963200000104");
    CHECK(written("2e" + zeros, 60min) == "2ea2e4941eb8070100");
    // A clock on another timeline is on the current one from then on.
    CHECK(written("02" + zeros, 60min) == "224db2963200000100");
    CHECK(written("32" + zeros, -150min) == "324db29632000001f6");
}

TEST_CASE("what cannot be written into an elapsed time") {
    const auto ticks = timeOf("21 000000000000 00 00");
    CHECK_FALSE(profiles::encodeElapsedTime(now(), 0min, ticks, 1));
    const auto utc = timeOf("22 000000000000 00 00");
    CHECK_FALSE(profiles::encodeElapsedTime(WallTime{}, 0min, utc, 1));
    const auto offset = timeOf("32 000000000000 00 00");
    CHECK_FALSE(profiles::encodeElapsedTime(now(), 67min, offset, 1));
    CHECK_FALSE(profiles::encodeElapsedTime(now(), 855min, offset, 1));
    CHECK(profiles::encodeElapsedTime(now(), 67min, utc, 1));
}

TEST_CASE("a written elapsed time is read again") {
    const auto like = timeOf("3e 000000000000 00 00");
    const auto value = profiles::encodeElapsedTime(now(), 345min, like, 4);
    REQUIRE(value);
    const auto again = timeOf(toHex(*value));
    CHECK(profiles::elapsedTimeText(again) == "2026-11-23T08:14:05");
    CHECK(profiles::calendarOf(again)->fraction == 123400us);
    CHECK(again.utcOffset == 345min);
    CHECK(again.source == profiles::kTimeSourceManual);
}

}  // namespace vitalgate::testing
