#include "gateway/store/growth.hpp"

#include <doctest/doctest.h>

#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

/// Records that come evenly, a MiB each step.
struct Stream {
    void run(Duration time, Duration step) {
        for (const auto end = now + time; now < end;) {
            now += step;
            growth.note(now, appended += kMiB);
        }
    }
    SteadyTime began{5h};  // the kernel had started before
    SteadyTime now = began;
    Growth growth{began};
    std::uint64_t appended = 0;
};

}  // namespace

TEST_CASE("nothing that comes fills no store") {
    const Stream stream;
    const auto never = forecast(stream.growth, stream.now + 24h, 0, 512 * kMiB, 24h * 30);
    CHECK(never.daysLeft == 400);
    CHECK_FALSE(never.isTooSmall);
}

TEST_CASE("what is left is what undelivered records leave free, at the rate of the last day") {
    Stream stream;
    stream.run(24h * 3, 1h);
    const auto left = [&](std::uint64_t undelivered) {
        return forecast(stream.growth, stream.now, undelivered, 512 * kMiB, 24h * 30).daysLeft;
    };
    CHECK(left(0) == doctest::Approx(512.0 / 24));
    CHECK(left(500 * kMiB) == doctest::Approx(0.5));
    CHECK(left(600 * kMiB) == 0);
}

TEST_CASE("the rate follows a change within a day, both ways") {
    Stream stream;
    stream.run(24h * 3, 1h);
    stream.run(24h + 1h, 10min);
    CHECK(stream.growth.octetsPerDay(stream.now, 1h) ==
          doctest::Approx(144.0 * kMiB).epsilon(0.05));
    stream.run(24h + 1h, 1h);
    CHECK(stream.growth.octetsPerDay(stream.now, 1h) == doctest::Approx(24.0 * kMiB).epsilon(0.05));
    // Then nothing comes any more.
    CHECK(stream.growth.octetsPerDay(stream.now + 24h * 30, 1h) < kMiB);
}

TEST_CASE("a burst after the start is measured over an hour, and makes no store too small") {
    Stream stream;
    stream.run(1min, 10s);  // 6 MiB
    const auto burst = forecast(stream.growth, stream.now, 6 * kMiB, 512 * kMiB, 24h * 30);
    CHECK(burst.daysLeft == doctest::Approx(506.0 / 144));
    CHECK_FALSE(burst.isTooSmall);
}

TEST_CASE("a store is too small when the time to keep does not fit at the rate of a day") {
    Stream stream;
    stream.run(24h * 2, 1h);
    const auto isTooSmall = [&](Duration keep) {
        return forecast(stream.growth, stream.now, 0, 512 * kMiB, keep).isTooSmall;
    };
    CHECK_FALSE(isTooSmall(24h * 21));
    CHECK(isTooSmall(24h * 22));
}

TEST_CASE("the store's status counts what comes, and leaves history out of what is in the way") {
    Hub hub;
    hub.options.maximumBytes = 8 * kMiB;
    hub.options.uplinks = {"care"};
    hub.open();
    CHECK(hub.store->status().daysLeft == 400);
    for (int hour = 0; hour < 24; ++hour) {
        hub.clock.advance(1h);
        CHECK(hub.append(std::vector<NewRow>(10, reading(std::string(4000, 'x')))));
    }
    const auto waiting = hub.store->status();
    CHECK(waiting.isTooSmall);
    CHECK(waiting.daysLeft > 5);
    CHECK(waiting.daysLeft < 8);
    hub.acknowledge("care", {1, waiting.newest});
    CHECK(hub.append({reading("a")}));
    const auto delivered = hub.store->status();
    CHECK(delivered.daysLeft > waiting.daysLeft + 0.8);
    hub.clock.advance(24h * 20);
    CHECK(hub.store->status().daysLeft > 100);
    CHECK_FALSE(hub.store->status().isTooSmall);
}
