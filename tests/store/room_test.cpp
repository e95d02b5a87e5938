#include <doctest/doctest.h>

#include <random>

#include "tests/store/store_fixture.hpp"
#include "tests/support/poll_until.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

struct SmallHub : Hub {
    SmallHub() {
        options.maximumBytes = StoreOptions::kSmallestMaximum;
        open();
    }

    void fill(int appends, v1::Priority priority, const std::string& device = "d") {
        for (int i = 0; i < appends; ++i) {
            const auto id = fmt::format("{}-{}", device, ++count);
            CHECK(append(
                std::vector<NewRow>(10, reading(device + std::string(400, 'x'), {}, priority))));
        }
    }
    /// What is in the log, and what Loss records name.
    void account(RangeSet& held, RangeSet& lost) {
        const auto all = records();
        for (const auto& record : all) {
            held.add(Range{record.sequence(), record.sequence()});
            for (const auto& range : record.event().loss().ranges()) {
                lost.add(Range{range.first(), range.last()});
            }
        }
    }
    std::size_t rowsOf(v1::Priority priority) {
        const auto rows = fetch({1, UINT64_MAX}, {}, 1 << 30).value();
        return static_cast<std::size_t>(std::ranges::count(rows, priority, &StoredRow::priority));
    }
    std::uint64_t count = 0;
};

RangeSet all(std::uint64_t newest) {
    return RangeSet(Range{1, newest});
}

}  // namespace

TEST_CASE("history goes when it is older than is kept, and nothing that was not stored upstream") {
    Hub hub;
    hub.options.keep = 24h;
    hub.open();
    CHECK(hub.append({reading("a"), reading("b"), reading("c")}));
    hub.acknowledge("care", {1, 3});
    hub.clock.advance(23h);
    CHECK(hub.append({reading("d")}));
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c 5:d");
    hub.clock.advance(2h);
    hub.runUntil([&] { return hub.store->status().rows == 2; });
    CHECK(hub.content() == "4:c 5:d");
    CHECK(hub.store->status().oldestHeld == 4);
    // The number of a row that is gone is not given out again.
    hub.acknowledge("care", {1, 5});
    hub.clock.advance(48h);
    hub.runUntil([&] { return hub.store->status().rows == 0; });
    CHECK(hub.store->status().oldestHeld == 6);
    hub.reopen();
    CHECK(hub.append({reading("e")}).value().sequences[0] == 6);
}

TEST_CASE("a clock that jumps years ahead expires no history") {
    Hub hub;
    hub.options.keep = 24h;
    hub.open();
    CHECK(hub.append({reading("a"), reading("b")}));
    hub.acknowledge("care", {1, 3});
    const auto right = hub.clock.wall();
    hub.clock.setWall(right + 20 * 365 * 24h);
    hub.clock.advance(3h);
    CHECK(hub.append({reading("c")}));
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c");
    hub.clock.setWall(right + 3h);
    hub.clock.advance(20h);
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c");
    hub.clock.advance(3h);
    hub.runUntil([&] { return hub.store->status().rows == 1; });
    CHECK(hub.content() == "4:c");
}

TEST_CASE("a row is history only when every uplink has stored it") {
    Hub hub;
    hub.options.keep = 24h;
    hub.options.uplinks = {"care", "research"};
    hub.open();
    CHECK(hub.append({reading("a"), reading("b")}));
    hub.acknowledge("care", {1, 3});
    hub.acknowledge("gone", {1, 3});  // not in the configuration: does not count
    hub.clock.advance(48h);
    CHECK(hub.append({reading("c")}));
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c");
    hub.acknowledge("research", {1, 2});
    hub.clock.advance(1h);
    hub.runUntil([&] { return hub.store->status().rows == 2; });
    CHECK(hub.content() == "3:b 4:c");
}

TEST_CASE(
    "a row that was sent and not confirmed is no history, and named when it has to give way") {
    Hub hub;
    hub.options.keep = 1h;
    hub.options.maximumBytes = StoreOptions::kSmallestMaximum;
    hub.open();
    CHECK(hub.append({reading("a")}));
    DeliverySets sets;
    sets.sent.add(Range{1, 2});
    sets.stored.add(Range{1, 1});
    hub.store->saveSets("care", sets, true);
    hub.sets("care");
    hub.clock.advance(48h);
    hub.runUntil([&] { return hub.store->status().oldestHeld == 2; });
    CHECK(hub.append({reading("b")}));
    CHECK(hub.content() == "2:a 3:b");
    RangeSet lost;
    for (int round = 0; lost.empty() && round < 500; ++round) {
        CHECK(hub.append(std::vector<NewRow>(10, reading(std::string(400, 'x')))));
        for (const auto& record : hub.records()) {
            for (const auto& range : record.event().loss().ranges()) {
                lost.add(Range{range.first(), range.last()});
            }
        }
    }
    CHECK(lost.contains(2));
}

TEST_CASE("without any uplink nothing is history") {
    Hub hub;
    hub.options.keep = 1h;
    hub.open();
    CHECK(hub.append({reading("a")}));
    hub.clock.advance(48h);
    CHECK(hub.append({reading("b")}));
    CHECK(hub.content() == "1:stream-started 2:a 3:b");
}

TEST_CASE("at the maximum size history goes first, without any loss") {
    SmallHub hub;
    for (int round = 0; round < 30; ++round) {
        hub.fill(3, v1::PRIORITY_READING);
        hub.acknowledge("care", {1, hub.store->status().newest});
        CHECK(hub.store->status().bytes <= hub.options.maximumBytes);
    }
    CHECK(hub.store->status().newest == 901);
    RangeSet held;
    RangeSet lost;
    hub.account(held, lost);
    CHECK(lost.empty());
    CHECK(held.contains(901));
    CHECK(hub.store->status().oldestHeld > 1);
}

TEST_CASE("undelivered rows of the lowest priority go next, oldest first, and each one is named") {
    SmallHub hub;
    hub.fill(5, v1::PRIORITY_ALARM);
    hub.fill(5, v1::PRIORITY_SERIES);
    hub.fill(5, v1::PRIORITY_READING);
    const auto series = hub.rowsOf(v1::PRIORITY_SERIES);
    REQUIRE(series == 50);
    while (hub.rowsOf(v1::PRIORITY_SERIES) == series) hub.fill(1, v1::PRIORITY_READING);
    CHECK(hub.rowsOf(v1::PRIORITY_SERIES) < series);
    RangeSet held;
    RangeSet lost;
    hub.account(held, lost);
    CHECK(lost.ranges().size() == 1);
    CHECK(lost.ranges()[0].first == 52);  // the oldest of the series
    auto known = held;
    known.add(lost);
    CHECK(known == all(hub.store->status().newest));
    CHECK(held.commonWith(lost).empty());
}

TEST_CASE("alarms go last, and the record of a loss is an alarm") {
    SmallHub hub;
    hub.fill(5, v1::PRIORITY_ALARM);
    const auto lossRecords = [&] {
        std::size_t count = 0;
        const auto rows = hub.fetch({1, UINT64_MAX}, {}, 1 << 30).value();
        for (const auto& row : rows) {
            v1::Record record;
            REQUIRE(record.ParseFromString(row.bytes));
            if (!record.event().has_loss()) continue;
            ++count;
            CHECK(row.priority == v1::PRIORITY_ALARM);
            CHECK(record.event().loss().priority() == v1::PRIORITY_READING);
        }
        return count;
    };
    const auto alarms = hub.rowsOf(v1::PRIORITY_ALARM);
    std::size_t losses = 0;
    for (int round = 0; losses == 0 && round < 500; ++round) {
        hub.fill(1, v1::PRIORITY_READING);
        losses = lossRecords();
    }
    CHECK(losses == 1);
    CHECK(hub.rowsOf(v1::PRIORITY_ALARM) == alarms + losses);
}

TEST_CASE("whatever is appended and acknowledged, every sequence is held, stored or named lost") {
    for (unsigned seed = 1; seed <= 4; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        SmallHub hub;
        RangeSet stored;
        RangeSet lost;
        for (int step = 0; step < 60; ++step) {
            hub.fill(3, static_cast<v1::Priority>(1 + random() % 3));
            if (random() % 6 == 0) {
                const auto newest = hub.store->status().newest;
                const auto first = 1 + random() % newest;
                // Only what is there can be delivered.
                const auto rows = hub.fetch({first, first + 10}).value();
                for (const auto& row : rows) stored.add(Range{row.sequence, row.sequence});
                DeliverySets sets;
                sets.stored = stored;
                hub.store->saveSets("care", sets, true);
            }
            CHECK(hub.store->status().bytes <= hub.options.maximumBytes);
            RangeSet held;
            hub.account(held, lost);
            auto known = held;
            known.add(lost);
            known.add(stored);
            REQUIRE(known == all(hub.store->status().newest));
            CHECK(held.commonWith(lost).empty());
        }
        CHECK_FALSE(lost.empty());
        hub.reopen();
        CHECK(hub.store->status().newest > 1800);
    }
}

TEST_CASE("a loss tells reason, number, time span and priority, and its rows count as delivered") {
    SmallHub hub;
    hub.sets("care");
    const auto began = hub.clock.wall();
    while (hub.store->status().oldestHeld == 1) {
        hub.clock.advance(1min);
        hub.fill(1, v1::PRIORITY_READING);
        CHECK(hub.content({1, 1}) != "");
        if (hub.records({hub.store->status().newest, UINT64_MAX})[0].event().has_loss()) break;
    }
    const auto last = hub.records({hub.store->status().newest, UINT64_MAX});
    const auto& event = last[0].event();
    REQUIRE(event.has_loss());
    CHECK(event.loss().reason() == v1::LOSS_QUOTA);
    CHECK(event.loss().priority() == v1::PRIORITY_READING);
    CHECK(event.loss().stream() == hub.store->status().stream);
    REQUIRE(event.loss().ranges_size() == 1);
    const auto& range = event.loss().ranges(0);
    CHECK(range.first() == 2);
    CHECK(event.loss().count() == range.last() - range.first() + 1);
    CHECK(fromTimestamp(event.loss().oldest()) == began + 1min);
    CHECK(fromTimestamp(event.loss().newest()) > began + 1min);
    CHECK(event.text() == fmt::format("{} records were lost before delivery: the store had reached "
                                      "its maximum size.",
                                      event.loss().count()));
    for (int i = 0; i < 2; ++i) {
        const auto sets = hub.sets("care");
        CHECK(sets.sent.ranges() == std::vector<Range>{{2, range.last()}});
        CHECK(sets.stored == sets.sent);
        hub.reopen();
    }
    // An uplink that knows nothing of the loss cannot undo it.
    hub.store->saveSets("care", {}, true);
    CHECK(hub.append({}).has_value());
}

TEST_CASE("of rows that one uplink lacks and another has stored, only the first one is told") {
    Hub hub;
    hub.options.maximumBytes = StoreOptions::kSmallestMaximum;
    hub.options.uplinks = {"care", "research"};
    hub.open();
    std::vector<std::string> losses;
    std::uint64_t seen = 0;
    while (losses.empty()) {
        CHECK(hub.append(std::vector<NewRow>(10, reading(std::string(400, 'x')))));
        hub.acknowledge("research", {1, hub.store->status().newest});
        for (const auto& record : hub.records({seen + 1, UINT64_MAX})) {
            seen = record.sequence();
            if (record.event().has_loss()) losses.push_back(record.event().loss().uplink());
        }
    }
    CHECK(losses == std::vector<std::string>{"care"});
}

TEST_CASE("a measurement that gave way and is read again is stored again") {
    SmallHub hub;
    CHECK(hub.append({reading("first", "x", v1::PRIORITY_SERIES)}));
    CHECK(hub.append({reading("first", "x", v1::PRIORITY_SERIES)}).value().duplicates == 1);
    while (hub.rowsOf(v1::PRIORITY_SERIES) > 0) hub.fill(1, v1::PRIORITY_READING);
    CHECK(hub.append({reading("first", "x", v1::PRIORITY_SERIES)}).value().duplicates == 0);
}

TEST_CASE("a measurement of history that is read again is still known") {
    Hub hub;
    hub.options.keep = 1h;
    hub.open();
    CHECK(hub.append({reading("a", "x")}));
    hub.acknowledge("care", {1, 2});
    hub.clock.advance(4h);
    hub.runUntil([&] { return hub.store->status().rows == 0; });
    CHECK(hub.append({reading("a", "x")}).value().duplicates == 1);
}

TEST_CASE("ids are kept for as many sequences as the size allows, then the oldest are forgotten") {
    SmallHub hub;  // 512 of them
    CHECK(hub.append({reading("a", "x")}));
    std::vector<NewRow> rows(100, reading("d"));
    for (int i = 0; i < 5; ++i) {
        CHECK(hub.append(rows));
        hub.acknowledge("care", {1, hub.store->status().newest});
    }
    CHECK(hub.append({reading("a", "x")}).value().duplicates == 1);
    for (int i = 0; i < 2; ++i) CHECK(hub.append(rows));
    hub.clock.advance(1h);
    // They go step by step, between other work.
    const auto forgotten = [&] {
        hub.fetch();
        return hub.append({reading("a", "x")}).value().duplicates == 0;
    };
    CHECK(vitalgate::testing::pollUntil(forgotten, 20s));
}

TEST_CASE("when not even the newest rows would fit, intake closes and nothing is lost") {
    SmallHub hub;
    const auto refused = hub.append(std::vector<NewRow>(1000, reading(std::string(400, 'x'), {})));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "intake is closed: the store has its maximum size of 262144 octets and nothing more that "
          "may go");
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FULL);
    CHECK(hub.content() == "1:stream-started");
    hub.clock.advance(10s);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_OPEN; });
    CHECK(hub.append({reading("a")}));
    CHECK(hub.content() == "1:stream-started 2:intake-closed 3:intake-open 4:a");
}
