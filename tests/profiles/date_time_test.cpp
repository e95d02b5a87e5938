#include "adapters/profiles/date_time.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

using profiles::CurrentTime;

namespace {

namespace chr = std::chrono;

const LocalDateTime kMoment{2026, 11, 23, 8, 14, 5};

Bytes currentTime() {
    return sample({
        {"ea07 0b 17", "2026-11-23"},
        {"08 0e 05", "08:14:05"},
        {"01", "Monday"},
        {"80", "128/256 s"},
        {"02", "adjusted from an external reference"},
    });
}

}  // namespace

TEST_CASE("a current time is written as it is read") {
    const auto time = profiles::decodeCurrentTime(currentTime());
    REQUIRE(time);
    CHECK(*time == CurrentTime{kMoment, 1, 128, profiles::kAdjustedFromReference});
    CHECK(profiles::encodeCurrentTime(*time) == currentTime());
}

TEST_CASE("a date time is written as it is read") {
    CHECK(profiles::encodeDateTime(kMoment) == octets("ea070b17080e05"));
    CHECK(profiles::decodeDateTime(octets("ea070b17080e05")) == kMoment);
}

TEST_CASE("clocks of the wrong length are refused") {
    for (std::size_t length = 0; length < 10; ++length) {
        const auto value = currentTime();
        const auto time = profiles::decodeCurrentTime(ByteView(value).first(length));
        REQUIRE_FALSE(time);
        CHECK(time.error().reason == v1::REFUSED_TRUNCATED);
    }
    CHECK(profiles::decodeCurrentTime(octets("ea070b17080e0501800200")).error().reason ==
          v1::REFUSED_MALFORMED);
    CHECK(profiles::decodeDateTime(octets("ea070b17080e")).error().field == "second");
    CHECK(profiles::decodeDateTime(octets("ea070b17080e0500")).error().octet == 7);
    checkPrefixes(0x2A2B, currentTime());
    checkTrailing(0x2A2B, currentTime());
    checkBitFlips(0x2A2B, currentTime());
    checkPrefixes(0x2A08, octets("ea070b17080e05"));
    checkTrailing(0x2A08, octets("ea070b17080e05"));
}

TEST_CASE("what is written to a clock has weekday and fraction") {
    const chr::local_time<Duration> monday{toLocal(kMoment) + chr::milliseconds{500}};
    const auto time = profiles::currentTimeAt(monday, profiles::kAdjustedFromReference);
    CHECK(time == CurrentTime{kMoment, 1, 128, 2});
    const auto sunday = profiles::currentTimeAt(monday - chr::days{1}, 1);
    CHECK(sunday.dayOfWeek == 7);
    const auto last =
        profiles::currentTimeAt(chr::local_time<Duration>{toLocal(kMoment)} - Duration{1}, 1);
    CHECK(last.fraction256 == 255);
    CHECK(last.time.second == 4);
}

TEST_CASE("every day of 50 years keeps its weekday and comes back") {
    for (chr::local_days day{chr::year{2000} / 1 / 1};
         day < chr::local_days{chr::year{2050} / 1 / 1}; day += chr::days{1}) {
        const auto time = profiles::currentTimeAt(chr::local_time<Duration>{day}, 0);
        CHECK(time.dayOfWeek == chr::weekday{day}.iso_encoding());
        CHECK(profiles::decodeCurrentTime(profiles::encodeCurrentTime(time)) == time);
    }
}

TEST_CASE("the clock's values are named fields") {
    CHECK(json(0x2A2B, "ea070b17080e05018003") ==
          R"({"deviceTime":"2026-11-23T08:14:05","dayOfWeek":"monday","fraction":0.50000000,)"
          R"("adjustReasons":["manual","external-reference"]})");
    CHECK(json(0x2A2B, "000000000000000000f0") ==
          R"({"deviceTime":"0000-00-00T00:00:00","dayOfWeek":"unknown","fraction":0.00000000,)"
          R"("adjustReasons":[]})");
    CHECK(json(0x2A2B, "ea070b17080e05080000").find("\"dayOfWeek\":\"unknown\"") !=
          std::string::npos);
    CHECK(json(0x2A08, "ea070b17080e05") == R"({"deviceTime":"2026-11-23T08:14:05"})");
}

TEST_CASE("zone and daylight saving are minutes, or \"unknown\", as are reserved ones") {
    CHECK(json(0x2A0F, "0404") == R"({"timeZoneMin":60,"daylightSavingMin":60})");
    CHECK(json(0x2A0F, "d000") == R"({"timeZoneMin":-720,"daylightSavingMin":0})");
    CHECK(json(0x2A0F, "3808") == R"({"timeZoneMin":840,"daylightSavingMin":120})");
    for (const auto* hex : {"80ff", "3901"}) {
        CHECK(json(0x2A0F, hex) == R"({"timeZoneMin":"unknown","daylightSavingMin":"unknown"})");
    }
    CHECK(json(0x2A0F, "cf02") == R"({"timeZoneMin":"unknown","daylightSavingMin":30})");
    checkPrefixes(0x2A0F, octets("0404"));
}

TEST_CASE("the reference of a clock, how exact it is and how long ago it was used") {
    CHECK(json(0x2A14, "01 04 02 05") ==
          R"({"timeSource":"network-time-protocol","accuracyS":0.500,"daysSinceUpdate":2,)"
          R"("hoursSinceUpdate":5})");
    CHECK(
        json(0x2A14, "04 fd fe 17") ==
        R"({"timeSource":"manual","accuracyS":31.625,"daysSinceUpdate":254,"hoursSinceUpdate":23})");
    CHECK(json(0x2A14, "00 fe 00 18") ==
          R"({"timeSource":"unknown","accuracyS":"out-of-range","daysSinceUpdate":0,)"
          R"("hoursSinceUpdate":"unknown"})");
    CHECK(json(0x2A14, "08 ff ff ff") ==
          R"({"timeSource":"unknown","accuracyS":"unknown","daysSinceUpdate":"255-or-more",)"
          R"("hoursSinceUpdate":"unknown"})");
    checkPrefixes(0x2A14, octets("01040205"));
    checkBitFlips(0x2A14, octets("01040205"));
    checkTrailing(0x2A14, octets("01040205"));
}

TEST_CASE("offsets of whole quarters of an hour from 12 hours west to 14 hours east are zones") {
    CHECK(profiles::quartersOf(chr::minutes{-720}) == -48);
    CHECK(profiles::quartersOf(chr::minutes{840}) == 56);
    CHECK_FALSE(profiles::quartersOf(chr::minutes{-735}));
    CHECK_FALSE(profiles::quartersOf(chr::minutes{855}));
    CHECK_FALSE(profiles::quartersOf(chr::minutes{7}));
    CHECK(profiles::offsetOfQuarters(-48) == chr::minutes{-720});
    CHECK_FALSE(profiles::offsetOfQuarters(57));
    CHECK_FALSE(profiles::offsetOfQuarters(-128));
}

TEST_CASE("local time is so far ahead of UTC if the device says all of it") {
    CHECK(profiles::decodeLocalOffset(octets("0404")) == chr::minutes{120});
    CHECK(profiles::decodeLocalOffset(octets("ec00")) == chr::minutes{-300});
    CHECK(profiles::decodeLocalOffset(octets("0000")) == chr::minutes{0});
    for (const auto* hex : {"8000", "04ff", "3900", "0401", "04", "", "040400"}) {
        CAPTURE(hex);
        CHECK_FALSE(profiles::decodeLocalOffset(octets(hex)));
    }
}

}  // namespace vitalgate::testing
