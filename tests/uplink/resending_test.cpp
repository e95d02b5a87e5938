// Rows whose receipt does not come: when they are sent again, and behind what.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/uplink/desk_fixture.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::hours;

std::ptrdiff_t copiesOf(const Desk& desk, std::uint64_t sequence) {
    return std::ranges::count(desk.received(), sequence);
}

std::ptrdiff_t placeOf(const std::vector<std::uint64_t>& list, std::uint64_t sequence) {
    return std::ranges::find(list, sequence) - list.begin();
}

std::string unconfirmedText(const Desk& desk) {
    const auto status = desk.statuses().back();
    for (const auto& problem : status.problems()) {
        if (problem.code() == "uplink-unconfirmed") return problem.text();
    }
    return {};
}

}  // namespace

TEST_CASE(
    "a service that is down costs a copy after 15 min, 30 min, an hour … and then one a day") {
    Desk desk;
    desk.start();
    desk.append(5);
    const std::pair<Duration, std::ptrdiff_t> wanted[] = {
        {minutes{14}, 1}, {minutes{2}, 2},     {minutes{28}, 2},
        {minutes{3}, 3},  {minutes{57}, 3},    {minutes{4}, 4},
        {hours{22}, 7},   {hours{24 * 4}, 11}, {hours{24 * 4}, 15},
    };
    for (const auto& [time, copies] : wanted) {
        desk.clock.advance(time);
        for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
            CHECK(copiesOf(desk, sequence) == copies);
        }
    }
    // A row counts once, however often it was sent.
    CHECK(unconfirmedText(desk).starts_with("care: 5 rows are sent again"));
}

TEST_CASE("what is sent late in a round has the round's limit, and doubles nothing for itself") {
    Desk desk;
    desk.start();
    for (int i = 0; i < 14; ++i) {
        desk.append();
        desk.clock.advance(minutes{1});
    }
    desk.clock.advance(minutes{16});
    for (std::uint64_t sequence = 1; sequence <= 14; ++sequence) {
        CHECK(copiesOf(desk, sequence) == 2);
    }
    desk.append();
    desk.clock.advance(minutes{25});
    CHECK(copiesOf(desk, 15) == 1);
    desk.clock.advance(minutes{10});
    CHECK(copiesOf(desk, 15) == 2);
}

TEST_CASE(
    "a receipt that confirms something brings the configured limit back, for all that waits") {
    Desk desk;
    desk.start();
    desk.append(5);
    desk.clock.advance(hours{24 * 3});
    const auto copies = copiesOf(desk, 5);
    SUBCASE("it does") {
        desk.give(receipt(2));
        desk.append();
        desk.clock.advance(minutes{16});
        CHECK(copiesOf(desk, 2) == copies);
        CHECK(copiesOf(desk, 5) == copies + 1);
        CHECK(copiesOf(desk, 6) == 2);
        CHECK(unconfirmedText(desk).starts_with("care: 4 rows are sent again"));
    }
    SUBCASE("it says nothing new") {
        desk.give(receipt(0));
        desk.append();
        desk.clock.advance(minutes{16});
        CHECK(copiesOf(desk, 5) == copies);
        CHECK(copiesOf(desk, 6) == 1);
    }
    SUBCASE("it confirms all, so that nothing is awaited") {
        desk.give(receipt(5));
        desk.append();
        desk.clock.advance(minutes{16});
        CHECK(copiesOf(desk, 5) == copies);
        CHECK(copiesOf(desk, 6) == 2);
    }
}

TEST_CASE("nothing is sent again before all that was never sent") {
    Desk desk(withWindow(4));
    desk.start();
    desk.append(10);
    desk.broker.acknowledges = false;
    desk.append(5000);
    desk.clock.advance(minutes{20});
    CHECK(desk.received().size() < 3000);
    desk.broker.acknowledges = true;
    desk.broker.acknowledgeAll();
    desk.clock.advance(seconds{1});
    const auto received = desk.received();
    for (std::uint64_t sequence = 1; sequence <= 10; ++sequence) {
        CHECK(copiesOf(desk, sequence) == 2);
    }
    const auto again = std::find(received.begin() + 10, received.end(), 1) - received.begin();
    for (std::uint64_t sequence = 11; sequence <= 5010; ++sequence) {
        REQUIRE(placeOf(received, sequence) < again);
    }
}

TEST_CASE("what was never sent waits for a thousand rows at most of those that are sent again") {
    Desk desk(withWindow(2));
    desk.append(5000);
    desk.start();
    desk.clock.advance(minutes{14});
    desk.broker.acknowledges = false;
    desk.broker.published.clear();
    desk.clock.advance(minutes{2});
    CHECK(desk.received() == upTo(1000));
    desk.append(10);
    desk.clock.advance(seconds{3});
    desk.broker.acknowledges = true;
    desk.broker.acknowledgeAll();
    desk.clock.advance(seconds{1});
    const auto received = desk.received();
    CHECK(received.size() == 5010);
    for (std::uint64_t sequence = 5001; sequence <= 5010; ++sequence) {
        CHECK(placeOf(received, sequence) < 1010);
    }
}

TEST_CASE("while the broker does not let the hub read receipts nothing is late") {
    Desk desk;
    desk.broker.subscription = fail(ErrorKind::refused, "no");
    desk.start();
    desk.append(3);
    desk.clock.advance(hours{30});
    CHECK(desk.received() == upTo(3));
    desk.broker.subscription = {};
    SUBCASE("until the next connection") {
        desk.broker.cut();
    }
    SUBCASE("until its rules are mended") {
        desk.clock.advance(minutes{5} + seconds{2});
        CHECK(desk.statuses().back().problems().empty());
    }
    desk.clock.advance(minutes{14});
    CHECK(desk.received() == upTo(3));
    desk.clock.advance(minutes{3});
    CHECK(desk.received().size() == 6);
}

TEST_CASE("what the service lacks after all is not delivered: it may not go as history") {
    Desk desk;
    desk.start();
    desk.append(10);
    desk.give(receipt(10));
    CHECK(desk.saved().stored == RangeSet({1, 10}));
    desk.broker.acknowledges = false;
    desk.give(receipt(0, {}, {{4, 6}}));
    CHECK(desk.saved().stored.ranges() == std::vector<Range>{{1, 3}, {7, 10}});
    CHECK(desk.uplink->state().acknowledged == 3);
    REQUIRE(desk.replayed().size() == 1);
    desk.broker.acknowledges = true;
    desk.broker.acknowledgeAll();
    desk.clock.advance(minutes{16});
    CHECK(copiesOf(desk, 5) == 3);
    desk.give(receipt(10));
    CHECK(desk.saved().stored == RangeSet({1, 10}));
}

TEST_CASE("a service that reports the same gap in a loop is answered every 30 s") {
    Desk desk;
    desk.start();
    desk.append(10);
    desk.give(receipt(0, {}, {{4, 6}}));
    for (int i = 0; i < 300; ++i) {
        desk.clock.advance(seconds{1});
        desk.give(receipt(0, {}, {{4, 6}}));
    }
    CHECK(copiesOf(desk, 5) == 1 + 11);
    // Its last report is not forgotten, another gap does not wait.
    desk.give(receipt(0, {}, {{5, 6}, {8, 8}}));
    CHECK(copiesOf(desk, 8) == 2);
    desk.clock.advance(seconds{30});
    CHECK(copiesOf(desk, 5) == 1 + 12);
    desk.clock.advance(minutes{5});
    CHECK(copiesOf(desk, 5) == 1 + 12);
}

TEST_CASE("over a new connection a gap is answered at once: the broker may have lost the answer") {
    Desk desk;
    desk.start();
    desk.append(10);
    desk.give(receipt(0, {}, {{4, 6}}));
    CHECK(copiesOf(desk, 5) == 2);
    desk.broker.cut();
    desk.clock.advance(seconds{3});
    desk.give(receipt(0, {}, {{4, 6}}));
    CHECK(copiesOf(desk, 5) == 3);
}

TEST_CASE("a receipt takes back what a gap report asked for, but not what a command did") {
    Desk desk(withWindow(2));
    desk.start();
    desk.append(5000);
    desk.broker.acknowledges = false;
    desk.broker.published.clear();
    bool isCommanded = false;
    SUBCASE("a gap report") {
        desk.give(receipt(0, {}, {{1, 5000}}));
    }
    SUBCASE("both") {
        isCommanded = true;
        desk.give(receipt(0, {}, {{1, 5000}}));
        desk.uplink->sendAgain(RangeSet({4000, 5000}), "command-1");
    }
    desk.clock.run();
    REQUIRE(desk.replayed().size() == 1);
    const auto underWay = sequences(desk.replayed()[0]);
    REQUIRE(underWay.size() < 4000);
    desk.broker.acknowledges = true;
    desk.give(receipt(5000));
    desk.broker.acknowledgeAll();
    desk.clock.advance(minutes{1});
    const auto again = isCommanded ? 1001U : 0U;
    CHECK(desk.received().size() == underWay.size() + again);
    CHECK(desk.saved().again.empty());
}

TEST_CASE("many small gaps are sent exactly, not what lies between them") {
    Desk desk;
    desk.start();
    desk.append(1000);
    desk.broker.published.clear();
    std::vector<std::uint64_t> wanted;
    auto report = receipt(0);
    for (std::uint64_t sequence = 3; sequence <= 700; sequence += 3) {
        auto& range = *report.add_missing();
        range.set_first(sequence);
        range.set_last(sequence);
        wanted.push_back(sequence);
    }
    desk.give(report);
    CHECK(desk.received() == wanted);
}

}  // namespace vitalgate::uplink
