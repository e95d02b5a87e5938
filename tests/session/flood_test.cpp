#include <doctest/doctest.h>

#include "tests/session/conversation.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

struct Flood : Conversation {
    Flood() {
        options.limits.valuesPerSecond = 10;
        options.limits.burst = 20;
        options.limits.throttledValues = 50;
        addBloodPressure();
    }
    void send(int values) {
        for (int i = 0; i < values; ++i) link->send(0x2A35, kPressure);
    }
};

}  // namespace

TEST_CASE("a device's whole memory at once is a burst and is taken at once") {
    Flood c;
    c.start();
    c.send(20);
    c.clock.run();
    CHECK(c.sink.readings.size() == 20);
}

TEST_CASE("above the burst values wait, and none is lost") {
    Flood c;
    c.start();
    c.send(40);
    c.clock.run();
    CHECK(c.sink.readings.size() == 20);
    c.clock.advance(1s);
    CHECK(c.sink.readings.size() == 30);
    c.clock.advance(1s);
    CHECK(c.sink.readings.size() == 40);
    CHECK_FALSE(c.ended);
}

TEST_CASE("a device that stays too fast is left; what it has sent until then is kept") {
    Flood c;
    c.start();
    c.send(200);
    c.clock.advance(5s - 1ms);
    REQUIRE_FALSE(c.ended);
    c.clock.advance(1ms);
    REQUIRE(c.ended);
    CHECK(c.error() == "device cuff: it sends more than 10 values a second");
    CHECK(c.session->reason() == v1::DISCONNECT_FLOOD);
    CHECK(c.link->wasCalled("disconnect"));
    CHECK(c.sink.readings.size() == 200);
    CHECK(c.sink.events.empty());
    CHECK(c.clock.pendingTimers() == 0);
}

TEST_CASE("a stop does not wait for values that wait for their turn, and keeps them") {
    Flood c;
    c.start();
    c.send(60);
    c.clock.run();
    CHECK(c.sink.readings.size() == 20);
    c.session->stop();
    c.clock.run();
    REQUIRE(c.ended);
    CHECK(c.sink.readings.size() == 60);
    CHECK(c.clock.pendingTimers() == 0);
}

TEST_CASE("a value longer than any profile's is refused, and cut off in the event") {
    Conversation c;
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, std::string(2 * 4000, '0'));
    c.clock.run();
    REQUIRE(c.sink.events.size() == 1);
    CHECK(c.sink.events[0].refused().source().raw(0).value().size() == 512);
    CHECK(c.sink.readings.empty());
}
