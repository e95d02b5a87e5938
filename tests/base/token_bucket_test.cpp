#include "gateway/base/token_bucket.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace std::chrono_literals;

TEST_CASE("a bucket gives its burst at once, then its rate, and fills again when left alone") {
    TokenBucket bucket(10, 1s, 3);
    SteadyTime now{1h};
    CHECK(bucket.take(now) == 0ms);
    CHECK(bucket.take(now) == 0ms);
    CHECK(bucket.take(now) == 0ms);
    CHECK(bucket.take(now) == 100ms);
    CHECK(bucket.take(now) == 200ms);
    now += 200ms;
    CHECK(bucket.take(now) == 100ms);
    now += 1h;
    CHECK(bucket.take(now) == 0ms);
    CHECK(bucket.take(now) == 0ms);
    CHECK(bucket.take(now) == 0ms);
    CHECK(bucket.take(now) == 100ms);
}

TEST_CASE("what is refused takes nothing from the bucket") {
    TokenBucket bucket(2, 1min, 2);
    SteadyTime now{1h};
    CHECK(bucket.tryTake(now));
    CHECK(bucket.tryTake(now));
    for (int i = 0; i < 100; ++i) CHECK_FALSE(bucket.tryTake(now));
    now += 30s - 1ns;
    CHECK_FALSE(bucket.tryTake(now));
    now += 1ns;
    CHECK(bucket.tryTake(now));
    CHECK_FALSE(bucket.tryTake(now));
}
