#include "gateway/uplink/replay_lane.hpp"

#include <doctest/doctest.h>

#include "tests/uplink/lane_log.hpp"

namespace vitalgate::uplink {

using store::Range;
using store::RangeSet;

namespace {

RangeSet setOf(std::initializer_list<Range> ranges) {
    RangeSet set;
    for (const auto& range : ranges) set.add(range);
    return set;
}

std::vector<std::uint64_t> allSequences(const std::vector<LaneMessage>& messages) {
    std::vector<std::uint64_t> all;
    for (const auto& message : messages) {
        for (const auto sequence : sequences(message)) all.push_back(sequence);
    }
    return all;
}

}  // namespace

TEST_CASE("what is asked for again goes as batches of its own, and moves nothing but `again`") {
    Log log(20, {}, RangeSet({1, 20}));
    log.lanes.addAgain(setOf({{3, 5}, {9, 9}}));
    const auto out = log.messages();
    REQUIRE(out.size() == 1);
    CHECK(out[0].lane == v1::LANE_REPLAY);
    CHECK(sequences(out[0]) == std::vector<std::uint64_t>{3, 4, 5, 9});
    CHECK(log.lanes.again() == setOf({{3, 5}, {9, 9}}));
    log.acknowledge(out);
    CHECK(log.lanes.again().empty());
    CHECK(log.lanes.sent() == RangeSet({1, 20}));
    CHECK(log.messages().empty());
}

TEST_CASE("what was asked for in an earlier connection goes on") {
    Log log(20, {}, RangeSet({1, 20}), RangeSet({7, 8}));
    const auto out = log.messages();
    CHECK(allSequences(out) == std::vector<std::uint64_t>{7, 8});
}

TEST_CASE("it goes behind live rows and backlog, and shares the backlog's half of the window") {
    LaneLimits limits;
    limits.window = 8;
    limits.batchBytes = 1024;
    Log log(1000, limits, RangeSet({1, 900}));
    log.lanes.addAgain(RangeSet({1, 900}));
    log.commit(1);
    RangeSet backlog;
    std::size_t replayed = 0;
    for (int round = 0; round < 1000; ++round) {
        const auto out = log.messages();
        if (out.empty()) break;
        if (round == 0) CHECK(out[0].lane == v1::LANE_LIVE);
        for (const auto& message : out) {
            for (const auto& row : message.rows) {
                if (message.lane == v1::LANE_BACKLOG) backlog.add({row.sequence, row.sequence});
            }
            if (message.lane != v1::LANE_REPLAY) continue;
            ++replayed;
            CHECK(backlog == RangeSet({901, 1000}));
        }
        CHECK(log.lanes.backlogInFlight() <= 4);
        log.acknowledge(out);
    }
    CHECK(replayed > 100);
    CHECK(log.lanes.sent().cursor() == 1001);
    CHECK(log.lanes.again().empty());
}

TEST_CASE("a row that is no longer held is given up, whether its neighbours are held or not") {
    Log log(20, {}, RangeSet({1, 20}));
    log.removed.add({4, 4});
    log.removed.add({10, 12});
    log.lanes.addAgain(setOf({{3, 5}, {10, 12}}));
    const auto out = log.messages();
    CHECK(allSequences(out) == std::vector<std::uint64_t>{3, 5});
    log.acknowledge(out);
    CHECK(log.messages().empty());
    CHECK(log.lanes.again().empty());
    CHECK(log.lanes.takeGivenUp() == RangeSet({10, 12}));
    CHECK(log.lanes.takeGivenUp().empty());
}

TEST_CASE("what is asked for while its rows are read is not taken for answered by them") {
    Log log(20, {}, RangeSet({1, 20}));
    log.lanes.addAgain(setOf({{3, 3}, {9, 9}}));
    const auto fetch = log.lanes.nextFetch(log.now);
    REQUIRE(fetch);
    log.lanes.addAgain(RangeSet({5, 5}));
    log.lanes.fetched(fetch->number, log.rows(*fetch));
    auto message = log.lanes.nextMessage(log.now);
    REQUIRE(message);
    CHECK(sequences(*message) == std::vector<std::uint64_t>{3, 9});
    log.acknowledge({*message});
    CHECK(log.lanes.again() == RangeSet({5, 5}));
    CHECK(allSequences(log.messages()) == std::vector<std::uint64_t>{5});
}

TEST_CASE(
    "refused for now it comes again later; refused for good only the row at fault is left out") {
    Log log(20, {}, RangeSet({1, 20}), RangeSet({1, 5}));
    auto out = log.messages();
    REQUIRE(out.size() == 1);
    SUBCASE("for now") {
        log.lanes.refused(out[0].number, 0x97, log.now);
        CHECK(log.messages().empty());
        REQUIRE(log.lanes.deadline());
        log.now = *log.lanes.deadline();
        CHECK(allSequences(log.messages()) == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
    }
    SUBCASE("for good") {
        log.lanes.refused(out[0].number, 0x99, log.now);
        RangeSet givenUp;
        for (int round = 0; round < 10; ++round) {
            for (const auto& message : log.messages()) {
                REQUIRE(message.rows.size() == 1);
                if (message.rows[0].sequence == 4) {
                    log.lanes.refused(message.number, 0x99, log.now);
                } else {
                    log.acknowledge({message});
                }
            }
            givenUp.add(log.lanes.takeGivenUp());
        }
        CHECK(givenUp == RangeSet({4, 4}));
        CHECK(log.lanes.again().empty());
        // It is no loss: the row was sent.
        CHECK(log.lanes.takeRefused().empty());
    }
}

TEST_CASE("asked for in a thousand places, the small gaps between them are sent too") {
    Log log(4000, {}, RangeSet({1, 4000}));
    RangeSet many;
    for (std::uint64_t at = 1; at < 4000; at += 4) many.add({at, at});
    log.lanes.addAgain(many);
    CHECK(log.lanes.again().ranges().size() <= ReplayLane::kMaximumRanges);
    for (int round = 0; round < 1000 && !log.lanes.again().empty(); ++round) {
        for (const auto& message : log.messages()) {
            for (const auto& row : message.rows) many.remove({row.sequence, row.sequence});
            log.acknowledge({message});
        }
    }
    CHECK(many.empty());
}

TEST_CASE("what is forgotten goes out once more, also behind a message that is still in flight") {
    Log log(20, {}, RangeSet({5, 6}));
    const auto first = log.messages();
    REQUIRE(first.size() == 1);
    CHECK(sequences(first[0]).size() == 18);
    log.lanes.forget(RangeSet({5, 6}));
    log.acknowledge(first);
    CHECK(log.lanes.sent().cursor() == 4);
    CHECK(allSequences(log.messages()) == std::vector<std::uint64_t>{5, 6});
}

TEST_CASE("a live row that is forgotten goes out as backlog") {
    Log log(0);
    log.commit(3);
    log.acknowledge(log.messages());
    log.lanes.forget(RangeSet({2, 2}));
    const auto out = log.messages();
    REQUIRE(out.size() == 1);
    CHECK(out[0].lane == v1::LANE_BACKLOG);
    CHECK(sequences(out[0]) == std::vector<std::uint64_t>{2});
}

TEST_CASE("what is taken back is not sent, whether it waits, is being read or is ready") {
    LaneLimits limits;
    limits.window = 2;
    limits.batchBytes = 1024;
    Log log(100, limits, RangeSet({1, 100}));
    log.lanes.addAgain(RangeSet({1, 100}));
    std::vector<std::uint64_t> rest;
    std::size_t underWay = 0;
    SUBCASE("some of it") {
        const auto out = log.messages();
        underWay = allSequences(out).size();
        log.lanes.removeAgain(RangeSet({1, 90}));
        log.acknowledge(out);
        rest = {91, 92, 93, 94, 95, 96, 97, 98, 99, 100};
    }
    SUBCASE("all of it, while it is being read") {
        const auto fetch = log.lanes.nextFetch(log.now);
        REQUIRE(fetch);
        log.lanes.removeAgain(RangeSet({1, 100}));
        log.lanes.fetched(fetch->number, log.rows(*fetch));
    }
    CHECK(underWay < 90);
    std::vector<std::uint64_t> sent;
    for (int round = 0; round < 20; ++round) {
        const auto out = log.messages();
        for (const auto sequence : allSequences(out)) sent.push_back(sequence);
        log.acknowledge(out);
    }
    CHECK(sent == rest);
    CHECK(log.lanes.again().empty());
    CHECK(log.lanes.takeGivenUp().empty());
}

}  // namespace vitalgate::uplink
