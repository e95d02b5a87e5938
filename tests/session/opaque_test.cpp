// Characteristics that no profile knows and the configuration names: passed through as they are.
#include <doctest/doctest.h>

#include "tests/session/conversation.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

void addUnknown(Conversation& c) {
    c.link->addService(0xFFF0);
    c.link->addCharacteristic(0xFFF1, "n");
    c.link->addCharacteristic(0xFFF2, "n");
}

}  // namespace

TEST_CASE("a characteristic that is named becomes readings that nobody has decoded, raw or not") {
    for (const bool raw : {true, false}) {
        CAPTURE(raw);
        Conversation c;
        c.options.raw = raw;
        c.settings.opaque = {Uuid(0xFFF1)};
        addUnknown(c);
        c.start();
        CHECK(c.link->wasCalled("subscribe FFF1"));
        CHECK_FALSE(c.link->wasCalled("subscribe FFF2"));
        c.link->send(0xFFF1, "00ff10");
        c.link->send(0xFFF1, "");
        c.endLink();
        CHECK(c.succeeded());
        CHECK(c.sink.events.empty());
        REQUIRE(c.sink.readings.size() == 2);
        const auto& [reading, identity, amends] = c.sink.readings[0];
        CHECK(reading.kind() == "opaque");
        CHECK(reading.observations_size() == 0);
        CHECK(reading.time_basis() == v1::TIME_RECEIVED);
        REQUIRE(reading.source().raw_size() == 1);
        CHECK(reading.source().raw(0).characteristic() == "FFF1");
        CHECK(toHex(asBytes(reading.source().raw(0).value())) == "00ff10");
        CHECK(identity.characteristic == Uuid(0xFFF1));
        CHECK(identity.deviceTime.empty());
        CHECK_FALSE(identity.recordNumber);
        CHECK(c.sink.readings[1].reading.source().raw_size() == 1);
        CHECK(c.sink.descriptors.back().profiles(0) == "opaque");
    }
}

TEST_CASE("a characteristic that is not named is not subscribed, and its values are refused") {
    Conversation c;
    c.addBloodPressure();
    addUnknown(c);
    c.start();
    CHECK_FALSE(c.link->wasCalled("subscribe FFF"));
    c.link->send(0xFFF1, "00ff10");
    c.clock.run();
    CHECK(c.sink.readings.empty());
    REQUIRE(c.sink.events.size() == 1);
    CHECK(c.sink.events[0].refused().reason() == v1::REFUSED_UNKNOWN_FORMAT);
}

TEST_CASE("a device with nothing but what is not named is left") {
    Conversation c;
    addUnknown(c);
    c.start();
    CHECK(c.error() == "device cuff: find services: it offers no measurement that this hub reads");
}

TEST_CASE("what a profile knows is decoded, also where the configuration names it") {
    Conversation c;
    c.settings.opaque = {Uuid(0x2A35), Uuid(0x2A49)};
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.kind() == "blood-pressure");
}

TEST_CASE(
    "a characteristic in the service of a profile is passed through beside its measurements") {
    Conversation c;
    c.settings.profiles = {"blood-pressure"};
    c.settings.opaque = {Uuid(0xFFF1)};
    c.addBloodPressure();
    c.link->addCharacteristic(0xFFF1, "n");
    c.start();
    c.link->send(0xFFF1, "01");
    c.link->send(0x2A35, kPressure);
    c.endLink();
    REQUIRE(c.sink.readings.size() == 2);
    CHECK(c.sink.readings[0].reading.kind() == "opaque");
    CHECK(c.sink.readings[0].reading.source().raw_size() == 1);
    CHECK(c.sink.readings[1].reading.kind() == "blood-pressure");
}
