#include "gateway/store/range_set.hpp"

#include <doctest/doctest.h>

#include <bitset>
#include <random>

using namespace vitalgate::store;

namespace {

constexpr std::uint64_t kSize = 64;

/// The same set the simple way: one bit a sequence. Bit 0 stands for no sequence.
struct Bits {
    std::bitset<kSize + 1> bits;

    void set(Range range, bool value) {
        for (auto i = std::max<std::uint64_t>(range.first, 1); i <= std::min(range.last, kSize);
             ++i) {
            bits[i] = value;
        }
    }
    [[nodiscard]] std::vector<Range> ranges() const {
        std::vector<Range> out;
        for (std::uint64_t i = 1; i <= kSize; ++i) {
            if (!bits[i]) continue;
            if (!out.empty() && out.back().last + 1 == i) {
                out.back().last = i;
            } else {
                out.push_back({i, i});
            }
        }
        return out;
    }
    [[nodiscard]] std::uint64_t firstMissing(std::uint64_t from) const {
        while (from <= kSize && bits[from]) ++from;
        return from;
    }
};

void checkSame(const RangeSet& set, const Bits& bits) {
    CHECK(set.ranges() == bits.ranges());
    CHECK(set.empty() == bits.bits.none());
    CHECK(set.count() == bits.bits.count());
    CHECK(set.cursor() == bits.firstMissing(1) - 1);
    for (std::uint64_t i = 1; i <= kSize; ++i) {
        CHECK(set.contains(i) == bits.bits[i]);
        CHECK(set.firstMissing(i) == bits.firstMissing(i));
    }
}

Range randomRange(std::mt19937& random) {
    std::uniform_int_distribution<std::uint64_t> at(0, kSize);
    const auto first = at(random);
    return {first, std::min(first + at(random) % 9, kSize)};
}

struct Pair {
    RangeSet set;
    Bits bits;

    void change(std::mt19937& random) {
        const auto range = randomRange(random);
        const bool add = random() % 3 != 0;
        add ? set.add(range) : set.remove(range);
        bits.set(range, add);
    }
};

}  // namespace

TEST_CASE("a set of ranges is at all times what a set of bits is") {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Pair pair;
        for (int step = 0; step < 60; ++step) {
            pair.change(random);
            checkSame(pair.set, pair.bits);
        }
    }
}

TEST_CASE("union, difference and what is common are those of bits") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Pair left;
        Pair right;
        for (int step = 0; step < 20; ++step) {
            left.change(random);
            right.change(random);
        }
        Pair sum = left;
        sum.set.add(right.set);
        sum.bits.bits |= right.bits.bits;
        CHECK(sum.set.ranges() == sum.bits.ranges());

        Pair rest = left;
        rest.set.remove(right.set);
        rest.bits.bits &= ~right.bits.bits;
        CHECK(rest.set.ranges() == rest.bits.ranges());

        Bits common = left.bits;
        common.bits &= right.bits.bits;
        CHECK(left.set.commonWith(right.set).ranges() == common.ranges());
        CHECK(left.set.commonWith(right.set) == right.set.commonWith(left.set));
    }
}

TEST_CASE("limiting forgets the shortest ranges, never adds, and keeps the cursor") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Pair pair;
        for (int step = 0; step < 30; ++step) pair.change(random);
        auto limited = pair.set;
        limited.limitTo(3);
        CHECK(limited.ranges().size() <= 3);
        CHECK(limited.commonWith(pair.set) == limited);
        CHECK(limited.cursor() == pair.set.cursor());
        if (pair.set.ranges().size() <= 3) CHECK(limited == pair.set);
    }
    RangeSet set(Range{5, 5});
    set.add(Range{7, 20});
    set.add(Range{30, 33});
    set.limitTo(2);
    CHECK(set.ranges() == std::vector<Range>{{7, 20}, {30, 33}});
}

TEST_CASE("limiting keeps the longest behind the cursor, whatever the limit") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Pair pair;
        for (int step = 0; step < 30; ++step) pair.change(random);
        for (std::size_t limit = 0; limit <= pair.set.ranges().size() + 1; ++limit) {
            // The simple way: one after the other, the first of the shortest.
            auto kept = pair.set.ranges();
            while (kept.size() > std::max<std::size_t>(limit, 1)) {
                kept.erase(std::min_element(
                    kept.begin() + (kept.front().first == 1 ? 1 : 0), kept.end(),
                    [](Range a, Range b) { return a.last - a.first < b.last - b.first; }));
            }
            auto limited = pair.set;
            limited.limitTo(limit);
            CHECK(limited.ranges() == kept);
        }
    }
}

TEST_CASE("widening fills the smallest gaps and leaves nothing out") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Pair pair;
        for (int step = 0; step < 30; ++step) pair.change(random);
        auto wide = pair.set;
        wide.widenTo(3);
        CHECK(wide.ranges().size() == std::min<std::size_t>(pair.set.ranges().size(), 3));
        CHECK(pair.set.commonWith(wide) == pair.set);
    }
    RangeSet set(Range{1, 2});
    set.add(Range{4, 5});
    set.add(Range{20, 21});
    set.widenTo(2);
    CHECK(set.ranges() == std::vector<Range>{{1, 5}, {20, 21}});
}

TEST_CASE("sequences that cannot be are left out at both ends") {
    RangeSet set(Range{0, 3});
    CHECK(set.ranges() == std::vector<Range>{{1, 3}});
    set.add(Range{0, 0});
    CHECK(set.ranges() == std::vector<Range>{{1, 3}});
    set.add(Range{10, UINT64_MAX});
    CHECK(set.ranges() == std::vector<Range>{{1, 3}, {10, kMaximumSequence}});
    CHECK(set.firstMissing(10) == kMaximumSequence + 1);
    set.add(Range{9, 5});
    CHECK(set.ranges().size() == 2);
    set.remove(Range{0, UINT64_MAX});
    CHECK(set.empty());
}
