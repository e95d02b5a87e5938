// What belongs together and does not come together: late, in another connection, or after the
// program was killed.
#include <doctest/doctest.h>

#include "tests/session/exchanges.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

const MeterRecord kRecord{7, 7, false, true};

/// 70 kg and 20.0 % fat of user 1 at 2026-11-23T08:00:00.
constexpr auto kWeight = "06b036ea070b1708000001";
constexpr auto kFat = "0600c800ea070b1708000001";

/// A meter whose control point is silent.
void addMute(Conversation& c) {
    addMeter(c, {});
    c.link->whenWritten(0x2A52, [](const Bytes&) {});
}

}  // namespace

TEST_CASE("weight and composition are one reading, in whatever order they come") {
    for (const bool weightFirst : {true, false}) {
        CAPTURE(weightFirst);
        Conversation c;
        addWeightAndComposition(c);
        c.start();
        c.link->send(weightFirst ? 0x2A9D : 0x2A9C, weightFirst ? kWeight : kFat);
        c.clock.run();
        CHECK(c.sink.readings.empty());
        CHECK_FALSE(c.sink.bookmarks["waiting"].empty());
        c.link->send(weightFirst ? 0x2A9C : 0x2A9D, weightFirst ? kFat : kWeight);
        c.clock.run();
        REQUIRE(c.sink.readings.size() == 1);
        const auto& [reading, identity, amends] = c.sink.readings[0];
        CHECK(reading.kind() == "weight");
        CHECK(reading.observations_size() == 2);
        CHECK_FALSE(reading.partial());
        CHECK(reading.source().raw_size() == 2);
        CHECK(identity.characteristic == Uuid(0x2A9D));
        CHECK_FALSE(amends);
        CHECK(c.sink.bookmarks["waiting"].empty());
    }
}

TEST_CASE("what waits is given out after thirty seconds, or at the end, and completed when late") {
    for (const bool ends : {false, true}) {
        CAPTURE(ends);
        Exchanges all;
        Conversation c;
        addWeightAndComposition(c);
        c.start();
        c.link->send(0x2A9D, kWeight);
        if (ends) c.endLink();
        if (!ends) c.clock.advance(30s - 1ms);
        CHECK(c.sink.readings.size() == (ends ? 1 : 0));
        if (!ends) c.clock.advance(1ms);
        REQUIRE(c.sink.readings.size() == 1);
        CHECK(c.sink.readings[0].reading.partial());
        CHECK(c.sink.bookmarks["waiting"].empty());
        all.end(c);

        Conversation next;
        addWeightAndComposition(next);
        all.begin(next);
        next.start();
        auto& later = ends ? next : c;
        later.link->send(0x2A9C, kFat);
        later.clock.run();
        REQUIRE_FALSE(later.sink.readings.empty());
        const auto& made = later.sink.readings.back();
        CHECK_FALSE(made.reading.partial());
        CHECK(made.reading.observations_size() == 2);
        REQUIRE(made.amends);
        CHECK(keyOf(*made.amends) == keyOf(all.readings[0].identity));
        CHECK(keyOf(made.identity) != keyOf(all.readings[0].identity));
        CHECK(later.sink.bookmarks["incomplete"].empty());
    }
}

TEST_CASE("a late principal value amends the reading that was given out without it") {
    Conversation c;
    addWeightAndComposition(c);
    c.start();
    c.link->send(0x2A9C, kFat);
    c.clock.advance(30s);
    c.link->send(0x2A9D, kWeight);
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 2);
    CHECK(c.sink.readings[0].reading.kind() == "body-composition");
    REQUIRE(c.sink.readings[1].amends);
    CHECK(keyOf(*c.sink.readings[1].amends) == keyOf(c.sink.readings[0].identity));
    CHECK(c.sink.readings[1].identity.characteristic == Uuid(0x2A9D));
    CHECK(c.sink.readings[1].identity.payload == *fromHex(kWeight));
}

TEST_CASE("a connection that ends between a record and its context loses neither") {
    Exchanges all;
    Meter meter{{kRecord, {8, 8}}};
    meter.leavesAfter = 1;
    connect(all, meter);
    REQUIRE(all.readings.size() == 1);
    CHECK(all.readings[0].reading.partial());
    meter.leavesAfter.reset();
    connect(all, meter);
    REQUIRE(all.readings.size() == 3);
    CHECK(all.readings[1].reading.observations_size() > 1);
    REQUIRE(all.readings[1].amends);
    CHECK(keyOf(*all.readings[1].amends) == keyOf(all.readings[0].identity));
    // Read once more nothing is new.
    connect(all, meter, RecordUse::all);
    REQUIRE(all.readings.size() == 5);
    CHECK_FALSE(all.readings[3].amends);
    CHECK(keyOf(all.readings[3].identity) == keyOf(all.readings[0].identity));
}

TEST_CASE("a record whose context never comes is one partial reading however often it is read") {
    Exchanges all;
    Meter meter{{{1, 1}, kRecord}};
    for (int connection = 0; connection < 3; ++connection) {
        Conversation c;
        addMute(c);
        c.link->whenWritten(0x2A52, [&c](const Bytes&) {
            c.link->send(0x2A18, kRecord.hex());
            c.link->send(0x2A52, "06000101");
        });
        all.begin(c);
        c.start();
        c.endLink();
        all.end(c);
    }
    REQUIRE(all.readings.size() == 3);
    for (const auto& made : all.readings) {
        CHECK(made.reading.partial());
        CHECK(keyOf(made.identity) == keyOf(all.readings[0].identity));
    }
    CHECK(std::ranges::count(all.bookmarks["incomplete"], '\n') == 1);
}

TEST_CASE("what waited when the program was killed is taken up in the next connection") {
    for (const bool comes : {true, false}) {
        CAPTURE(comes);
        Exchanges all;
        {
            Conversation killed;
            addMute(killed);
            killed.start();
            killed.link->send(0x2A18, kRecord.hex());
            killed.clock.run();
            CHECK(killed.sink.readings.empty());
            all.end(killed);
        }
        CHECK_FALSE(all.bookmarks["waiting"].empty());
        Conversation c;
        addMute(c);
        all.begin(c);
        c.start();
        CHECK(c.sink.readings.empty());
        if (comes) c.link->send(0x2A34, kRecord.contextHex());
        c.clock.advance(comes ? 0s : 30s);
        REQUIRE(c.sink.readings.size() == 1);
        const auto& reading = c.sink.readings[0].reading;
        CHECK(reading.partial() == !comes);
        CHECK(reading.device_time() == "2026-11-23T06:07:00");
        CHECK(c.sink.bookmarks["waiting"].empty());
    }
}

TEST_CASE("what waited on the hub was stored on the device only if it was old when it came") {
    struct Row {
        MeterRecord record;
        bool stored;
    };
    constexpr std::array rows{Row{{7, 57, false, true, 7}, false},
                              Row{{7, 7, false, true, 6}, true}};
    for (const auto& row : rows) {
        Exchanges all;
        for (const bool isFirst : {true, false}) {
            Conversation c;
            addMute(c);
            if (!isFirst) c.clock.advance(1h);
            c.addClock(0s);
            all.begin(c);
            c.start();
            if (isFirst) c.link->send(0x2A18, row.record.hex());
            c.clock.advance(isFirst ? 0s : 30s);
            CHECK(c.sink.readings.size() == (isFirst ? 0 : 1));
            all.end(c);
        }
        REQUIRE(all.readings.size() == 1);
        CHECK(all.readings[0].reading.source().stored() == row.stored);
    }
}

TEST_CASE("what waited is not lost in a connection that fails before it is asked for") {
    for (const auto* call : {"discover", "subscribe 2A18"}) {
        CAPTURE(std::string(call));
        Exchanges all;
        {
            Conversation killed;
            addMute(killed);
            killed.start();
            killed.link->send(0x2A18, kRecord.hex());
            killed.clock.run();
            all.end(killed);
        }
        Conversation c;
        addMeter(c, {});
        all.begin(c);
        c.link->sendAt(call, 0x2A18, MeterRecord{8, 8, false, true}.hex());
        c.link->on(call, Reply::disconnect());
        c.start();
        REQUIRE(c.ended);
        REQUIRE(c.sink.readings.size() == 2);
        CHECK(c.sink.readings[0].identity.recordNumber == 7);
        CHECK(c.sink.readings[1].identity.recordNumber == 8);
        CHECK(c.sink.bookmarks["waiting"].empty());
    }
}

TEST_CASE("what waits is not committed as done before its reading is") {
    Exchanges all;
    Conversation c;
    addMute(c);
    c.start();
    c.link->send(0x2A18, kRecord.hex());
    c.clock.run();
    const auto waiting = c.sink.bookmarks["waiting"];
    c.sink.failAt = c.sink.appends + 1;
    c.link->send(0x2A34, kRecord.contextHex());
    c.link->send(0x2A18, MeterRecord{8, 8}.hex());
    c.endLink();
    CHECK_FALSE(c.succeeded());
    CHECK(c.sink.bookmarks["waiting"] == waiting);
    all.end(c);
    connect(all, {{{7, 7, false, true}, {8, 8}}});
    CHECK(all.numbers() == std::vector<std::uint32_t>{7, 8});
}

TEST_CASE("what has waited and is kept after a failed commit is not made again") {
    Exchanges all;
    {
        Conversation c;
        addWeightAndComposition(c);
        c.start();
        // Of nobody and no time: made again it would be another measurement.
        c.link->send(0x2A9D, "00b036");
        c.clock.run();
        REQUIRE_FALSE(c.sink.bookmarks["waiting"].empty());
        c.sink.failAt = c.sink.appends + 1;
        c.link->send(0x2A9D, kWeight);
        c.endLink();
        CHECK_FALSE(c.succeeded());
        REQUIRE(c.sink.readings.size() == 2);
        CHECK(c.sink.bookmarks["waiting"].empty());
        all.end(c);
    }
    Conversation c;
    addWeightAndComposition(c);
    all.begin(c);
    c.start();
    CHECK(c.sink.readings.empty());
}

TEST_CASE("of what has waited only that is forgotten which is kept after a failed commit") {
    Exchanges all;
    {
        Conversation c;
        addMute(c);
        c.start();
        c.link->send(0x2A18, kRecord.hex());
        c.link->send(0x2A18, MeterRecord{8, 8, false, true}.hex());
        c.clock.run();
        c.sink.failAt = c.sink.appends + 1;
        c.link->send(0x2A34, kRecord.contextHex());
        c.endLink();
        CHECK_FALSE(c.succeeded());
        REQUIRE(c.sink.readings.size() == 1);
        CHECK(c.sink.readings[0].identity.recordNumber == 8);
        all.end(c);
    }
    Conversation c;
    addMute(c);
    all.begin(c);
    c.start();
    c.clock.advance(30s);
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].identity.recordNumber == 7);
}
