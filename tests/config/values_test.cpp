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

TEST_CASE("a broker URL names scheme, host and port") {
    const auto url = parseBrokerUrl("wss://b.example/mqtt");
    REQUIRE(url);
    CHECK(url->usesTls());
    CHECK(url->port == 443);
    CHECK(url->path == "/mqtt");
    CHECK(parseBrokerUrl("mqtts://[2001:db8::1]:8884")->text() == "mqtts://[2001:db8::1]:8884");
    CHECK(parseBrokerUrl("mqtt://localhost/")->text() == "mqtt://localhost:1883");
    for (const auto* loopback : {"localhost", "127.0.0.1", "127.9.9.9", "[::1]"}) {
        CHECK(parseBrokerUrl(std::string("mqtt://") + loopback)->isLoopback());
    }
    CHECK_FALSE(parseBrokerUrl("mqtt://127.0.0.1.example")->isLoopback());
    for (const auto* text :
         {"", "mqtt", "mqtt:", "mqtt://", "http://b", "MQTT://b", "mqtt://b:", "mqtt://b:0",
          "mqtt://b:65536", "mqtt://b:x", "mqtt://[::1", "mqtt://[::1]1883", "mqtt://b c",
          "mqtt://b/topic", "mqtt://u@b", "mqtts://b?x", "mqtt://:1883", "mqtt://[]"}) {
        CAPTURE(text);
        CHECK_FALSE(parseBrokerUrl(text));
    }
}

TEST_CASE("a quoted text is shortened") {
    CHECK(inQuotes("abc") == "\"abc\"");
    CHECK(inQuotes(std::string(100, 'x')) == "\"" + std::string(60, 'x') + "…\"");
}
