#include "adapters/bluez/expectation.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;

namespace {

constexpr SteadyTime kStart{1h};
const WallTime kWall = *parseUtc("2026-11-23T08:00:00Z");

/// The hub has just started, `trust` says what its wall clock is worth.
Moment now(ClockTrust trust = ClockTrust::synchronised) {
    return {kWall, trust, 1, kStart};
}

}  // namespace

TEST_CASE("without an expectation nothing is ever overdue") {
    Expectation none(0s, kStart);
    CHECK_FALSE(none.look(kStart + 9999h));
    CHECK_FALSE(none.isOverdue(kStart + 9999h));
}

TEST_CASE(
    "what never comes is overdue after an interval from the start, and once per further one") {
    Expectation daily(24h, kStart);
    CHECK_FALSE(daily.look(kStart + 24h - 1ns));
    CHECK_FALSE(daily.isOverdue(kStart + 24h - 1ns));
    CHECK(daily.look(kStart + 25h) == Duration(25h));
    CHECK(daily.isOverdue(kStart + 25h));
    CHECK_FALSE(daily.look(kStart + 26h));
    CHECK_FALSE(daily.look(kStart + 48h - 1ns));
    CHECK(daily.look(kStart + 48h) == Duration(48h));
    // The hub was asleep: one event, not one for each interval.
    CHECK(daily.look(kStart + 240h) == Duration(240h));
    CHECK_FALSE(daily.look(kStart + 241h));
}

TEST_CASE("a reading ends it, and the interval begins anew") {
    Expectation daily(24h, kStart);
    CHECK(daily.look(kStart + 24h));
    daily.onReading(kStart + 30h);
    CHECK_FALSE(daily.isOverdue(kStart + 53h));
    CHECK_FALSE(daily.look(kStart + 53h));
    CHECK(daily.look(kStart + 54h) == Duration(24h));
    daily.onReading(kStart + 30h);  // the same one, seen again
    CHECK(daily.isOverdue(kStart + 54h));
    CHECK_FALSE(daily.look(kStart + 54h));
}

TEST_CASE("what an earlier run remembers counts on, across any number of starts") {
    Expectation daily(24h, kStart);
    daily.recall(kWall - 20h, std::nullopt, now());
    CHECK_FALSE(daily.look(kStart + 3h));
    CHECK(daily.look(kStart + 4h) == Duration(24h));

    Expectation late(24h, kStart);
    late.recall(kWall - 30h, std::nullopt, now());
    CHECK(late.look(kStart) == Duration(30h));

    Expectation told(24h, kStart);
    told.recall(kWall - 30h, kWall - 6h, now());
    CHECK(told.isOverdue(kStart));
    CHECK_FALSE(told.look(kStart));
    CHECK_FALSE(told.look(kStart + 17h));
    CHECK(told.look(kStart + 18h) == Duration(48h));
}

TEST_CASE(
    "a telling that is older than the last reading, or lies in the future, silences nothing") {
    Expectation old(24h, kStart);
    old.recall(kWall - 30h, kWall - 31h, now());
    CHECK(old.look(kStart) == Duration(30h));

    Expectation future(24h, kStart);
    future.recall(kWall - 30h, kWall + 9999h, now());
    CHECK_FALSE(future.look(kStart));
    CHECK(future.look(kStart + 18h) == Duration(48h));
}

TEST_CASE("a remembered time is believed only by a clock that can tell how long ago it is") {
    const auto firstTold = [](WallTime last, ClockTrust trust) {
        Expectation daily(24h, kStart);
        daily.recall(last, std::nullopt, now(trust));
        SteadyTime at = kStart;
        while (!daily.look(at)) at += 1h;
        return at - kStart;
    };
    for (const auto trust : {ClockTrust::unsynchronised, ClockTrust::holdover}) {
        CHECK(firstTold(kWall - 30h, trust) == Duration(0h));
        CHECK(firstTold(kWall - 400 * 24h, trust) == Duration(24h));
        CHECK(firstTold(kWall + 1h, trust) == Duration(24h));
    }
    CHECK(firstTold(kWall - 401 * 24h, ClockTrust::synchronised) == Duration(0h));
    CHECK(firstTold(kWall + 1h, ClockTrust::synchronised) == Duration(24h));
}

TEST_CASE("what is remembered late changes nothing once a reading has come") {
    Expectation daily(24h, kStart);
    daily.onReading(kStart);
    daily.recall(kWall - 300h, std::nullopt, now());
    CHECK_FALSE(daily.isOverdue(kStart + 23h));
}

TEST_CASE("the sentence has the units that a person would take") {
    CHECK(Expectation(24h, kStart).sentence(25h + 59min) ==
          "no measurement for 25 h; one is expected every 24 h");
    CHECK(Expectation(7 * 24h, kStart).sentence(15 * 24h) ==
          "no measurement for 15 d; one is expected every 7 d");
    CHECK(Expectation(90min, kStart).sentence(119min + 59s) ==
          "no measurement for 119 min; one is expected every 90 min");
    CHECK(Expectation(1min, kStart).sentence(61s) ==
          "no measurement for 61 s; one is expected every 60 s");
    CHECK(Expectation(24h, kStart).standing() == "no measurement within the expected 24 h");
}
