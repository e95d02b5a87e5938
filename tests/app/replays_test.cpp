#include "gateway/app/replays.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <optional>

#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace vitalgate::app;
using namespace std::chrono_literals;
using store::Range;
using store::RangeSet;

namespace {

struct Sent {
    std::string uplink;
    std::vector<Range> ranges;
    std::string commandId;
    bool operator==(const Sent&) const = default;
};

/// A hub with two uplinks, and rows of three hours: 1 to 4, 5 to 7, 8 to 9.
struct Desk {
    Desk() {
        replays.setUplinks({"care", "research"});
        for (const int count : {4, 3, 2}) {
            for (int i = 0; i < count; ++i) {
                store::NewRow row;
                row.record.mutable_reading();
                memory.append({row}, {}, nullptr);
            }
            clock.advance(1h);
        }
    }
    v1::CommandResult run(const v1::Command& command, const std::string& uplink = "care") {
        std::optional<v1::CommandResult> given;
        asio::co_spawn(loop, replays.run(command, uplink),
                       [&given](const std::exception_ptr& error, v1::CommandResult result) {
                           CHECK_FALSE(error);
                           given = std::move(result);
                       });
        clock.run();
        REQUIRE(given);
        return *given;
    }

    asio::io_context loop;
    testing::VirtualClock clock{loop};
    WallTime begin = clock.wall();
    testing::MemoryStore memory{clock};
    std::vector<Sent> sent;
    bool isThere = true;
    Replays replays{
        memory, clock,
        [this](const std::string& uplink, const RangeSet& ranges, const std::string& commandId) {
            sent.push_back({uplink, ranges.ranges(), commandId});
            return isThere;
        }};
};

v1::Command bySequence(std::uint64_t first, std::uint64_t last) {
    v1::Command command;
    command.set_id("r-1");
    command.mutable_replay()->mutable_sequences()->set_first(first);
    command.mutable_replay()->mutable_sequences()->set_last(last);
    return command;
}

v1::Command byTime(std::optional<WallTime> from, std::optional<WallTime> to) {
    v1::Command command;
    command.set_id("r-2");
    auto& times = *command.mutable_replay()->mutable_times();
    if (from) toTimestamp(*from, *times.mutable_from());
    if (to) toTimestamp(*to, *times.mutable_to());
    return command;
}

}  // namespace

TEST_CASE("a range of sequences goes again on the uplink that brought the command") {
    Desk desk;
    const auto result = desk.run(bySequence(3, 6), "research");
    CHECK(result.state() == v1::COMMAND_DONE);
    CHECK(result.records() == 4);
    CHECK(result.text() == "4 of the sequences 3 to 6 go again to research");
    CHECK(desk.sent == std::vector<Sent>{{"research", {{3, 6}}, "r-1"}});
}

TEST_CASE("only what is held goes again, and is counted") {
    Desk desk;
    desk.memory.erase(1);
    desk.memory.erase(4);
    const auto result = desk.run(bySequence(0, 0));
    CHECK(result.records() == 7);
    CHECK(desk.sent == std::vector<Sent>{{"care", {{2, 3}, {5, 9}}, "r-1"}});
}

TEST_CASE("a span of time is that of the commits, both ends included") {
    Desk desk;
    CHECK(desk.run(byTime(desk.begin + 1h, desk.begin + 1h)).records() == 3);
    CHECK(desk.run(byTime(desk.begin + 1h, std::nullopt)).records() == 5);
    CHECK(desk.run(byTime(std::nullopt, desk.begin + 90min)).records() == 7);
    REQUIRE(desk.sent.size() == 3);
    CHECK(desk.sent[0].ranges == std::vector<Range>{{5, 7}});
    CHECK(desk.sent[1].ranges == std::vector<Range>{{5, 9}});
    CHECK(desk.sent[2].ranges == std::vector<Range>{{1, 7}});
}

TEST_CASE("the uplink may be named; a command that no uplink brought concerns all") {
    Desk desk;
    auto command = bySequence(1, 1);
    CHECK(desk.run(command, "local").state() == v1::COMMAND_DONE);
    command.mutable_replay()->set_uplink("research");
    CHECK(desk.run(command, "care").state() == v1::COMMAND_DONE);
    REQUIRE(desk.sent.size() == 3);
    CHECK(desk.sent[0].uplink == "care");
    CHECK(desk.sent[1].uplink == "research");
    CHECK(desk.sent[2].uplink == "research");
}

TEST_CASE("what cannot be sent again is refused with the reason, and nothing is marked") {
    Desk desk;
    auto command = bySequence(1, 5);
    std::string why;
    SUBCASE("nothing is held there") {
        command = bySequence(10, 20);
        why = "nothing is held there: the store holds sequences from 1 to 9";
    }
    SUBCASE("at no such time") {
        command = byTime(desk.begin + 5h, std::nullopt);
        why = "nothing is held there: the store holds sequences from 1 to 9";
    }
    SUBCASE("another stream") {
        command.mutable_replay()->set_stream("zzzzyyyyxxxx2");
        why = "that stream is not held any more; the present one is aaaabbbbcccc2";
    }
    SUBCASE("no such uplink") {
        command.mutable_replay()->set_uplink("elsewhere");
        why = "this hub has no uplink of that name";
    }
    SUBCASE("backwards") {
        command = bySequence(5, 2);
        why = "sequences ends before it begins";
    }
    SUBCASE("backwards in time") {
        command = byTime(desk.begin + 1h, desk.begin);
        why = "times ends before it begins";
    }
    SUBCASE("no time at all") {
        command.mutable_replay()->mutable_times()->mutable_from()->set_seconds(INT64_MAX);
        why = "times has a time that does not exist";
    }
    SUBCASE("nothing said") {
        command.mutable_replay()->clear_sequences();
        why = "neither sequences nor times is set";
    }
    const auto result = desk.run(command);
    CHECK(result.state() == v1::COMMAND_REFUSED);
    CHECK(result.refusal() == v1::REFUSAL_OUT_OF_RANGE);
    CHECK(result.text() == why);
    CHECK(desk.sent.empty());
}

TEST_CASE("the present stream may be named") {
    Desk desk;
    auto command = bySequence(1, 5);
    command.mutable_replay()->set_stream("aaaabbbbcccc2");
    CHECK(desk.run(command).records() == 5);
}

TEST_CASE("an uplink that has gone meanwhile fails the command") {
    Desk desk;
    desk.isThere = false;
    CHECK(desk.run(bySequence(1, 5)).state() == v1::COMMAND_FAILED);
}
