#include "gateway/config/values.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::config;

TEST_CASE("durations have a whole number and a unit") {
    CHECK(parseDuration("250ms") == std::chrono::milliseconds{250});
    CHECK(parseDuration("0s") == Duration::zero());
    CHECK(parseDuration("5m") == std::chrono::minutes{5});
    CHECK(parseDuration("12h") == std::chrono::hours{12});
    CHECK(parseDuration("36500d") == std::chrono::days{36'500});
    for (const auto* text : {"", "s", "5", "-5s", "1.5h", "5 s", "5S", "5min", "36501d",
                             "9223372036854775808ms", "5s "}) {
        CAPTURE(text);
        CHECK_FALSE(parseDuration(text));
    }
    for (const auto* text : {"250ms", "0s", "90s", "5m", "12h", "30d"}) {
        CHECK(writeDuration(*parseDuration(text)) == text);
    }
}

TEST_CASE("sizes, rates, signals and numbers likewise") {
    CHECK(parseByteSize("64KiB")->bytes == 65536);
    CHECK(parseByteSize("4GiB")->bytes == 4ULL << 30);
    CHECK(parseRate("60/min")->perMinute == 60);
    CHECK(parseSignal("-75dBm")->dBm == -75);
    CHECK(parseSignal("4dBm")->dBm == 4);
    CHECK(*parseNumber("4294967295") == 4294967295U);
    for (const auto* text : {"64", "64KB", "KiB", "99999999GiB"}) CHECK_FALSE(parseByteSize(text));
    for (const auto* text : {"60", "60/s", "/min", "-1/min"}) CHECK_FALSE(parseRate(text));
    for (const auto* text : {"", "-", "-dBm", "--5dBm", "75", "-9999dBm"}) {
        CHECK_FALSE(parseSignal(text));
    }
    for (const auto* text : {"", "-1", "+1", "1.0", "0x1", "4294967296", "1 "}) {
        CHECK_FALSE(parseNumber(text));
    }
    CHECK(*parseBool("true"));
    CHECK_FALSE(*parseBool("false"));
    for (const auto* text : {"", "True", "yes", "1"}) CHECK_FALSE(parseBool(text));
}
