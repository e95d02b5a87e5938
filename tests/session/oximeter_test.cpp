// A worn oximeter: a value each second without end, gathered; and what becomes of it when the hub
// is killed, or asks for stored records meanwhile.
#include <doctest/doctest.h>

#include "tests/session/exchanges.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

/// 97 %, 71/min.
constexpr auto kSecond = "0061004700";

void addOximeter(Conversation& c) {
    c.link->addService(0x1822);
    c.link->addCharacteristic(0x2A5E, "i");
    c.link->addCharacteristic(0x2A5F, "n");
    c.link->addCharacteristic(0x2A60, "r", {0x00, 0x00});
}

void wear(Conversation& c, int seconds) {
    for (int second = 0; second < seconds; ++second) {
        c.link->send(0x2A5F, kSecond);
        c.clock.run();
        c.clock.advance(1s);
    }
}

/// Of each reading, how many values it has.
std::vector<int> lengths(const std::vector<NewReading>& readings) {
    std::vector<int> found;
    for (const auto& made : readings) {
        REQUIRE(made.reading.observations_size() == 2);
        found.push_back(made.reading.observations(0).samples().raw_size());
    }
    return found;
}

}  // namespace

TEST_CASE("what was gathered when the hub was killed is a reading of the next connection") {
    struct Row {
        int seconds;
        std::vector<int> before;
        std::vector<int> after;
    };
    for (const auto& row : std::vector<Row>{
             {5, {}, {}}, {15, {}, {11}}, {59, {}, {51}}, {65, {60}, {}}, {75, {60}, {11}}}) {
        CAPTURE(row.seconds);
        Exchanges all;
        {
            Conversation c;
            addOximeter(c);
            c.start();
            wear(c, row.seconds);
            CHECK(lengths(c.sink.readings) == row.before);
            all.bookmarks = c.sink.bookmarks;
        }
        Conversation c;
        addOximeter(c);
        all.begin(c);
        c.start();
        CHECK(lengths(c.sink.readings) == row.after);
        CHECK(c.sink.bookmarks["series"].empty());
        wear(c, 3);
        c.endLink();
        auto expected = row.after;
        expected.push_back(3);
        CHECK(lengths(c.sink.readings) == expected);
        CHECK(c.sink.bookmarks["series"].empty());
    }
}

TEST_CASE("a recalled series has the time at which it came") {
    Exchanges all;
    {
        Conversation c;
        addOximeter(c);
        c.start();
        wear(c, 15);
        all.bookmarks = c.sink.bookmarks;
    }
    Conversation c;
    addOximeter(c);
    c.clock.advance(1h);
    all.begin(c);
    c.start();
    REQUIRE(c.sink.readings.size() == 1);
    const auto& reading = c.sink.readings[0].reading;
    CHECK(formatUtc(fromTimestamp(reading.measured())).starts_with("2026-11-23T08:00:00"));
    CHECK(reading.duration_ms() == 11'000);
}

TEST_CASE("a series of any length and rate is remembered in what a bookmark holds") {
    struct Row {
        Duration interval;
        Duration every;
        const char* value;
    };
    // With all fields, twenty octets.
    constexpr auto kLong = "1f61004700610047006100470000010000000ff0";
    for (const auto& row :
         std::vector<Row>{{15min, 1s, kLong}, {5min, 250ms, kSecond}, {60s, 20ms, kSecond}}) {
        CAPTURE(formatDuration(row.interval));
        Conversation c;
        addOximeter(c);
        c.options.seriesInterval = row.interval;
        c.start();
        int sent = 0;
        for (Duration at{}; at < row.interval; at += row.every, ++sent) {
            c.link->send(0x2A5F, row.value);
            c.clock.run();
            c.clock.advance(row.every);
        }
        CHECK_FALSE(c.ended);
        c.endLink();
        CHECK(c.succeeded());
        CHECK(c.session->unkept() == 0);
        int samples = 0;
        for (const auto& made : c.sink.readings)
            samples += made.reading.observations(0).samples().raw_size();
        CHECK(samples == sent);
        CHECK(c.sink.bookmarks["series"].empty());
    }
}

TEST_CASE("values of a series that cannot be kept are counted each") {
    Conversation c;
    addOximeter(c);
    c.start();
    wear(c, 7);
    c.sink.failure = Error{ErrorKind::unavailable, "intake is closed"};
    c.endLink();
    CHECK(c.error() == "device cuff: keep values: intake is closed");
    CHECK(c.session->unkept() == 7);
}

TEST_CASE("of a series that cannot be kept, what its bookmark has is not lost") {
    Exchanges all;
    {
        Conversation c;
        addOximeter(c);
        c.start();
        wear(c, 15);
        c.sink.failure = Error{ErrorKind::unavailable, "intake is closed"};
        c.endLink();
        CHECK(c.session->unkept() == 4);
        all.bookmarks = c.sink.bookmarks;
    }
    Conversation c;
    addOximeter(c);
    all.begin(c);
    c.start();
    CHECK(lengths(c.sink.readings) == std::vector{11});
    // The same when the series had become complete.
    wear(c, 59);
    c.sink.failure = Error{ErrorKind::unavailable, "intake is closed"};
    c.clock.advance(10s);
    REQUIRE(c.ended);
    CHECK(c.session->unkept() == 8);
}

TEST_CASE("a series that is kept although another commit failed is not made again") {
    // The second of them is what a failed commit had to remember: it may be on the disk all the
    // same.
    for (const int seconds : {15, 10}) {
        CAPTURE(seconds);
        Exchanges all;
        {
            Conversation c;
            addOximeter(c);
            c.start();
            wear(c, seconds);
            c.sink.failAt = c.sink.appends + 1;
            c.link->send(seconds == 10 ? 0x2A5F : 0x2A5E, kSecond);
            c.endLink();
            CHECK(c.error() == "device cuff: keep values: intake is closed");
            CHECK(lengths(c.sink.readings) == std::vector{seconds == 10 ? 11 : 15});
            REQUIRE(c.sink.bookmarks.contains("series"));
            CHECK(c.sink.bookmarks["series"].empty());
            all.end(c);
        }
        Conversation c;
        addOximeter(c);
        all.begin(c);
        c.start();
        CHECK(c.sink.readings.empty());
    }
}

TEST_CASE("a series that was lost with its commit is remembered, whatever is kept after it") {
    Exchanges all;
    Conversation c;
    addOximeter(c);
    c.start();
    wear(c, 59);
    const auto remembered = c.sink.bookmarks["series"];
    c.sink.failAt = c.sink.appends + 1;
    c.link->sendAt("disconnect", 0x2A5F, kSecond);
    c.clock.advance(10s);
    CHECK(c.ended);
    CHECK(lengths(c.sink.readings) == std::vector{1});
    CHECK(c.session->unkept() == 8);
    CHECK(c.sink.bookmarks["series"] == remembered);
    all.end(c);
    Conversation next;
    addOximeter(next);
    all.begin(next);
    next.start();
    CHECK(lengths(next.sink.readings) == std::vector{51});
}

TEST_CASE("gathered values are counted too when others cannot be kept") {
    struct Row {
        bool isClosed;  ///< or one commit fails alone
        std::uint32_t unkept;
        std::vector<int> kept;
    };
    for (const auto& row : std::vector<Row>{{true, 9, {}}, {false, 1, {1, 7}}}) {
        CAPTURE(row.isClosed);
        Conversation c;
        addOximeter(c);
        c.start();
        wear(c, 7);
        if (row.isClosed) c.sink.failure = Error{ErrorKind::unavailable, "intake is closed"};
        c.sink.failAt = c.sink.appends + 1;
        c.link->send(0x2A5E, kSecond);
        c.link->send(0x2A5E, kSecond);
        c.endLink();
        CHECK(c.session->unkept() == row.unkept);
        std::vector<int> kept;
        for (const auto& made : c.sink.readings) {
            const auto& first = made.reading.observations(0);
            kept.push_back(first.has_samples() ? first.samples().raw_size() : 1);
        }
        CHECK(kept == row.kept);
    }
}

TEST_CASE("the stream does not make the hub wait for ever for the end of its records") {
    Conversation c;
    addOximeter(c);
    c.link->addCharacteristic(0x2A52, "wi");
    c.start();
    CHECK(c.link->calls().back() == "write 2A52 0101");
    wear(c, 31);
    CHECK(c.link->wasCalled("write 2A52 0300"));
    // What is measured on the spot is none of the stream: it may be a record.
    Conversation other;
    addOximeter(other);
    other.link->addCharacteristic(0x2A52, "wi");
    other.start();
    other.clock.advance(20s);
    other.link->send(0x2A5E, kSecond);
    other.clock.run();
    other.clock.advance(20s);
    CHECK_FALSE(other.link->wasCalled("write 2A52 0300"));
    CHECK(other.sink.readings.size() == 1);
}

TEST_CASE("a spot check that comes again from the memory is the same measurement") {
    struct Row {
        const char* live;
        const char* stored;
        bool isSame;
    };
    // 97 %, 72/min at 07:12:13; the status is "fully-qualified", or "from-storage", or both.
    const std::vector<Row> rows{
        {"0361004800ea070b17070c0d0001", "0361004800ea070b17070c0d0003", true},
        {"0161004800ea070b17070c0d", "0361004800ea070b17070c0d0002", true},
        {"0961004800ea070b17070c0d0ff0", "0b61004800ea070b17070c0d00020ff0", true},
        {"0361004800ea070b17070c0d0001", "0361004800ea070b17070c0e0003", false},
        {"0361004800ea070b17070c0d0001", "0362004800ea070b17070c0d0003", false},
        {"0361004800ea070b17070c0d0001", "0361004800ea070b17070c0d4003", false},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.stored));
        Conversation c;
        addOximeter(c);
        c.start();
        c.link->send(0x2A5E, row.live);
        c.link->send(0x2A5E, row.stored);
        c.endLink();
        REQUIRE(c.sink.readings.size() == 2);
        CHECK_FALSE(c.sink.readings[0].reading.source().stored());
        CHECK(c.sink.readings[1].reading.source().stored());
        CHECK(c.sink.readings[0].identity.deviceTime.starts_with("2026-11-23T07:12:1"));
        CHECK(distinct(c.sink).size() == (row.isSame ? 1 : 2));
    }
}
