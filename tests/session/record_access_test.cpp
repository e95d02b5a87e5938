// Stored records through the Record Access Control Point: each answer late, wrong, missing or
// doubled, the connection cut at each place; and what the next connection makes of it.
#include <doctest/doctest.h>

#include "tests/session/exchanges.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

constexpr auto kMark = "records-glucose";

std::vector<MeterRecord> records(std::uint16_t first, std::uint16_t last, int hour = 6) {
    std::vector<MeterRecord> made;
    for (int number = first; number <= last; ++number) {
        made.push_back({static_cast<std::uint16_t>(number), number % 60, false, false, hour});
    }
    return made;
}

std::vector<std::uint32_t> numbersOf(const std::vector<MeterRecord>& records) {
    std::vector<std::uint32_t> numbers;
    for (const auto& each : records) numbers.push_back(each.number);
    std::ranges::sort(numbers);
    return numbers;
}

/// What was written to the control point, in order.
std::vector<std::string> requests(const Conversation& c) {
    std::vector<std::string> found;
    constexpr std::string_view kWrite = "write 2A52 ";
    for (const auto& call : c.link->calls()) {
        if (call.starts_with(kWrite)) found.push_back(call.substr(kWrite.size()));
    }
    return found;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the first connection asks for all records, the next from the last known one on") {
    Exchanges all;
    Meter meter;
    meter.records = records(1, 5);
    connect(all, meter);
    CHECK(all.numbers() == numbersOf(meter.records));
    CHECK(lastKnown(all.bookmarks[kMark]) == "5 2026-11-23T06:05:00");
    CHECK(all.readings[0].reading.device_time() == "2026-11-23T06:01:00");

    meter.records = records(1, 7);
    Conversation c;
    addMeter(c, meter);
    all.begin(c);
    c.start();
    CHECK(requests(c) == Texts{"0103010500"});
    CHECK(c.sink.readings.size() == 3);  // the known one shows that the meter counts as it did
    CHECK(lastKnown(c.sink.bookmarks[kMark]) == "7 2026-11-23T06:07:00");
    all.end(c);
    CHECK(all.numbers() == numbersOf(meter.records));
}

TEST_CASE("the control point is subscribed before it is written, after the measurements") {
    Conversation c;
    addMeter(c, {records(1, 2)});
    c.start();
    const auto& calls = c.link->calls();
    CHECK(calls == Texts{"discover", "read 2A51", "subscribe 2A18", "subscribe 2A34",
                         "subscribe 2A52", "write 2A52 0101"});
}

TEST_CASE("the mark is committed with the records, not after them") {
    Conversation c;
    addMeter(c, {records(1, 3)});
    std::vector<std::string> marks;
    c.link->whenWritten(0x2A52, [](const Bytes&) {});
    c.start();
    for (const auto& each : records(1, 3)) {
        c.link->send(0x2A18, each.hex());
        c.clock.run();
        marks.push_back(lastKnown(c.sink.bookmarks[kMark]));
    }
    // Of a first record alone nobody knows whether there are others before it.
    CHECK(marks == Texts{"", "2 2026-11-23T06:02:00", "3 2026-11-23T06:03:00"});
    CHECK(c.sink.commits == 3);
}

TEST_CASE("the configuration says which records are fetched") {
    struct Row {
        RecordUse use;
        Texts first;
        Texts second;
    };
    const std::array rows{
        Row{RecordUse::sinceLast, {"0101"}, {"0103010300"}},
        Row{RecordUse::all, {"0101"}, {"0101"}},
        Row{RecordUse::none, {}, {}},
    };
    for (const auto& row : rows) {
        CAPTURE(static_cast<int>(row.use));
        Exchanges all;
        for (const auto* expected : {&row.first, &row.second}) {
            Conversation c;
            c.settings.records = row.use;
            addMeter(c, {records(1, 3)});
            all.begin(c);
            c.start();
            CHECK(requests(c) == *expected);
            c.endLink();
            CHECK(c.succeeded());
            all.end(c);
        }
        CHECK(all.numbers().size() == (row.use == RecordUse::none ? 0 : 3));
    }
}

TEST_CASE("a meter that was reset and counts anew loses no record") {
    struct Row {
        const char* what;
        std::vector<MeterRecord> now;
    };
    const std::array rows{
        Row{"it has fewer than before", records(0, 2, 7)},
        Row{"it has as many as before", records(0, 5, 7)},
        Row{"it has more than before", records(0, 9, 7)},
        Row{"it has forgotten the known ones", records(8, 9)},
        Row{"it has forgotten all", {}},
    };
    for (const auto& row : rows) {
        for (const bool newestFirst : {false, true}) {
            CAPTURE(std::string(row.what));
            CAPTURE(newestFirst);
            Exchanges all;
            connect(all, {records(0, 5), newestFirst});
            REQUIRE(lastKnown(all.bookmarks[kMark]) == "5 2026-11-23T06:05:00");
            connect(all, {row.now, newestFirst});
            auto expected = numbersOf(records(0, 5));
            const auto more = numbersOf(row.now);
            expected.insert(expected.end(), more.begin(), more.end());
            std::ranges::sort(expected);
            CHECK(all.numbers() == expected);
            const auto last =
                row.now.empty() ? std::string() : std::to_string(row.now.back().number);
            CHECK(all.bookmarks[kMark].substr(0, last.size()) == last);
        }
    }
}

TEST_CASE("a connection that ends after any number of records loses none") {
    for (const bool newestFirst : {false, true}) {
        for (const auto known : std::array<std::uint16_t, 2>{0, 3}) {
            for (std::size_t after = 0; after <= 7; ++after) {
                CAPTURE(newestFirst);
                CAPTURE(known);
                CAPTURE(after);
                Exchanges all;
                if (known > 0) connect(all, {records(1, known), newestFirst});
                Meter meter{records(1, 7), newestFirst};
                meter.leavesAfter = after;
                connect(all, meter);
                CHECK(all.numbers().size() >= std::max<std::size_t>(known, after));
                connect(all, {records(1, 8), newestFirst});
                CHECK(all.numbers() == numbersOf(records(1, 8)));
                CHECK(all.bookmarks[kMark].starts_with("8 "));
            }
        }
    }
}

TEST_CASE("a meter that never lasts for all its records gives them in several connections") {
    Exchanges all;
    Meter meter{records(1, 30)};
    meter.leavesAfter = 5;
    for (int connection = 0; connection < 8; ++connection) connect(all, meter);
    CHECK(all.numbers() == numbersOf(records(1, 30)));
}

TEST_CASE("a meter that lists in no order is asked again until it has said that these were all") {
    Exchanges all;
    Meter meter;
    for (const auto number : std::array<std::uint16_t, 5>{4, 1, 5, 2, 3}) {
        meter.records.push_back(records(number, number)[0]);
    }
    for (std::size_t after = 1; after < 5; ++after) {
        meter.leavesAfter = after;
        connect(all, meter);
        CHECK(all.bookmarks[kMark].empty());
    }
    meter.leavesAfter.reset();
    connect(all, meter);
    CHECK(all.numbers() == numbersOf(meter.records));
    CHECK(all.bookmarks[kMark].starts_with("5 "));
}

TEST_CASE("a meter that cannot choose by number gives all each time, each a reading once") {
    Exchanges all;
    Meter meter{records(1, 3)};
    meter.knowsNumbers = false;
    connect(all, meter);
    meter.records = records(1, 4);
    Conversation c;
    addMeter(c, meter);
    all.begin(c);
    c.start();
    CHECK(requests(c) == Texts{"0103010300", "0101"});
    c.endLink();
    all.end(c);
    CHECK(all.numbers() == numbersOf(meter.records));
    CHECK(all.readings.size() == 7);
    CHECK(distinct(c.sink).size() == 4);
}

TEST_CASE("a meter without records is a usual end, and measures go on") {
    Conversation c;
    addMeter(c, {});
    c.start();
    CHECK(requests(c) == Texts{"0101"});
    CHECK(c.sink.bookmarks[kMark].empty());
    c.link->send(0x2A18, records(1, 1)[0].hex());
    c.endLink();
    CHECK(c.succeeded());
    CHECK(c.sink.readings.size() == 1);
    CHECK(c.sink.events.empty());
}

TEST_CASE("the connection ends at any call, and the next one completes the job") {
    for (const std::string call : {"discover", "read 2A51", "subscribe 2A18", "subscribe 2A34",
                                   "subscribe 2A52", "write 2A52"}) {
        CAPTURE(call);
        Exchanges all;
        connect(all, {records(1, 2)});
        {
            Conversation c;
            addMeter(c, {records(1, 6)});
            all.begin(c);
            c.link->on(call, Reply::disconnect());
            c.start();
            REQUIRE(c.ended);
            CHECK(c.clock.pendingTimers() == 0);
            CHECK(c.succeeded() == (call.ends_with("2A52")));
            all.end(c);
        }
        CHECK(all.numbers() == numbersOf(records(1, 2)));
        connect(all, {records(1, 6)});
        CHECK(all.numbers() == numbersOf(records(1, 6)));
    }
}

TEST_CASE("records that are no measurements of a person are told once and move the mark too") {
    Exchanges all;
    auto memory = records(1, 3);
    memory[2].isControlSolution = true;
    connect(all, {memory});
    CHECK(all.numbers() == std::vector<std::uint32_t>{1, 2});
    CHECK(lastKnown(all.bookmarks[kMark]) == "3 2026-11-23T06:03:00");
    connect(all, {memory});
    REQUIRE(all.refusals.size() == 2);  // read again, it is the same event to the store
    CHECK(keyOf(all.refusals[0]) == keyOf(all.refusals[1]));
    CHECK(all.refusals[0].recordNumber == 3);
    CHECK(all.refusals[0].deviceTime == "2026-11-23T06:03:00");
    REQUIRE(all.events.size() == 2);
    CHECK(all.events[0].refused().reason() == v1::REFUSED_CONTROL_SOLUTION);
}

TEST_CASE("numbers that are about to begin anew are not asked by") {
    Exchanges all;
    const auto old = records(65533, 65535);
    connect(all, {old});
    CHECK(all.bookmarks[kMark].starts_with("65535 "));
    Meter meter{old};
    for (const auto& each : records(0, 2, 7)) meter.records.push_back(each);
    Conversation c;
    addMeter(c, meter);
    all.begin(c);
    c.start();
    CHECK(requests(c) == Texts{"0101"});
    c.endLink();
    all.end(c);
    CHECK(all.numbers() == numbersOf(meter.records));
    // The meter forgets those of before: its numbers are asked by again.
    connect(all, {records(0, 5, 7)});
    CHECK(all.bookmarks[kMark].starts_with("5 "));
    CHECK(all.numbers().size() == 9);
}

TEST_CASE("a commit that fails in the middle loses no record, even if the next one succeeds") {
    // An append for each record, and none for the end of the run: the mark has moved with the last.
    for (int at = 1; at <= 6; ++at) {
        for (const bool newestFirst : {false, true}) {
            CAPTURE(at);
            CAPTURE(newestFirst);
            Exchanges all;
            Conversation c;
            addMeter(c, {records(1, 6), newestFirst});
            c.sink.failAt = at;
            c.start();
            c.endLink();
            CHECK(c.error() == "device cuff: keep values: intake is closed");
            all.end(c);
            connect(all, {records(1, 6), newestFirst});
            CHECK(all.numbers() == numbersOf(records(1, 6)));
            CHECK(all.bookmarks[kMark].starts_with("6 "));
        }
    }
}

TEST_CASE("records that came faster than they could be taken are fetched again") {
    for (const std::size_t taken : std::array<std::size_t, 2>{0, 2}) {
        CAPTURE(taken);
        Exchanges all;
        Conversation c;
        addMeter(c, {});
        c.link->whenWritten(0x2A52, [](const Bytes&) {});
        c.start();
        const std::array<std::uint16_t, 3> numbers{1, 2, 4};
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            // From here on nobody can tell which of them are missing.
            if (i == taken) c.link->dropped = 1;
            c.link->send(0x2A18, records(numbers[i], numbers[i])[0].hex());
            c.clock.run();
        }
        c.link->send(0x2A52, "06000101");
        c.clock.run();
        CHECK_FALSE(c.ended);
        CHECK(c.sink.bookmarks[kMark].starts_with(taken == 0 ? "" : "2 "));
        CHECK(c.sink.bookmarks[kMark].empty() == (taken == 0));
        c.endLink();
        CHECK(c.succeeded());
        all.end(c);
        connect(all, {records(1, 4)});
        CHECK(all.numbers() == numbersOf(records(1, 4)));
    }
}

TEST_CASE("a context that was lost on its way is fetched again with its record") {
    auto memory = records(1, 3);
    for (auto& each : memory) each.hasContext = true;
    Exchanges all;
    Conversation c;
    addMeter(c, {});
    c.link->whenWritten(0x2A52, [&](const Bytes&) {
        for (const auto& each : memory) {
            c.link->send(0x2A18, each.hex());
            if (each.number == 2) {
                c.link->dropped = 1;
                continue;
            }
            c.link->send(0x2A34, each.contextHex());
        }
        c.link->send(0x2A52, "06000101");
    });
    c.start();
    c.endLink();
    all.end(c);
    CHECK(all.numbers() == std::vector<std::uint32_t>{1, 3});
    connect(all, {memory});
    CHECK(all.numbers() == std::vector<std::uint32_t>{1, 2, 3});
}

TEST_CASE(
    "what a meter has measured while connected and not sent is fetched before the hub hangs up") {
    Conversation c;
    addMeter(c, {records(1, 3)});
    c.start();
    CHECK(requests(c) == Texts{"0101"});
    const Meter later{records(1, 4)};
    c.link->whenWritten(0x2A52, [&](const Bytes& request) { later.answer(*c.link, request); });
    c.clock.advance(c.options.limits.idle);
    CHECK(requests(c) == Texts{"0101", "0103010300"});
    CHECK(c.link->wasCalled("disconnect"));
    CHECK(c.sink.bookmarks[kMark].starts_with("4 "));
    CHECK(c.succeeded());
}

TEST_CASE("a memory that is a ring is read to its end, wherever the connection is cut") {
    Meter ring;
    for (const auto& each : records(5, 8)) ring.records.push_back(each);
    for (const auto& each : records(1, 4)) ring.records.push_back(each);
    for (std::size_t after = 0; after <= 8; ++after) {
        CAPTURE(after);
        Exchanges all;
        ring.leavesAfter = after;
        connect(all, ring);
        ring.leavesAfter.reset();
        ring.records.push_back(records(9, 9)[0]);
        connect(all, ring);
        CHECK(all.numbers() == numbersOf(ring.records));
        CHECK(all.bookmarks[kMark].starts_with("9 "));
        ring.records.pop_back();
    }
}

TEST_CASE("a record that was measured while connected moves the mark, and is not read again") {
    Exchanges all;
    Conversation c;
    addMeter(c, {records(1, 3)});
    c.start();
    c.link->send(0x2A18, records(4, 4)[0].hex());
    c.clock.run();
    CHECK(lastKnown(c.sink.bookmarks[kMark]) == "4 2026-11-23T06:04:00");
    // One is missing before it: it stays to be fetched.
    c.link->send(0x2A18, records(6, 6)[0].hex());
    c.endLink();
    CHECK(lastKnown(c.sink.bookmarks[kMark]) == "4 2026-11-23T06:04:00");
    all.end(c);
    connect(all, {records(1, 6)});
    CHECK(all.numbers() == numbersOf(records(1, 6)));
}

TEST_CASE("a record that is read again by a hub whose clock was wrong before is the same reading") {
    Exchanges all;
    // The last known record is read once more each time.
    for (const auto ahead : {-10 * 365 * 24h, 20 * 365 * 24h, 0 * 24h}) {
        Conversation c;
        c.clock.setWall(c.clock.wall() + ahead);
        addMeter(c, {records(1, 3)});
        all.begin(c);
        c.start();
        c.endLink();
        all.end(c);
    }
    CHECK(all.readings.size() == 5);
    CHECK(all.readings.back().reading.time_basis() != all.readings.front().reading.time_basis());
    CHECK(all.numbers() == numbersOf(records(1, 3)));
}
