#include "gateway/uplink/gap_reports.hpp"

#include <doctest/doctest.h>

#include "gateway/runtime/random.hpp"

namespace vitalgate::uplink {

using std::chrono::seconds;
using store::Range;
using store::RangeSet;

namespace {

constexpr SteadyTime kBegin{std::chrono::hours{5}};
constexpr auto kInterval = GapReports::kInterval;
const RangeSet kNothing;

}  // namespace

TEST_CASE("a gap is given out at once, and for the second time at the end of the interval") {
    GapReports gaps;
    CHECK(gaps.reported(RangeSet({4, 6}), kNothing, kBegin) == RangeSet({4, 6}));
    CHECK_FALSE(gaps.deadline());
    CHECK(gaps.reported(RangeSet({5, 9}), kNothing, kBegin + seconds{10}) == RangeSet({7, 9}));
    CHECK(gaps.deadline() == kBegin + kInterval);
    CHECK(gaps.takeDue(kNothing, kBegin + kInterval - seconds{1}).empty());
    CHECK(gaps.takeDue(kNothing, kBegin + kInterval) == RangeSet({5, 6}));
    CHECK_FALSE(gaps.deadline());
    CHECK(gaps.reported(RangeSet({5, 6}), kNothing, kBegin + 2 * kInterval) == RangeSet({5, 6}));
}

TEST_CASE("what is to be sent again already needs no second word") {
    GapReports gaps;
    CHECK(gaps.reported(RangeSet({1, 9}), RangeSet({3, 5}), kBegin).ranges() ==
          std::vector<Range>{{1, 2}, {6, 9}});
    CHECK(gaps.reported(RangeSet({1, 9}), RangeSet({1, 9}), kBegin + seconds{1}).empty());
    CHECK_FALSE(gaps.deadline());
    CHECK(gaps.reported(RangeSet({1, 2}), kNothing, kBegin + seconds{2}).empty());
    CHECK(gaps.takeDue(RangeSet({2, 2}), kBegin + kInterval) == RangeSet({1, 1}));
}

TEST_CASE("what is confirmed is not wanted any more, unless a command asked for it") {
    GapReports gaps;
    static_cast<void>(gaps.reported(RangeSet({1, 9}), kNothing, kBegin));
    gaps.commanded(RangeSet({3, 4}));
    gaps.sent(RangeSet({1, 1}));
    CHECK(gaps.confirmed(RangeSet({1, 5})).ranges() == std::vector<Range>{{2, 2}, {5, 5}});
    static_cast<void>(gaps.reported(RangeSet({6, 7}), kNothing, kBegin + seconds{1}));
    static_cast<void>(gaps.confirmed(RangeSet({6, 6})));
    CHECK(gaps.takeDue(kNothing, kBegin + kInterval) == RangeSet({7, 7}));
}

TEST_CASE("a new connection puts nothing off") {
    GapReports gaps;
    static_cast<void>(gaps.reported(RangeSet({1, 3}), kNothing, kBegin));
    static_cast<void>(gaps.reported(RangeSet({1, 1}), kNothing, kBegin + seconds{1}));
    gaps.connected();
    CHECK(gaps.takeDue(kNothing, kBegin + seconds{2}) == RangeSet({1, 1}));
    CHECK(gaps.reported(RangeSet({2, 3}), kNothing, kBegin + seconds{3}) == RangeSet({2, 3}));
}

TEST_CASE("whatever is reported is given out within an interval, and never twice in one") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        SeededRandom chance(seed);
        GapReports gaps;
        std::map<std::uint64_t, SteadyTime> owed;
        std::map<std::uint64_t, std::vector<SteadyTime>> given;
        auto now = kBegin;
        for (int step = 0; step < 2000; ++step) {
            now += seconds{chance.next() % 5};
            auto out = gaps.takeDue(kNothing, now);
            const auto first = 1 + chance.next() % 40;
            const Range range{first, first + chance.next() % 5};
            for (auto at = range.first; at <= range.last; ++at) owed.try_emplace(at, now);
            out.add(gaps.reported(RangeSet(range), kNothing, now));
            for (const auto& part : out.ranges()) {
                for (auto at = part.first; at <= part.last; ++at) {
                    owed.erase(at);
                    given[at].push_back(now);
                }
            }
            for (const auto& [at, since] : owed) REQUIRE(now - since < kInterval + seconds{5});
        }
        for (const auto& [at, times] : given) {
            for (std::size_t i = 2; i < times.size(); ++i) {
                REQUIRE(times[i] - times[i - 2] >= kInterval);
            }
        }
    }
}

TEST_CASE("reports of a hostile service cost no memory, and leave nothing out") {
    GapReports gaps;
    RangeSet wanted;
    for (std::uint64_t at = 1; at <= 20'000; at += 2) wanted.add({at, at});
    CHECK(gaps.reported(wanted, kNothing, kBegin) == wanted);
    CHECK(gaps.reported(wanted, kNothing, kBegin + seconds{1}).empty());
    const auto due = gaps.takeDue(kNothing, kBegin + kInterval);
    CHECK(due.ranges().size() == GapReports::kMaximumRanges);
    CHECK(wanted.commonWith(due) == wanted);
}

}  // namespace vitalgate::uplink
