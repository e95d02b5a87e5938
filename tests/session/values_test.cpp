// What becomes of values that come early, come from a device's memory, or were not asked for.
#include <doctest/doctest.h>

#include "tests/session/conversation.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

TEST_CASE(
    "a bonded scale that sends and leaves before its services are there is known by its name") {
    Conversation c;
    c.link->setAdvertisedName("A&D_UC-352BLE_1");
    c.link->addService(0x181D);
    c.link->addCharacteristic(0x2A9D, "i");
    c.link->sendAt("discover", 0x2A9D, "01b002");
    c.link->on("discover", Reply::disconnect());
    c.start();
    CHECK(c.error() == "device cuff: find services: the device ended the connection");
    REQUIRE(c.sink.readings.size() == 1);
    const auto& reading = c.sink.readings[0].reading;
    CHECK(reading.observations(0).value() == 31.207);
    CHECK(reading.observations(0).reported().value() == 68.8);
    CHECK(reading.source().quirk() == "and-scale");
    CHECK(c.session->reconnectDelay() == 15s);
}

TEST_CASE("a device that said earlier what it is need not say it again") {
    Conversation c;
    v1::DeviceDescriptor known;
    known.set_device("cuff");
    known.set_manufacturer("Beurer GmbH");
    known.set_model("BM85");
    const session::Session session(c.link, c.clock, c.sink, c.settings, c.options, Log(), known);
    CHECK(session.descriptor().quirk() == "beurer-bm85");
    CHECK(session.reconnectDelay() == 10s);
}

TEST_CASE(
    "of a kind that the configuration does not list nothing is kept, however early it comes") {
    Conversation c;
    c.settings.profiles = {"body-temperature"};
    c.addCuff(0s);
    c.link->addService(0x1809);
    c.link->addCharacteristic(0x2A1C, "i");
    SUBCASE("before the services are known") {
        c.link->sendAt("discover", 0x2A35, kPressure);
        c.link->on("discover", Reply::disconnect());
        c.start();
    }
    SUBCASE("in the middle") {
        c.start();
        c.link->send(0x2A35, kPressure);
        c.link->send(0x2A35, kFailed);
        c.link->send(0x2A35, kCutOff);
        c.endLink();
    }
    SUBCASE("over a link that is not encrypted") {
        c.settings.requireBond = true;
        c.link->setSecurity(v1::LINK_OPEN, v1::LINK_OPEN);
        c.start();
        c.link->send(0x2A35, kPressure);
        c.endLink();
    }
    CHECK(c.sink.readings.empty());
    CHECK(c.sink.events.empty());
    CHECK(c.session->values() == 0);
}

TEST_CASE("a measurement from clearly before the connection comes from the device's memory") {
    struct Row {
        const char* what;
        std::string_view hex;
        bool stored;
    };
    constexpr std::array rows{
        Row{"06:30", "02800052006100ea070b17061e00", true},
        Row{"07:54:59", "02800052006100ea070b1707363b", true},
        Row{"07:55:00", "02800052006100ea070b17073700", false},
        Row{"08:00:00", "02800052006100ea070b17080000", false},
        Row{"no time", "00800052006100", false},
        Row{"2010: the time is that of receipt", "02800052006100da070b17061e00", false},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        Conversation c;
        c.addCuff(0s);
        c.start();
        c.clock.advance(9min);
        c.link->send(0x2A35, row.hex);
        c.clock.run();
        REQUIRE(c.sink.readings.size() == 1);
        CHECK(c.sink.readings[0].reading.source().stored() == row.stored);
    }
}

TEST_CASE("nobody knows whether a measurement was stored whose clock could not be compared") {
    Conversation c;
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, "02800052006100ea070b17061e00");
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.time_basis() == v1::TIME_DEVICE);
    CHECK_FALSE(c.sink.readings[0].reading.source().stored());
}

TEST_CASE("a hub that learns the time during a conversation still knows when that began") {
    Conversation c;
    c.clock.setTrust(ClockTrust::unsynchronised);
    c.addCuff(0s);
    c.start();
    c.clock.setTrust(ClockTrust::synchronised);
    c.clock.setWall(c.clock.wall() + 3h);
    c.clock.advance(10s);
    c.link->send(0x2A35, "02800052006100ea070b17080000");  // as the connection began, at 11:00
    c.link->send(0x2A35, "02800052006100ea070b17073600");
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 2);
    CHECK(formatUtc(fromTimestamp(c.sink.readings[0].reading.measured())) ==
          "2026-11-23T11:00:00.000Z");
    CHECK_FALSE(c.sink.readings[0].reading.source().stored());
    CHECK(c.sink.readings[1].reading.source().stored());
}

TEST_CASE(
    "a record of which a device leaves the end out is told as such, and the next one is kept") {
    Conversation c;
    c.addCuff(0s);
    c.link->addCharacteristic(0x2B36, "n");
    c.start();
    c.link->send(0x2B36, "01 2a01 352a 1e 8000 5200 6100 ea07 0b1707");
    c.link->send(0x2B36, "07 2b01 352a 1e 8000 5200 6100 ea070b17080e05 4700 01 0400");
    c.endLink();
    CHECK(c.succeeded());
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.source().record_number() == 299);
    REQUIRE(c.sink.events.size() == 1);
    const auto& refused = c.sink.events[0].refused();
    CHECK(refused.reason() == v1::REFUSED_TRUNCATED);
    CHECK(refused.field() == "segmentation header");
    REQUIRE(refused.source().raw_size() == 1);
    CHECK(toHex(asBytes(refused.source().raw(0).value())) == "012a01352a1e800052006100ea070b1707");
    CHECK(c.session->values() == 2);
}
