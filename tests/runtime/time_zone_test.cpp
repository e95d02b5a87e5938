#include "gateway/runtime/time_zone.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

using namespace vitalgate;
using namespace std::chrono_literals;

namespace {

std::chrono::local_seconds local(std::string_view text) {
    const auto time = parseUtc(std::string(text) + "Z");
    REQUIRE(time);
    return std::chrono::local_seconds{
        std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch()};
}

TimeZone prague() {
    const auto zone = TimeZone::find("Europe/Prague");
    REQUIRE(zone);
    return *zone;
}

}  // namespace

TEST_CASE("a zone that was found needs nothing more of the system") {
    const auto zone = TimeZone::find("Asia/Tokyo");
    REQUIRE(zone);
    rlimit usual{};
    getrlimit(RLIMIT_NOFILE, &usual);
    const rlimit noMore{3, usual.rlim_max};
    setrlimit(RLIMIT_NOFILE, &noMore);
    const auto offset = zone->offset(WallTime{});
    setrlimit(RLIMIT_NOFILE, &usual);
    CHECK(offset == 9h);
}

TEST_CASE("a calendar time becomes UTC, also at the two changes of a year") {
    struct Row {
        const char* what;
        const char* local;
        const char* utc;
    };
    constexpr std::array rows{
        Row{"winter", "2026-11-23T09:00:00", "2026-11-23T08:00:00.000Z"},
        Row{"summer", "2026-07-01T10:00:00", "2026-07-01T08:00:00.000Z"},
        Row{"last second of winter", "2026-03-29T01:59:59", "2026-03-29T00:59:59.000Z"},
        Row{"never comes: as a calendar that was not changed", "2026-03-29T02:30:00",
            "2026-03-29T01:30:00.000Z"},
        Row{"first second of summer", "2026-03-29T03:00:00", "2026-03-29T01:00:00.000Z"},
        Row{"comes twice: the first", "2026-10-25T02:30:00", "2026-10-25T00:30:00.000Z"},
        Row{"after the hour that comes twice", "2026-10-25T03:00:00", "2026-10-25T02:00:00.000Z"},
        Row{"the last summer that is known", "2037-07-01T12:00:00", "2037-07-01T10:00:00.000Z"},
        Row{"far away", "2199-01-01T12:00:00", "2199-01-01T11:00:00.000Z"},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        CHECK(formatUtc(prague().toUtc(local(row.local))) == row.utc);
    }
}

TEST_CASE("UTC becomes what a calendar shows, parts of a second included") {
    const auto time = *parseUtc("2026-07-01T08:00:00.250Z");
    CHECK(prague().toLocal(time) == local("2026-07-01T10:00:00") + 250ms);
    CHECK(prague().offset(time) == 2h);
    CHECK(prague().offset(*parseUtc("2026-11-23T08:00:00Z")) == 1h);
    CHECK(TimeZone().toLocal(time) == local("2026-07-01T08:00:00") + 250ms);
}

TEST_CASE("zones west of Greenwich and with odd minutes") {
    const auto newYork = TimeZone::find("America/New_York");
    const auto kathmandu = TimeZone::find("Asia/Kathmandu");
    REQUIRE(newYork);
    REQUIRE(kathmandu);
    const auto time = *parseUtc("2026-11-23T08:00:00Z");
    CHECK(newYork->offset(time) == -5h);
    CHECK(kathmandu->offset(time) == 5h + 45min);
    CHECK(kathmandu->toUtc(local("2026-11-23T13:45:00")) == time);
}

TEST_CASE("a fixed zone is always as far ahead") {
    const auto kathmandu = TimeZone::fixed(5h + 45min);
    const auto time = *parseUtc("2026-07-01T08:00:00Z");
    CHECK(kathmandu.offset(time) == 5h + 45min);
    CHECK(kathmandu.toUtc(local("2026-07-01T13:45:00")) == time);
    CHECK(kathmandu.toLocal(time) == local("2026-07-01T13:45:00"));
    CHECK(kathmandu.name() == "UTC+05:45");
    CHECK(TimeZone::fixed(-3h - 30min).name() == "UTC-03:30");
    CHECK(TimeZone::fixed(0s).name() == "UTC");
}

TEST_CASE("without a name it is the system's zone; the default is UTC") {
    const auto system = TimeZone::find("");
    REQUIRE(system);
    CHECK_FALSE(system->name().empty());
    CHECK(TimeZone().name() == "UTC");
    CHECK(TimeZone().toUtc(local("2026-11-23T08:00:00")) == *parseUtc("2026-11-23T08:00:00Z"));
    CHECK(prague().name() == "Europe/Prague");
}

TEST_CASE("a name that is no zone is refused with a sentence") {
    for (const auto* name :
         {"Prague", "Europe/Nowhere", "../etc/passwd", "europe/prague", "+02:00"}) {
        CAPTURE(std::string(name));
        const auto zone = TimeZone::find(name);
        REQUIRE_FALSE(zone);
        CHECK(zone.error().kind == ErrorKind::invalid);
        CHECK(
            zone.error().message ==
            fmt::format("\"{}\" is not a time zone; write for example Europe/Prague or UTC", name));
    }
}
