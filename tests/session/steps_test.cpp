// Every step of a conversation with its answer late, missing, refused, or cut off by the end of the
// connection or of the program.
#include <doctest/doctest.h>

#include "tests/session/conversation.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

struct Step {
    const char* call;     ///< as the scripted link names it; the second of that name with "#2"
    const char* subject;  ///< what an error of this step begins with
    bool optional;        ///< without it the conversation goes on
    Duration limit;
};

/// A cuff whose clock is an hour behind, so that all steps happen.
constexpr std::array kSteps{
    Step{"discover", "find services", false, 20s},
    Step{"read 2A29", "read device information: Manufacturer Name String", true, 5s},
    Step{"read 2A24", "read device information: Model Number String", true, 5s},
    Step{"read 2A26", "read device information: Firmware Revision String", true, 5s},
    Step{"read 2A19", "read device information: Battery Level", true, 5s},
    Step{"read 2A49", "read features: Blood Pressure Feature", true, 5s},
    Step{"read 2A2B", "compare clock", true, 5s},
    Step{"write 2A2B", "compare clock", true, 5s},
    Step{"read 2A2B#2", "compare clock", true, 5s},
    Step{"subscribe 2A35", "subscribe: Blood Pressure Measurement", false, 10s},
};

/// The reply for that step, the default for those of the same name before it.
void script(Conversation& c, const Step& step, Reply reply) {
    const std::string call(step.call);
    const auto mark = call.find("#2");
    if (mark != std::string::npos) c.link->on(call.substr(0, mark), Reply());
    c.link->on(call.substr(0, mark), std::move(reply));
}

/// Sends a value, lets the device go, and says whether it was kept.
bool deliversReading(Conversation& c) {
    c.link->send(0x2A35, kPressure);
    c.endLink();
    return c.succeeded() && c.sink.readings.size() == 1;
}

/// So many values, to a store that needs a second for each commit.
void sendToSlowStore(Conversation& c, int count) {
    c.addBloodPressure();
    c.start();
    c.sink.slow = 1s;
    for (int i = 0; i < count; ++i) c.link->send(0x2A35, kPressure);
    c.clock.run();
}

/// Nothing is left over of a conversation that has ended.
void checkEnded(Conversation& c) {
    REQUIRE(c.ended);
    CHECK(c.clock.pendingTimers() == 0);
    CHECK(c.session.use_count() == 1);
}

}  // namespace

TEST_CASE("an answer just within its limit changes nothing") {
    for (const auto& step : kSteps) {
        CAPTURE(std::string(step.call));
        Conversation c;
        c.addCuff(-1h);
        script(c, step, Reply::after(step.limit - 1ms));
        c.start();
        CHECK_FALSE(c.link->wasCalled("subscribe 2A35 "));
        c.clock.advance(step.limit);
        CHECK(deliversReading(c));
        checkEnded(c);
    }
}

TEST_CASE("without an answer an optional step is left out, any other ends the conversation") {
    for (const auto& step : kSteps) {
        CAPTURE(std::string(step.call));
        Conversation c;
        c.addCuff(-1h);
        script(c, step, Reply::never());
        c.start();
        c.clock.advance(step.limit - 1ms);
        CHECK_FALSE(c.ended);
        c.clock.advance(1ms);
        if (step.optional) {
            CHECK(deliversReading(c));
        } else {
            CHECK(c.error() == fmt::format("device cuff: {}: no answer within {}", step.subject,
                                           formatDuration(step.limit)));
            CHECK(c.session->reason() == v1::DISCONNECT_TIMED_OUT);
            CHECK(c.link->wasCalled("disconnect"));
        }
        checkEnded(c);
    }
}

TEST_CASE("a refusal ends the conversation only where nothing can be read without") {
    for (const auto kind : {ErrorKind::refused, ErrorKind::unsupported}) {
        for (const auto& step : kSteps) {
            CAPTURE(std::string(step.call));
            Conversation c;
            c.addCuff(-1h);
            script(c, step, Reply::refused(kind, "application error 0x80"));
            c.start();
            if (step.optional) {
                CHECK(deliversReading(c));
            } else {
                CHECK(c.error() ==
                      fmt::format("device cuff: {}: application error 0x80", step.subject));
                CHECK(c.ended->error().kind == kind);
            }
            checkEnded(c);
        }
    }
}

TEST_CASE("the end of the connection ends the conversation at every step, with its subject") {
    for (const auto& step : kSteps) {
        CAPTURE(std::string(step.call));
        Conversation c;
        c.addCuff(-1h);
        script(c, step, Reply::disconnect());
        c.start();
        CHECK(c.error() ==
              fmt::format("device cuff: {}: the device ended the connection", step.subject));
        CHECK(c.ended->error().kind == ErrorKind::disconnected);
        CHECK(c.session->reason() == v1::DISCONNECT_UNSPECIFIED);
        CHECK_FALSE(c.link->wasCalled("disconnect"));
        checkEnded(c);
    }
}

TEST_CASE("a stop ends the conversation at every step at once, and keeps what has arrived") {
    for (const auto& step : kSteps) {
        CAPTURE(std::string(step.call));
        Conversation c;
        c.addCuff(-1h);
        script(c, step, Reply::never());
        c.start();
        CHECK_FALSE(c.ended);
        c.link->send(0x2A35, kPressure);
        c.session->stop();
        c.clock.run();
        REQUIRE(c.ended);
        REQUIRE_FALSE(*c.ended);
        CHECK(c.ended->error().kind == ErrorKind::cancelled);
        CHECK(c.sink.readings.size() == 1);
        CHECK(c.session->reason() == v1::DISCONNECT_BY_HUB);
        checkEnded(c);
    }
}

TEST_CASE("a stop while waiting for a value, twice, and after the end") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    c.session->stop();
    c.session->stop();
    c.clock.run();
    CHECK(c.error() == "device cuff: stopped");
    c.session->stop();
    checkEnded(c);
}

TEST_CASE("a stop during a commit waits for it") {
    Conversation c;
    c.addBloodPressure();
    c.sink.slow = 200ms;
    c.start();
    c.link->send(0x2A35, kPressure);
    c.clock.advance(100ms);
    c.session->stop();
    c.clock.run();
    CHECK_FALSE(c.ended);
    c.clock.advance(100ms);
    CHECK(c.sink.readings.size() == 1);
    checkEnded(c);
}

TEST_CASE("what has arrived at a stop is one commit") {
    for (const bool stops : {true, false}) {
        CAPTURE(stops);
        Conversation c;
        sendToSlowStore(c, 9);
        CHECK(c.session->unsettled().given == 1);
        CHECK(c.session->unsettled().held == 8);
        const auto before = c.sink.appends;
        // The device may hang up by itself: nothing more can come then either.
        if (!stops) c.link->endLink();
        if (stops) c.session->stop();
        c.clock.advance(1s);
        REQUIRE_FALSE(c.ended);
        CHECK(c.session->unsettled().given == (stops ? 8 : 1));
        CHECK(c.session->unsettled().held == (stops ? 0 : 7));
        c.clock.advance(stops ? 1s : 8s);
        CHECK(c.sink.appends == before + (stops ? 2 : 9));
        CHECK(c.sink.readings.size() == 9);
        CHECK(c.session->unsettled().given + c.session->unsettled().held == 0);
        checkEnded(c);
    }
}

TEST_CASE("what has arrived is given in parts of a thousand, should it be so much") {
    Conversation c;
    sendToSlowStore(c, 1002);
    const auto before = c.sink.appends;
    c.session->stop();
    c.clock.advance(3s);
    CHECK(c.sink.appends == before + 3);
    CHECK(c.sink.readings.size() == 1002);
    checkEnded(c);
}

TEST_CASE("a stop before the conversation began ends it with nothing asked") {
    Conversation c;
    c.addCuff(0s);
    c.link->stop();
    c.start();
    CHECK(c.error() == "device cuff: find services: stopped");
    checkEnded(c);
}

TEST_CASE("a loop that goes away in the middle leaks nothing and calls nobody") {
    for (const auto& step : kSteps) {
        CAPTURE(std::string(step.call));
        Conversation c;
        c.addCuff(-1h);
        script(c, step, Reply::never());
        c.start();
        CHECK_FALSE(c.ended);
    }
}

TEST_CASE("a device that does not answer one question of its information is not asked the next") {
    Conversation c;
    c.addCuff(0s);
    c.link->on("read 2A29", Reply::never());
    c.start();
    c.clock.advance(5s);
    CHECK_FALSE(c.link->wasCalled("read 2A24"));
    CHECK(c.link->wasCalled("read 2A49"));
    CHECK(c.link->wasCalled("subscribe 2A35"));
}

TEST_CASE("one of two measurements that cannot be subscribed does not lose the other") {
    Conversation c;
    c.addBloodPressure();
    c.link->addService(0x1809);
    c.link->addCharacteristic(0x2A1C, "i");
    c.link->on("subscribe 2A35", Reply::refused(ErrorKind::refused, "not now"));
    c.start();
    c.link->send(0x2A1C, "006e0100ff");
    c.endLink();
    CHECK(c.succeeded());
    CHECK(c.sink.readings.size() == 1);
}

TEST_CASE("information that is malformed is left out") {
    Conversation c;
    c.addInformation();
    c.addBloodPressure();
    c.link->on("read 2A19", Reply::bytes({200}));
    c.link->on("read 2A49", Reply::bytes({}));
    c.start();
    CHECK_FALSE(c.sink.descriptors.back().has_battery_percent());
    CHECK(deliversReading(c));
}

TEST_CASE("a device that cannot be left answers no disconnect, and the conversation still ends") {
    Conversation c;
    c.addBloodPressure();
    c.link->on("disconnect", Reply::never());
    c.start();
    c.clock.advance(10min);
    CHECK_FALSE(c.ended);
    c.clock.advance(5s);
    CHECK(c.succeeded());
    checkEnded(c);
}
