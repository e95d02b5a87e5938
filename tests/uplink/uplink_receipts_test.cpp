// Delivery by receipt, gap reports and replay, from the topic to the store.
#include <doctest/doctest.h>

#include "tests/uplink/desk_fixture.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using store::Range;
using store::RangeSet;

/// Of ten rows four are under way, and the broker says nothing.
struct HalfSent : Desk {
    HalfSent() : Desk(withWindow(4)) {
        broker.acknowledges = false;
        start();
        broker.acknowledgeAll();
        append(10);
        REQUIRE(received() == upTo(4));
    }
};

}  // namespace

TEST_CASE("with delivery by receipt the hub reads the topic of receipts, and says so") {
    Desk desk;
    desk.start();
    REQUIRE(desk.broker.subscriptions.size() == 2);
    CHECK(desk.broker.subscriptions[0].filter == kRoot + "commands");
    CHECK(desk.broker.subscriptions[1].filter == kRoot + "receipts");
    CHECK_FALSE(desk.broker.subscriptions[1].retainedWanted);
    CHECK(desk.statuses().back().delivery() == "receipt");
}

TEST_CASE("what the broker acknowledged is sent, and delivered when a receipt names it") {
    Desk desk;
    desk.start();
    desk.append(10);
    CHECK(desk.saved().sent == RangeSet({1, 10}));
    CHECK(desk.saved().stored.empty());
    CHECK(desk.uplink->state().acknowledged == 0);
    CHECK(desk.uplink->state().waiting == 0);
    desk.give(receipt(4, {{6, 8}}));
    CHECK(desk.saved().stored.ranges() == std::vector<Range>{{1, 4}, {6, 8}});
    CHECK(desk.uplink->state().acknowledged == 4);
    desk.give(receipt(10));
    CHECK(desk.saved().stored == RangeSet({1, 10}));
    CHECK(desk.received() == upTo(10));
    CHECK(desk.events.empty());
}

TEST_CASE("a receipt may be faster than the broker's acknowledgement") {
    Desk desk;
    desk.broker.acknowledges = false;
    desk.start();
    desk.broker.acknowledgeAll();
    desk.append(3);
    desk.give(receipt(3));
    CHECK(desk.events.empty());
    CHECK(desk.saved().stored == RangeSet({1, 3}));
    CHECK(desk.saved().sent == RangeSet({1, 3}));
    desk.broker.acknowledgeAll();
    desk.clock.advance(minutes{40});
    CHECK(desk.received() == upTo(3));
}

TEST_CASE("a number that was never sent refuses the whole receipt and is a security event") {
    HalfSent desk;
    const auto isRefused = [&desk](const v1::Receipt& made) {
        const auto before = desk.events.size();
        desk.give(made);
        desk.clock.advance(minutes{1});
        return desk.events.size() == before + 1;
    };
    CHECK(isRefused(receipt(5)));
    CHECK(isRefused(receipt(0, {{3, 5}})));
    CHECK(isRefused(receipt(11)));
    CHECK(isRefused(receipt(0, {}, {{11, 11}})));
    CHECK(isRefused(receipt(3, {}, {{3, 4}})));
    CHECK(desk.saved().stored.empty());
    CHECK(desk.saved().again.empty());
    const auto& event = desk.events[0];
    CHECK(event.severity() == v1::SEVERITY_ALARM);
    CHECK(event.text() == "receipt refused: it names 5, which was never sent");
    CHECK(event.security().kind() == v1::SECURITY_RECEIPT_REFUSED);
    CHECK(event.security().peer() == "care");
    CHECK(event.security().times() == 1);
    CHECK_FALSE(isRefused(receipt(4)));
    CHECK(desk.saved().stored == RangeSet({1, 4}));
}

TEST_CASE("a gap report may name what has not been sent yet: that comes by itself") {
    HalfSent desk;
    desk.give(receipt(2, {{4, 4}}, {{3, 3}, {5, 10}}));
    CHECK(desk.events.empty());
    CHECK(desk.saved().stored.ranges() == std::vector<Range>{{1, 2}, {4, 4}});
    CHECK(desk.saved().again == RangeSet({3, 3}));
}

TEST_CASE("a flood of refused receipts is one event a minute, with their number") {
    Desk desk;
    desk.start();
    desk.append(2);
    for (int i = 0; i < 300; ++i) {
        desk.give("no receipt at all");
        desk.clock.advance(seconds{1});
    }
    CHECK(desk.events.size() == 6);
    std::uint32_t times = 0;
    for (const auto& event : desk.events) times += event.security().times();
    desk.clock.advance(minutes{2});
    times += desk.events.size() > 6 ? desk.events[6].security().times() : 0;
    CHECK(times == 300);
    CHECK(desk.events.size() <= 7);
}

TEST_CASE("a retained receipt is refused; the empty message that takes it away is not") {
    Desk desk;
    desk.start();
    desk.append(3);
    desk.give("", true);
    CHECK(desk.events.empty());
    desk.give(receipt(3).SerializeAsString(), true);
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].text() == "receipt refused: it is retained");
    CHECK(desk.saved().stored.empty());
}

TEST_CASE("a receipt for an earlier stream is ignored and no security event") {
    Desk desk;
    desk.start();
    desk.append(3);
    auto old = receipt(3);
    old.set_stream("zzzzyyyyxxxx2");
    desk.give(old);
    CHECK(desk.events.empty());
    CHECK(desk.saved().stored.empty());
}

TEST_CASE("with delivery by the broker's word no receipt is read") {
    Desk desk(careOptions());
    desk.start();
    desk.append(3);
    CHECK(desk.broker.subscriptions.size() == 1);
    desk.give(receipt(0, {}, {{1, 3}}));
    desk.give("nonsense");
    CHECK(desk.events.empty());
    CHECK(desk.replayed().empty());
    CHECK(desk.saved().stored == RangeSet({1, 3}));
}

TEST_CASE("a gap report makes the hub send again, marked, and moves no cursor") {
    Desk desk;
    desk.start();
    desk.append(10);
    desk.broker.acknowledges = false;
    desk.give(receipt(3, {{7, 10}}, {{4, 6}}));
    REQUIRE(desk.replayed().size() == 1);
    const auto batch = desk.replayed()[0];
    CHECK(sequences(batch) == upTo(6, 4));
    CHECK(batch.lane() == v1::LANE_REPLAY);
    CHECK(batch.command_id().empty());
    CHECK(batch.records(0).SerializeAsString() == desk.store.record(4).SerializeAsString());
    CHECK(desk.saved().again == RangeSet({4, 6}));
    desk.broker.acknowledgeAll();
    CHECK(desk.saved().again.empty());
    CHECK(desk.uplink->state().acknowledged == 3);
    desk.give(receipt(10));
    CHECK(desk.uplink->state().acknowledged == 10);
}

TEST_CASE("a gap that is no longer held cannot be sent again, and that is said") {
    Desk desk;
    desk.start();
    desk.append(10);
    for (const std::uint64_t sequence : {1U, 2U, 3U, 6U}) desk.store.erase(sequence);
    desk.give(receipt(0, {{7, 10}}, {{1, 6}}));
    REQUIRE(desk.replayed().size() == 1);
    CHECK(sequences(desk.replayed()[0]) == std::vector<std::uint64_t>{4, 5});
    CHECK(desk.saved().again.empty());
    CHECK(std::ranges::any_of(desk.lines, [](const std::string& line) {
        return line.find("lacks 3 sequences that are no longer held") != std::string::npos;
    }));
}

TEST_CASE("what is asked for again survives the connection and the process") {
    Desk desk;
    desk.start();
    desk.append(10);
    desk.broker.acknowledges = false;
    desk.give(receipt(3, {}, {{4, 6}}));
    REQUIRE(desk.replayed().size() == 1);
    SUBCASE("the connection") {
        desk.broker.cut();
        desk.broker.published.clear();
        desk.broker.acknowledges = true;
        desk.clock.advance(minutes{1});
    }
    SUBCASE("the process") {
        desk.broker.acknowledges = true;
        desk.restart();
    }
    REQUIRE(desk.replayed().size() == 1);
    CHECK(sequences(desk.replayed()[0]) == upTo(6, 4));
    CHECK(desk.saved().again.empty());
}

TEST_CASE(
    "what no receipt names within the limit is sent again as backlog, and the status says so") {
    Desk desk;
    desk.start();
    desk.append(10);
    desk.give(receipt(7));
    desk.broker.published.clear();
    desk.clock.advance(minutes{14});
    CHECK(desk.received().empty());
    desk.clock.advance(minutes{2});
    CHECK(desk.received() == upTo(10, 8));
    REQUIRE_FALSE(desk.broker.below("/batches").empty());
    v1::Batch batch;
    batch.ParseFromString(desk.broker.below("/batches")[0].message.payload);
    CHECK(batch.lane() == v1::LANE_BACKLOG);
    CHECK(desk.saved().sent == RangeSet({1, 10}));
    const auto problems = desk.statuses().back().problems();
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].code() == "uplink-unconfirmed");
    CHECK(problems[0].text() ==
          "care: 3 rows are sent again because no receipt came within 15 min; does the service "
          "publish to vitalgate/v1/hub-1/receipts?");
    desk.give(receipt(10));
    desk.clock.advance(seconds{2});
    CHECK(desk.statuses().back().problems().empty());
    desk.broker.published.clear();
    desk.clock.advance(minutes{60});
    CHECK(desk.received().empty());
}

TEST_CASE("time without a connection does not count, and a restart begins it anew") {
    Desk desk;
    desk.start();
    desk.append(3);
    SUBCASE("without a connection") {
        desk.clock.advance(minutes{5});
        desk.broker.refusal = Error{ErrorKind::unavailable, "no"};
        desk.broker.cut();
        desk.clock.advance(minutes{120});
        desk.broker.refusal.reset();
        desk.broker.published.clear();
        desk.clock.advance(minutes{9});
        CHECK(desk.received().empty());
        desk.clock.advance(minutes{7});
        CHECK(desk.received() == upTo(3));
    }
    SUBCASE("a restart") {
        desk.clock.advance(minutes{10});
        desk.restart();
        desk.clock.advance(minutes{14});
        CHECK(desk.received().empty());
        desk.clock.advance(minutes{2});
        CHECK(desk.received() == upTo(3));
    }
}

TEST_CASE("a row of the gap report is given its time from when it was sent again") {
    Desk desk;
    desk.start();
    desk.append(4);
    desk.give(receipt(3));
    desk.clock.advance(minutes{14});
    desk.give(receipt(3, {}, {{4, 4}}));
    REQUIRE(desk.replayed().size() == 1);
    desk.broker.published.clear();
    desk.clock.advance(minutes{14});
    CHECK(desk.received().empty());
    desk.clock.advance(minutes{2});
    CHECK(desk.received() == upTo(4, 4));
}

TEST_CASE("a receipt for what an earlier life sent without noting it is no forgery") {
    Desk desk;
    desk.start();
    desk.append(5);
    const auto before = desk.store.sets("care");
    desk.append(5);
    // The process dies: what was acknowledged last is not in the store.
    desk.boot();
    desk.listen();
    desk.store.saveSets("care", before, true);
    desk.broker.acknowledges = false;
    desk.start();
    const auto known = before.sent.cursor();
    desk.give(receipt(10));
    CHECK(desk.events.empty());
    desk.broker.acknowledgeAll();
    desk.clock.run();
    desk.give(receipt(10));
    CHECK(desk.uplink->state().acknowledged == 10);
    CHECK(known <= 10);
}

TEST_CASE("a sequence that is lost needs no sending to be confirmed") {
    Desk desk(withWindow(2));
    desk.broker.acknowledges = false;
    desk.start();
    desk.broker.acknowledgeAll();
    desk.append(2);
    for (int i = 0; i < 3; ++i) desk.append();
    for (const std::uint64_t sequence : {3U, 4U, 5U}) desk.store.erase(sequence);
    desk.give(receipt(5));
    CHECK(desk.events.empty());
    CHECK(desk.saved().stored == RangeSet({1, 5}));
}

TEST_CASE("from the broker's word to receipts and back nothing is lost") {
    Desk desk(careOptions());
    desk.start();
    desk.append(5);
    desk.options = byReceipt();
    desk.restart();
    CHECK(desk.received().empty());
    CHECK(desk.uplink->state().acknowledged == 5);
    desk.append(5);
    desk.give(receipt(7));
    CHECK(desk.saved().sent == RangeSet({1, 10}));
    CHECK(desk.saved().stored == RangeSet({1, 7}));
    desk.options = careOptions();
    desk.restart();
    // What nobody confirmed goes out once more.
    CHECK(desk.received() == upTo(10, 8));
    CHECK(desk.saved().stored == RangeSet({1, 10}));
    CHECK(desk.saved().sent == RangeSet({1, 10}));
}

TEST_CASE("a replay command's rows carry its id, those of a gap report do not") {
    Desk desk(careOptions());
    desk.start();
    desk.append(10);
    desk.uplink->sendAgain(RangeSet({2, 4}), "command-1");
    desk.clock.run();
    REQUIRE(desk.replayed().size() == 1);
    CHECK(desk.replayed()[0].command_id() == "command-1");
    CHECK(sequences(desk.replayed()[0]) == upTo(4, 2));
    desk.uplink->sendAgain(RangeSet({3, 3}), "command-2");
    desk.clock.run();
    REQUIRE(desk.replayed().size() == 2);
    CHECK(desk.replayed()[1].command_id() == "command-2");
    CHECK(desk.uplink->state().acknowledged == 10);
}

TEST_CASE("a broker that does not let the hub read receipts is told of in the status") {
    Desk desk;
    desk.broker.subscription = fail(ErrorKind::refused, "no");
    desk.start();
    desk.clock.advance(seconds{2});
    std::vector<std::string> codes;
    const auto status = desk.statuses().back();
    for (const auto& problem : status.problems()) codes.push_back(problem.code());
    CHECK(codes == std::vector<std::string>{"uplink-commands", "uplink-receipts"});
}

TEST_CASE("receipts of a hostile service cost no memory: the sets stay small") {
    Desk desk;
    desk.start();
    desk.append(2000);
    for (std::uint64_t from = 1; from + 512 <= 2000; from += 512) {
        auto made = receipt(0);
        for (std::uint64_t at = from; at < from + 512; at += 2) {
            auto& range = *made.add_stored();
            range.set_first(at);
            range.set_last(at);
        }
        desk.give(made);
    }
    CHECK(desk.events.empty());
    CHECK(desk.saved().stored.ranges().size() <= 64);
    // What was forgotten of it is sent again in time.
    desk.broker.published.clear();
    desk.clock.advance(minutes{20});
    CHECK(desk.received().size() >= 1800);
}

}  // namespace vitalgate::uplink
