#include "gateway/runtime/random.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace vitalgate;
using namespace std::chrono_literals;

TEST_CASE("the kernel's generator fills any length, differently each time") {
    SystemRandom random;
    std::set<std::vector<std::uint8_t>> seen;
    for (int i = 0; i < 8; ++i) {
        std::vector<std::uint8_t> bytes(1000);
        random.fill(bytes);
        CHECK(std::ranges::count(bytes, 0) < 50);
        seen.insert(bytes);
    }
    CHECK(seen.size() == 8);
    random.fill({});
    CHECK(random.next() != random.next());
}

TEST_CASE("a seed gives its sequence, always the same") {
    SeededRandom one(7);
    SeededRandom same(7);
    SeededRandom other(8);
    const auto first = one.next();
    CHECK(first == same.next());
    CHECK(first != other.next());
    CHECK(one.next() != first);
}

TEST_CASE("jitter lies from zero to below its limit and uses the whole of it") {
    SeededRandom random(1);
    Duration lowest = 1s;
    Duration highest = 0s;
    for (int i = 0; i < 1000; ++i) {
        const auto jitter = random.below(1s);
        lowest = std::min(lowest, jitter);
        highest = std::max(highest, jitter);
    }
    CHECK(lowest >= 0s);
    CHECK(lowest < 20ms);
    CHECK(highest < 1s);
    CHECK(highest > 980ms);
    CHECK(random.below(0s) == 0s);
    CHECK(random.below(-5s) == 0s);
}
