// How a conversation reads and sets the clock of a device.
#include <doctest/doctest.h>

#include "tests/session/conversation.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

const v1::Reading& onlyReading(const Conversation& c) {
    REQUIRE(c.sink.readings.size() == 1);
    return c.sink.readings.front().reading;
}

std::string measured(const v1::Reading& reading) {
    return formatUtc(fromTimestamp(reading.measured()));
}

}  // namespace

TEST_CASE(
    "a stored measurement of a clock that was behind is corrected, though the clock was set") {
    Conversation c;
    c.addCuff(-90min);
    c.start();
    c.link->send(0x2A35, "00800052006100");                // no time: received
    c.link->send(0x2A35, "02800052006100ea070b17060000");  // 06:00 by the device's old clock
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 2);
    CHECK(c.sink.readings[0].reading.time_basis() == v1::TIME_RECEIVED);
    CHECK_FALSE(c.sink.readings[0].reading.has_device_clock());
    const auto& stored = c.sink.readings[1].reading;
    CHECK(stored.device_time() == "2026-11-23T06:00:00");
    CHECK(measured(stored) == "2026-11-23T07:30:00.000Z");
    CHECK(stored.time_basis() == v1::TIME_CORRECTED);
    CHECK(stored.device_clock().ahead_ms() == -5400000);
    CHECK(stored.device_clock().set_after());
}

TEST_CASE("the clock is written in the configured zone") {
    Conversation c;
    const auto prague = TimeZone::find("Europe/Prague");
    REQUIRE(prague);
    c.options.zone = *prague;
    c.addCuff(-2h);
    c.start();
    CHECK(c.link->wasCalled("write 2A2B ea070b17090000010002"));
    c.link->send(0x2A35, "02800052006100ea070b17090000");
    c.clock.run();
    CHECK(measured(onlyReading(c)) == "2026-11-23T08:00:00.000Z");
    CHECK(onlyReading(c).utc_offset_min() == 60);
}

TEST_CASE("a clock is left alone where nothing may or need be set") {
    struct Row {
        const char* what;
        Duration ahead;
        std::string_view properties;
        bool setClock;
        std::optional<Duration> limit;
    };
    const std::array rows{
        Row{"it is right", 0s, "rw", true, 30s},
        Row{"off by less than the limit", 30s, "rw", true, 30s},
        Row{"it cannot be written", 2h, "r", true, 30s},
        Row{"the device's settings say leave", 2h, "rw", false, 30s},
        Row{"set-device-clocks: never", 2h, "rw", true, std::nullopt},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        Conversation c;
        c.settings.setClock = row.setClock;
        c.options.setDeviceClocks = row.limit;
        c.addClock(row.ahead, row.properties);
        c.addBloodPressure();
        c.start();
        CHECK_FALSE(c.link->wasCalled("write"));
        CHECK(c.link->wasCalled("subscribe 2A35"));
        CHECK(c.sink.events.empty());
    }
}

TEST_CASE("a Date Time inside the measurement's service is the clock where there is no other") {
    Conversation c;
    c.addBloodPressure();
    c.link->addCharacteristic(0x2A08, "rw", *fromHex("da07 01 01 00 00 00"));  // 2010-01-01
    c.start();
    CHECK(c.link->wasCalled("write 2A08 ea070b17080000"));
    c.link->send(0x2A35, "02800052006100da070101000000");
    c.clock.run();
    CHECK(measured(onlyReading(c)) == "2026-11-23T08:00:00.000Z");
    CHECK(onlyReading(c).time_basis() == v1::TIME_CORRECTED);
}

TEST_CASE("Current Time goes before Date Time") {
    Conversation c;
    c.addBloodPressure();
    c.link->addCharacteristic(0x2A08, "rw", *fromHex("da070101000000"));
    c.addClock(0s);
    c.start();
    CHECK(c.link->wasCalled("read 2A2B"));
    CHECK_FALSE(c.link->wasCalled("read 2A08"));
    CHECK_FALSE(c.link->wasCalled("write"));
}

TEST_CASE("a clock that can only be written is written") {
    Conversation c;
    c.addBloodPressure();
    c.link->addCharacteristic(0x2A08, "w");
    c.start();
    CHECK(c.link->wasCalled("write 2A08 ea070b17080000"));
    CHECK_FALSE(c.link->wasCalled("read 2A08"));
    REQUIRE(c.sink.events.size() == 1);
    CHECK(c.sink.events[0].clock().step_ms() == 0);
}

TEST_CASE("a clock that says it was never set is set") {
    Conversation c;
    c.link->addService(0x1805);
    c.link->addCharacteristic(0x2A2B, "rw", *fromHex("00000000000000000000"));
    c.addBloodPressure();
    c.start();
    CHECK(c.link->wasCalled("write 2A2B"));
}

TEST_CASE("error 0x80 on the write is not fatal: the clock itself says whether it took the time") {
    Conversation c;
    c.addCuff(-1h);
    c.link->on("write 2A2B", Reply::refused(ErrorKind::refused, "application error 0x80"));
    SUBCASE("it did") {
        c.link->on("read 2A2B", Reply());
        c.link->on("read 2A2B", Reply::bytes(currentTime(c.options.zone.toLocal(c.clock.wall()))));
        c.start();
        CHECK(c.sink.events.size() == 1);
        CHECK(c.sink.events.at(0).clock().step_ms() == 3600000);
    }
    SUBCASE("it did not") {
        c.start();
        CHECK(c.sink.events.empty());
        CHECK(std::ranges::find(c.lines, "device cuff: clock not set: application error 0x80") !=
              c.lines.end());
        c.link->send(0x2A35, "02800052006100ea070b17070000");
        c.clock.run();
        CHECK(measured(onlyReading(c)) == "2026-11-23T08:00:00.000Z");
        CHECK(onlyReading(c).device_clock().set_after() == false);
    }
    CHECK(c.link->wasCalled("subscribe 2A35"));
}

TEST_CASE(
    "what the clock showed is committed before it is set, and outlives a link that ends then") {
    for (const auto behind : {45s, 5400s}) {
        CAPTURE(behind.count());
        Conversation first;
        first.addCuff(-behind);
        first.link->on("read 2A2B", Reply());
        first.link->on("read 2A2B", Reply::disconnect());
        first.start();
        CHECK(first.link->wasCalled("write 2A2B"));
        CHECK_FALSE(first.succeeded());
        CHECK(first.sink.events.empty());

        Conversation second;
        second.sink.bookmarks = first.sink.bookmarks;
        second.clock.advance(1min);
        second.addCuff(0s);  // it was set
        second.start();
        CHECK_FALSE(second.link->wasCalled("write"));
        const auto made = second.clock.wall() - 1h - behind;  // as the clock showed it then
        const profiles::CurrentTime shown =
            profiles::currentTimeAt(second.options.zone.toLocal(made), 0);
        second.link->send(0x2A35, "02800052006100" + toHex(profiles::encodeDateTime(shown.time)));
        second.clock.run();
        CHECK(measured(onlyReading(second)) == "2026-11-23T07:01:00.000Z");
        CHECK(onlyReading(second).time_basis() == v1::TIME_CORRECTED);
        CHECK(onlyReading(second).device_clock().set_after());
    }
}

TEST_CASE("a hub that does not know the time remembers what a clock showed before it set it") {
    Conversation first;
    first.clock.setTrust(ClockTrust::unsynchronised);
    first.addCuff(-2h);
    first.link->on("read 2A2B", Reply());
    first.link->on("read 2A2B", Reply::disconnect());
    first.start();
    CHECK(first.link->wasCalled("write 2A2B"));
    for (const std::uint32_t boot : {0U, 1U}) {
        CAPTURE(boot);
        Conversation second;
        second.clock.setBoot(boot);
        second.clock.setTrust(ClockTrust::unsynchronised);
        second.sink.bookmarks = first.sink.bookmarks;
        second.addCuff(0s);
        second.start();
        second.link->send(0x2A35, "02800052006100ea070b17050000");  // 05:00 by the old clock
        second.clock.run();
        const bool isSame = boot == 0;
        CHECK(measured(onlyReading(second)) ==
              (isSame ? "2026-11-23T07:00:00.000Z" : "2026-11-23T05:00:00.000Z"));
        CHECK(onlyReading(second).device_clock().set_after() == isSame);
    }
}

TEST_CASE("a clock that takes only a part of the time is from then on what it shows") {
    Conversation c;
    c.addCuff(-24h * 5844);  // 2010
    c.link->on("read 2A2B", Reply());
    c.link->on("read 2A2B", Reply::bytes(currentTime(c.options.zone.toLocal(c.clock.wall() - 8h))));
    c.start();
    CHECK(c.sink.events.empty());
    c.clock.advance(30s);
    c.link->send(0x2A35, "02800052006100ea070b1700001e");  // 00:00:30, live
    c.link->send(0x2A35, "02800052006100da070b17070000");  // 2010-11-23 07:00, stored
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 2);
    CHECK(measured(c.sink.readings[0].reading) == "2026-11-23T08:00:30.000Z");
    CHECK(c.sink.readings[0].reading.device_clock().ahead_ms() == -28800000);
    CHECK(measured(c.sink.readings[1].reading) == "2026-11-23T07:00:00.000Z");
    CHECK(c.sink.descriptors.back().clock().ahead_ms() == -28800000);
}

TEST_CASE("a clock that is only shown is compared, and the one that can be written is set") {
    Conversation c;
    c.addClock(-1h, "r");
    c.addBloodPressure();
    c.link->addCharacteristic(0x2A08, "rw", *fromHex("ea070b17070000"));
    c.link->on("read 2A2B", Reply());
    c.link->on("read 2A2B", Reply::bytes(currentTime(c.options.zone.toLocal(c.clock.wall()))));
    c.start();
    CHECK(c.link->wasCalled("write 2A08 ea070b17080000"));
    CHECK_FALSE(c.link->wasCalled("read 2A08"));
    REQUIRE(c.sink.events.size() == 1);
    CHECK(c.sink.events[0].clock().step_ms() == 3600000);
    CHECK(c.sink.descriptors.back().clock_settable());
}

namespace {

/// A cuff that says in which zone it lives (2A0F), with a clock that shows `shown` hours.
void addZonedCuff(Conversation& c, Bytes localTimeInformation, std::chrono::hours shown) {
    c.options.zone = *TimeZone::find("Europe/Prague");
    c.link->addService(0x1805);
    const auto local = TimeZone().toLocal(c.clock.wall() + shown);
    c.link->addCharacteristic(0x2A2B, "rw", currentTime(local));
    c.link->addCharacteristic(0x2A0F, "r", std::move(localTimeInformation));
    c.addBloodPressure();
}

}  // namespace

TEST_CASE("a device that says in which zone it lives is taken at its word") {
    Conversation c;
    addZonedCuff(c, {20, 0}, 5h);  // UTC+5, and it shows 13:00 at 08:00 UTC
    c.start();
    CHECK_FALSE(c.link->wasCalled("write"));
    CHECK(c.sink.descriptors.back().clock().ahead_ms() == 0);
    c.link->send(0x2A35, "02800052006100ea070b170c0000");  // 12:00
    c.clock.run();
    CHECK(measured(onlyReading(c)) == "2026-11-23T07:00:00.000Z");
    CHECK(onlyReading(c).time_basis() == v1::TIME_DEVICE);
    CHECK(onlyReading(c).utc_offset_min() == 300);
}

TEST_CASE("a zone that is unknown, or that the clock does not show, is the configured one") {
    struct Row {
        const char* what;
        Bytes information;
    };
    for (const auto& row : {Row{"zone unknown", {0x80, 0}}, Row{"summer time unknown", {20, 255}},
                            Row{"malformed", {20}}, Row{"as it came from the factory", {0, 0}},
                            Row{"the same", {4, 0}}}) {
        CAPTURE(std::string(row.what));
        Conversation c;
        addZonedCuff(c, row.information, 1h);
        c.start();
        CHECK_FALSE(c.link->wasCalled("write"));
        c.link->send(0x2A35, "02800052006100ea070b17080000");  // 08:00
        c.link->send(0x2A35, "02800052006100ea070901080000");  // 1 September, in summer time
        c.clock.run();
        REQUIRE(c.sink.readings.size() == 2);
        CHECK(measured(c.sink.readings[0].reading) == "2026-11-23T07:00:00.000Z");
        CHECK(c.sink.readings[0].reading.utc_offset_min() == 60);
        CHECK(measured(c.sink.readings[1].reading) == "2026-09-01T06:00:00.000Z");
        CHECK(c.sink.readings[1].reading.utc_offset_min() == 120);
    }
}

TEST_CASE("what the hub writes is local time of the configured zone, for the people who see it") {
    Conversation c;
    addZonedCuff(c, {20, 0}, -24h);
    c.start();
    CHECK(c.link->wasCalled("write 2A2B ea070b17090000010002"));
    c.link->send(0x2A35, "02800052006100ea070b17090000");
    c.clock.run();
    CHECK(measured(onlyReading(c)) == "2026-11-23T08:00:00.000Z");
    CHECK(onlyReading(c).utc_offset_min() == 60);
}

TEST_CASE("a device that takes the time and shows another is corrected, not believed") {
    Conversation c;
    c.addCuff(-1h);
    const auto old = currentTime(c.options.zone.toLocal(c.clock.wall() - 1h));
    c.link->on("read 2A2B", Reply());
    c.link->on("read 2A2B", Reply::bytes(old));
    c.start();
    CHECK(c.sink.events.empty());
    CHECK(std::ranges::find(c.lines, "device cuff: clock not set: the device shows another time") !=
          c.lines.end());
    c.link->send(0x2A35, "02800052006100ea070b17070000");
    c.clock.run();
    CHECK(measured(onlyReading(c)) == "2026-11-23T08:00:00.000Z");
}

TEST_CASE("a clock that cannot be read this time is as it was known") {
    Conversation c;
    {
        Conversation before;
        before.addClock(10s);
        before.addBloodPressure();
        before.start();
        before.link->send(0x2A35, kPressure);
        before.clock.run();
        c.sink.bookmarks = before.sink.bookmarks;
    }
    REQUIRE_FALSE(c.sink.bookmarks["clock-offset"].empty());
    c.addClock(10s, "r");
    c.addBloodPressure();
    c.link->on("read 2A2B", Reply::refused(ErrorKind::refused, "busy"));
    c.start();
    c.clock.advance(1min);
    c.link->send(0x2A35, "02800052006100ea070b17080020");  // 08:00:32
    c.clock.run();
    CHECK(measured(onlyReading(c)) == "2026-11-23T08:00:22.000Z");
    CHECK(onlyReading(c).time_basis() == v1::TIME_CORRECTED);
}

TEST_CASE("the bookmark is written with the first reading, and not again while nothing changes") {
    Conversation c;
    c.addClock(10s);
    c.addBloodPressure();
    c.start();
    CHECK(c.sink.bookmarks.empty());
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK(c.sink.bookmarks.contains("clock-offset"));
    c.sink.bookmarks.clear();
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK(c.sink.bookmarks.empty());
}

TEST_CASE("a clock value that is malformed is as good as none") {
    for (const auto* hex : {"", "ea07", "ea070b1708000001000205", "ffffffffffffffffffff"}) {
        CAPTURE(std::string(hex));
        Conversation c;
        c.addCuff(0s);
        c.settings.setClock = false;
        c.link->on("read 2A2B", Reply::bytes(*fromHex(hex)));
        c.start();
        c.link->send(0x2A35, kPressure);
        c.clock.run();
        CHECK(onlyReading(c).time_basis() == v1::TIME_DEVICE);
        CHECK_FALSE(onlyReading(c).device_clock().has_compared());
    }
}

TEST_CASE("the identity of a measurement does not depend on when and over what it was read") {
    const auto identityAfter = [](Duration delay, Duration ahead) {
        Conversation c;
        c.addCuff(ahead);
        c.start();
        c.clock.advance(delay);
        c.link->send(0x2A35, kPressure);
        c.clock.run();
        REQUIRE(c.sink.readings.size() == 1);
        return c.sink.readings[0].identity;
    };
    const auto one = identityAfter(0s, 0s);
    for (const auto& other : {identityAfter(5min, 0s), identityAfter(0s, -20h)}) {
        CHECK(other.deviceTime == one.deviceTime);
        CHECK(other.payload == one.payload);
    }
}

TEST_CASE("a date that cannot be used is no part of the identity") {
    Conversation c;
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, "0280005200610000000000000000");
    c.link->send(0x2A35, "02800052006100ea07021e080000");  // 30 February
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 2);
    for (const auto& made : c.sink.readings) {
        CHECK(made.identity.deviceTime.empty());
        CHECK(made.reading.time_basis() == v1::TIME_RECEIVED);
        CHECK_FALSE(made.reading.device_time().empty());
    }
    CHECK(c.sink.readings[0].reading.device_clock().fault() == v1::CLOCK_FAULT_UNSET);
    CHECK(c.sink.readings[1].reading.device_clock().fault() == v1::CLOCK_FAULT_ABSURD);
}
