#include "gateway/uplink/awaited_receipts.hpp"

#include <doctest/doctest.h>

#include "gateway/runtime/random.hpp"

namespace vitalgate::uplink {

using std::chrono::minutes;
using std::chrono::seconds;
using store::Range;
using store::RangeSet;

namespace {

constexpr Duration kLimit = minutes{15};
constexpr SteadyTime kBegin{std::chrono::hours{5}};

}  // namespace

TEST_CASE("what has no receipt within the limit is overdue, once; what has one is not") {
    AwaitedReceipts awaited(kLimit);
    CHECK_FALSE(awaited.deadline());
    awaited.sent(RangeSet({1, 10}), kBegin);
    awaited.settled(RangeSet({1, 7}));
    CHECK(awaited.deadline() == kBegin + kLimit);
    CHECK(awaited.takeOverdue(kBegin + kLimit - seconds{1}).empty());
    CHECK(awaited.takeOverdue(kBegin + kLimit) == RangeSet({8, 10}));
    CHECK(awaited.takeOverdue(kBegin + 2 * kLimit).empty());
    CHECK_FALSE(awaited.deadline());
}

TEST_CASE("what is sent anew is awaited anew, and the time without a connection does not count") {
    AwaitedReceipts awaited(kLimit);
    awaited.sent(RangeSet({1, 2}), kBegin);
    awaited.sent(RangeSet({2, 2}), kBegin + minutes{10});
    awaited.wasAway(kBegin + minutes{10}, kBegin + minutes{70});
    CHECK(awaited.takeOverdue(kBegin + minutes{74}).empty());
    CHECK(awaited.takeOverdue(kBegin + minutes{75}) == RangeSet({1, 1}));
    CHECK(awaited.takeOverdue(kBegin + minutes{85}) == RangeSet({2, 2}));
}

TEST_CASE("never before the limit, at most a 32nd of it later, whatever comes and goes") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        SeededRandom chance(seed);
        AwaitedReceipts awaited(kLimit);
        std::map<std::uint64_t, SteadyTime> sent;
        auto now = kBegin;
        std::uint64_t next = 1;
        for (int step = 0; step < 3000; ++step) {
            now += seconds{chance.next() % 5};
            awaited.sent(RangeSet({next, next}), now);
            sent[next++] = now;
            if (chance.next() % 2 == 0) {
                const auto settled = 1 + chance.next() % next;
                awaited.settled(RangeSet({settled, settled}));
                sent.erase(settled);
            }
            for (const auto& range : awaited.takeOverdue(now).ranges()) {
                for (auto sequence = range.first; sequence <= range.last; ++sequence) {
                    REQUIRE(sent.contains(sequence));
                    REQUIRE(now - sent[sequence] >= kLimit);
                    sent.erase(sequence);
                }
            }
            awaited.confirmedSome(now);
            const bool isNoneLate = std::ranges::all_of(sent, [now](const auto& entry) {
                return now - entry.second <= kLimit + kLimit / 32 + seconds{5};
            });
            REQUIRE(isNoneLate);
        }
    }
}

TEST_CASE("the limit doubles with each round that brings nothing, up to a day") {
    AwaitedReceipts awaited(kLimit);
    auto now = kBegin;
    for (const auto limit : {15, 30, 60, 120, 240, 480, 960, 1440, 1440}) {
        CHECK(awaited.limit() == minutes{limit});
        awaited.sent(RangeSet({1, 3}), now);
        CHECK(awaited.deadline() == now + minutes{limit});
        now += minutes{limit};
        CHECK(awaited.takeOverdue(now) == RangeSet({1, 3}));
        CHECK(awaited.takeToSendAgain(2) == RangeSet({1, 2}));
        CHECK(awaited.takeToSendAgain(2) == RangeSet({3, 3}));
        CHECK_FALSE(awaited.hasToSendAgain());
    }
    CHECK(awaited.overdue() == RangeSet({1, 3}));
    awaited.settled(RangeSet({1, 2}));
    CHECK(awaited.limit() == minutes{1440});
    awaited.settled(RangeSet({3, 3}));
    CHECK(awaited.overdue().empty());
    CHECK(awaited.limit() == kLimit);
    AwaitedReceipts patient(minutes{3 * 1440});
    patient.sent(RangeSet({1, 1}), kBegin);
    CHECK(patient.takeOverdue(kBegin + minutes{3 * 1440}) == RangeSet({1, 1}));
    CHECK(patient.limit() == minutes{3 * 1440});
}

TEST_CASE("what was sent before the limit grew is of the round that is over") {
    AwaitedReceipts awaited(kLimit);
    awaited.sent(RangeSet({1, 1}), kBegin);
    awaited.sent(RangeSet({2, 2}), kBegin + minutes{5});
    CHECK(awaited.takeOverdue(kBegin + kLimit) == RangeSet({1, 1}));
    awaited.sent(RangeSet({1, 1}), kBegin + kLimit);
    CHECK(awaited.takeOverdue(kBegin + minutes{20}) == RangeSet({2, 2}));
    CHECK(awaited.limit() == 2 * kLimit);
    CHECK(awaited.deadline() == kBegin + 3 * kLimit);
}

TEST_CASE("when the service confirms something, all that waits has the configured limit again") {
    AwaitedReceipts awaited(kLimit);
    awaited.sent(RangeSet({1, 2}), kBegin);
    static_cast<void>(awaited.takeOverdue(kBegin + kLimit));
    awaited.sent(RangeSet({1, 2}), kBegin + kLimit);
    awaited.sent(RangeSet({3, 3}), kBegin + minutes{40});
    awaited.confirmedSome(kBegin + minutes{41});
    CHECK(awaited.takeOverdue(kBegin + minutes{45}) == RangeSet({1, 2}));
    CHECK(awaited.takeOverdue(kBegin + minutes{55}).empty());
    CHECK(awaited.takeOverdue(kBegin + minutes{56}) == RangeSet({3, 3}));
}

TEST_CASE("what is withdrawn or settled is not sent again; what was sent while away begins then") {
    AwaitedReceipts awaited(kLimit);
    awaited.sent(RangeSet({1, 9}), kBegin);
    static_cast<void>(awaited.takeOverdue(kBegin + kLimit));
    awaited.withdraw(RangeSet({1, 3}));
    awaited.settled(RangeSet({4, 5}));
    CHECK(awaited.takeToSendAgain(100) == RangeSet({6, 9}));
    CHECK(awaited.overdue().ranges() == std::vector<Range>{{1, 3}, {6, 9}});
    AwaitedReceipts away(kLimit);
    away.sent(RangeSet({1, 1}), kBegin + minutes{5});
    away.wasAway(kBegin, kBegin + minutes{60});
    CHECK(away.deadline() == kBegin + minutes{75});
}

}  // namespace vitalgate::uplink
