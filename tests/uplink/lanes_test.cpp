#include "gateway/uplink/lanes.hpp"

#include <doctest/doctest.h>

#include "tests/uplink/lane_log.hpp"

namespace vitalgate::uplink {

using store::Range;

TEST_CASE("what waited before the connection goes out as batches, in order, up to 64 KiB each") {
    Log log(1000);
    auto out = log.messages();
    REQUIRE(out.size() > 2);
    std::uint64_t next = 1;
    for (const auto& message : out) {
        CHECK(message.lane == v1::LANE_BACKLOG);
        std::size_t bytes = 0;
        for (const auto& row : message.rows) {
            CHECK(row.sequence == next++);
            bytes += row.bytes.size();
        }
        CHECK(bytes <= 64 * 1024);
    }
    CHECK(next == 1001);
    CHECK(log.lanes.sent().empty());
    log.acknowledge(out);
    CHECK(log.lanes.sent().cursor() == 1000);
}

TEST_CASE("a row committed during the connection goes out alone, at once") {
    Log log(0);
    CHECK(log.messages().empty());
    log.commit(3);
    const auto out = log.messages();
    REQUIRE(out.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(out[i].lane == v1::LANE_LIVE);
        CHECK(sequences(out[i]) == std::vector<std::uint64_t>{i + 1});
    }
}

TEST_CASE("the window is never exceeded, and the backlog has at most half of it") {
    LaneLimits limits;
    limits.window = 10;
    limits.batchBytes = 1024;
    Log log(1000, limits);
    auto backlog = log.messages();
    CHECK(backlog.size() == 5);
    CHECK(log.lanes.backlogInFlight() == 5);
    log.commit(20);
    auto live = log.messages();
    CHECK(live.size() == 5);
    CHECK(live.front().lane == v1::LANE_LIVE);
    CHECK(log.lanes.inFlight() == 10);
    log.acknowledge({live[0], backlog[0]});
    const auto more = log.messages();
    REQUIRE(more.size() == 2);
    CHECK(more[0].lane == v1::LANE_LIVE);
    CHECK(log.lanes.inFlight() == 10);
}

TEST_CASE("messages of other kinds use the same window") {
    LaneLimits limits;
    limits.window = 4;
    Log log(0, limits);
    log.lanes.setOthersInFlight(3);
    log.commit(5);
    CHECK(log.messages().size() == 1);
    log.lanes.setOthersInFlight(0);
    CHECK(log.messages().size() == 3);
}

TEST_CASE("a window of one still moves both lanes") {
    LaneLimits limits;
    limits.window = 1;
    limits.batchBytes = 1024;
    Log log(10, limits);
    log.commit(2);
    for (int round = 0; round < 20; ++round) {
        const auto out = log.messages();
        CHECK(out.size() <= 1);
        log.acknowledge(out);
    }
    CHECK(log.lanes.sent().cursor() == 12);
}

TEST_CASE("acknowledgements may come in any order; the cursor waits for the gap") {
    Log log(0);
    log.commit(5);
    const auto out = log.messages();
    REQUIRE(out.size() == 5);
    for (const std::size_t index : {4U, 2U, 1U, 3U}) log.lanes.acknowledged(out[index].number);
    CHECK(log.lanes.sent().cursor() == 0);
    CHECK(log.lanes.sent().ranges() == std::vector<Range>{{2, 5}});
    log.lanes.acknowledged(out[0].number);
    CHECK(log.lanes.sent().cursor() == 5);
    CHECK_FALSE(log.lanes.acknowledged(out[0].number));
}

TEST_CASE("what was acknowledged in an earlier connection is not sent again, all else is") {
    store::RangeSet sent;
    sent.add({1, 10});
    sent.add({15, 20});
    Log log(25, {}, sent);
    const auto out = log.messages();
    REQUIRE(out.size() == 1);
    CHECK(sequences(out[0]) == std::vector<std::uint64_t>{11, 12, 13, 14, 21, 22, 23, 24, 25});
    log.acknowledge(out);
    CHECK(log.lanes.sent().cursor() == 25);
}

TEST_CASE(
    "a sequence without a row is covered by the message behind it, and at the end by itself") {
    Log log(20);
    log.removed.add({1, 3});
    log.removed.add({8, 9});
    log.removed.add({18, 20});
    const auto out = log.messages();
    REQUIRE(out.size() == 1);
    log.acknowledge(out);
    log.fetchAll();
    CHECK(log.lanes.sent().cursor() == 20);
}

TEST_CASE("live rows that the window cannot take within 2 s join the backlog with all newer ones") {
    LaneLimits limits;
    limits.window = 4;
    Log log(0, limits);
    log.commit(30);
    const auto live = log.messages();
    REQUIRE(live.size() == 4);
    log.now += std::chrono::milliseconds{1900};
    CHECK(log.messages().empty());
    CHECK(log.lanes.boundary() == 0);
    CHECK(*log.lanes.deadline() <= log.now + std::chrono::milliseconds{100});
    log.now += std::chrono::milliseconds{200};
    CHECK(log.messages().empty());
    CHECK(log.lanes.boundary() == 30);
    log.lanes.acknowledged(live[1].number);
    const auto batch = log.messages();
    REQUIRE(batch.size() == 1);
    CHECK(batch[0].lane == v1::LANE_BACKLOG);
    CHECK(batch[0].rows.front().sequence == 5);
    CHECK(batch[0].rows.back().sequence == 30);
    // The batch does not stand for the live rows that are still in flight.
    log.lanes.acknowledged(batch[0].number);
    CHECK(log.lanes.sent().ranges() == std::vector<Range>{{2, 2}, {5, 30}});
    log.commit();
    const auto next = log.messages();
    REQUIRE(next.size() == 1);
    CHECK(next[0].lane == v1::LANE_LIVE);
    CHECK(next[0].rows.front().sequence == 31);
}

TEST_CASE("ten thousand waiting rows do not hold a live one") {
    LaneLimits limits;
    limits.window = 20;
    limits.batchBytes = 4096;
    Log log(10000, limits);
    auto inFlight = log.messages();
    std::size_t live = 0;
    for (int round = 0; round < 2000 && log.lanes.sent().cursor() < log.last; ++round) {
        if (round % 10 == 0) {
            log.commit();
            const auto now = log.messages();
            REQUIRE_FALSE(now.empty());
            CHECK(now.front().lane == v1::LANE_LIVE);
            CHECK(now.front().rows.front().sequence == log.last);
            inFlight.insert(inFlight.end(), now.begin(), now.end());
            ++live;
        }
        if (!inFlight.empty()) {
            log.lanes.acknowledged(inFlight.front().number);
            inFlight.erase(inFlight.begin());
        }
        const auto more = log.messages();
        inFlight.insert(inFlight.end(), more.begin(), more.end());
        log.now += std::chrono::milliseconds{10};
    }
    for (const auto& message : inFlight) log.lanes.acknowledged(message.number);
    CHECK(live > 10);
    CHECK(log.lanes.sent().cursor() == log.last);
}

TEST_CASE("a message refused for now does not stop the others and is tried again later") {
    Log log(0);
    log.commit(3);
    auto out = log.messages();
    REQUIRE(out.size() == 3);
    log.lanes.refused(out[0].number, 0x97, log.now);
    log.lanes.acknowledged(out[1].number);
    log.lanes.acknowledged(out[2].number);
    CHECK(log.messages().empty());
    CHECK(log.lanes.sent().cursor() == 0);
    log.commit();
    log.acknowledge(log.messages());
    REQUIRE(log.lanes.deadline());
    log.now = *log.lanes.deadline();
    const auto again = log.messages();
    REQUIRE(again.size() == 1);
    CHECK(sequences(again[0]) == std::vector<std::uint64_t>{1});
    log.acknowledge(again);
    CHECK(log.lanes.sent().cursor() == 4);
}

TEST_CASE("a broker that refuses everything is asked ever more seldom") {
    Log log(5000);
    std::size_t tries = 0;
    for (int second = 0; second < 3600; ++second) {
        for (const auto& message : log.messages()) {
            ++tries;
            log.lanes.refused(message.number, 0x87, log.now);
        }
        log.now += std::chrono::seconds{1};
    }
    CHECK(tries > 10);
    CHECK(tries < 1500);
    // And as soon as it takes messages again, everything comes.
    for (int second = 0; second < 900; ++second) {
        log.acknowledge(log.messages());
        log.now += std::chrono::seconds{1};
    }
    CHECK(log.lanes.sent().cursor() == 5000);
}

TEST_CASE("a row refused for good is handed out once, and its neighbours go on") {
    Log log(0);
    log.commit(3);
    const auto out = log.messages();
    log.lanes.refused(out[1].number, 0x99, log.now);
    auto refused = log.lanes.takeRefused();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].row.sequence == 2);
    CHECK(refused[0].reason == 0x99);
    CHECK(log.lanes.takeRefused().empty());
    log.lanes.acknowledged(out[0].number);
    log.lanes.acknowledged(out[2].number);
    CHECK(log.messages().empty());
    CHECK(log.lanes.sent().cursor() == 1);
    SUBCASE("and counts as sent once the loss is recorded") {
        log.lanes.asideDone(refused[0].cover);
        CHECK(log.lanes.sent().cursor() == 3);
    }
    SUBCASE("and is tried again if the loss cannot be recorded") {
        log.lanes.asideFailed(refused[0].cover, log.now);
        log.now += std::chrono::seconds{2};
        const auto again = log.messages();
        REQUIRE(again.size() == 1);
        CHECK(sequences(again[0]) == std::vector<std::uint64_t>{2});
    }
}

TEST_CASE("of a batch refused for good only the row at fault is handed out") {
    Log log(10);
    auto out = log.messages();
    REQUIRE(out.size() == 1);
    REQUIRE(out[0].rows.size() == 10);
    log.lanes.refused(out[0].number, 0x99, log.now);
    CHECK(log.lanes.takeRefused().empty());
    std::vector<std::uint64_t> handedOut;
    for (int round = 0; round < 20; ++round) {
        for (const auto& message : log.messages()) {
            CHECK(message.rows.size() == 1);
            if (message.rows.front().sequence == 4) {
                log.lanes.refused(message.number, 0x99, log.now);
            } else {
                log.lanes.acknowledged(message.number);
            }
        }
        for (const auto& row : log.lanes.takeRefused()) {
            handedOut.push_back(row.row.sequence);
            log.lanes.asideDone(row.cover);
        }
        log.now += std::chrono::seconds{1};
    }
    CHECK(handedOut == std::vector<std::uint64_t>{4});
    CHECK(log.lanes.sent().cursor() == 10);
}

TEST_CASE("rows that come too late for a fetch that is no longer wanted are ignored") {
    LaneLimits limits;
    limits.window = 1;
    Log log(0, limits);
    log.commit(2);
    const auto first = log.messages();
    REQUIRE(first.size() == 1);
    log.now += std::chrono::seconds{3};
    CHECK(log.messages().empty());
    log.lanes.fetched(9999, {{2, v1::PRIORITY_READING, {}, "x"}});
    log.acknowledge(first);
    const auto rest = log.messages();
    REQUIRE(rest.size() == 1);
    CHECK(sequences(rest[0]) == std::vector<std::uint64_t>{2});
}

TEST_CASE("a fetch that fails is repeated after a pause") {
    Log log(5);
    const auto fetch = log.lanes.nextFetch(log.now);
    REQUIRE(fetch);
    log.lanes.fetchFailed(fetch->number, log.now);
    CHECK_FALSE(log.lanes.nextFetch(log.now));
    log.now = *log.lanes.deadline();
    CHECK(log.messages().size() == 1);
}

}  // namespace vitalgate::uplink
