#include <doctest/doctest.h>

#include "tests/session/conversation.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

TEST_CASE("the last reading is remembered with its commit, a refused value is none") {
    Conversation c;
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, kFailed);
    c.clock.run();
    CHECK_FALSE(c.session->lastReading());
    CHECK(c.sink.bookmarks.empty());
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK(c.sink.bookmarks["last-reading"] == "2026-11-23T08:00:00.000Z");
    REQUIRE(c.session->lastReading());
    CHECK(c.session->lastReading()->uptime == c.clock.steady());
    CHECK(formatUtc(c.session->lastReading()->wall) == "2026-11-23T08:00:00.000Z");
}

TEST_CASE("of a device that measures all the time the last reading is remembered every 10 s") {
    Conversation c;
    c.addBloodPressure();
    c.start();
    int written = 0;
    for (int second = 0; second < 60; ++second) {
        c.sink.bookmarks.clear();
        c.link->send(0x2A35, kPressure);
        c.clock.run();
        CHECK(c.session->lastReading()->uptime == c.clock.steady());
        if (c.sink.bookmarks.contains("last-reading")) ++written;
        c.clock.advance(1s);
    }
    CHECK(written == 6);
}

TEST_CASE("a reading that is known already, or that could not be kept, is not the last one") {
    Conversation c;
    c.sink.duplicates = 1;
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK_FALSE(c.session->lastReading());
    c.sink.duplicates = 0;
    c.sink.failure = Error{ErrorKind::unavailable, "intake is closed"};
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK_FALSE(c.session->lastReading());
}
