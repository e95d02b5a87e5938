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
    awaited.postpone(minutes{60});
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
            const bool isNoneLate = std::ranges::all_of(sent, [now](const auto& entry) {
                return now - entry.second <= kLimit + kLimit / 32 + seconds{5};
            });
            REQUIRE(isNoneLate);
        }
    }
}

}  // namespace vitalgate::uplink
