#include "gateway/runtime/clock.hpp"

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;

TEST_CASE("an action runs once, after its delay, in the order of the delays") {
    asio::io_context io;
    testing::VirtualClock clock(io);
    std::string ran;
    const Timer second = clock.after(2s, [&] { ran += 'b'; });
    const Timer first = clock.after(1s, [&] { ran += 'a'; });
    clock.advance(1s);
    CHECK(ran == "a");
    clock.advance(10s);
    CHECK(ran == "ab");
}

TEST_CASE("a timer that is dropped, cancelled or replaced never runs its action") {
    asio::io_context io;
    SystemClock clock(io);
    int ran = 0;
    {
        const Timer dropped = clock.after(0s, [&] { ++ran; });
    }
    Timer cancelled = clock.after(0s, [&] { ++ran; });
    cancelled.cancel();
    cancelled.cancel();
    Timer replaced = clock.after(0s, [&] { ran += 10; });
    replaced = clock.after(1ms, [&] { ran += 100; });
    io.run();
    CHECK(ran == 100);
    replaced.cancel();
}

TEST_CASE("an action never runs from inside after(), even without a delay") {
    asio::io_context io;
    SystemClock clock(io);
    bool ran = false;
    const Timer timer = clock.after(0s, [&] { ran = true; });
    CHECK_FALSE(ran);
    io.run();
    CHECK(ran);
}

TEST_CASE("a timer cancelled when it is due but has not run yet does not run") {
    asio::io_context io;
    SystemClock clock(io);
    bool ran = false;
    Timer second;
    const Timer first = clock.after(1ms, [&] { second.cancel(); });
    second = clock.after(1ms, [&] { ran = true; });
    io.run();
    CHECK_FALSE(ran);
}

TEST_CASE("the system's clocks go forward, and a moment carries the boot it belongs to") {
    asio::io_context io;
    SystemClock clock(io);
    clock.setBoot(42);
    const auto before = clock.now();
    const auto after = clock.now();
    CHECK(before.boot == 42);
    CHECK(after.uptime >= before.uptime);
    CHECK(before.uptime > SteadyTime{});
    CHECK(before.wall > WallTime{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}});
}

TEST_CASE("a clock that was synchronised and is so no more is in holdover") {
    asio::io_context io;
    auto kernel = ClockTrust::unsynchronised;
    const SystemClock clock(io, [&kernel] { return kernel; });
    CHECK(clock.trust() == ClockTrust::unsynchronised);
    kernel = ClockTrust::synchronised;
    CHECK(clock.trust() == ClockTrust::synchronised);
    kernel = ClockTrust::unsynchronised;
    CHECK(clock.trust() == ClockTrust::holdover);
    CHECK(clock.now().trust == ClockTrust::holdover);
    kernel = ClockTrust::unspecified;
    CHECK(clock.trust() == ClockTrust::unspecified);
    kernel = ClockTrust::synchronised;
    CHECK(clock.trust() == ClockTrust::synchronised);
    const SystemClock other(io, [] { return ClockTrust::unsynchronised; });
    CHECK(other.trust() == ClockTrust::unsynchronised);
}

TEST_CASE("a sleep resumes after its delay") {
    asio::io_context io;
    testing::VirtualClock clock(io);
    bool awake = false;
    const auto nap = [&]() -> asio::awaitable<void> {
        co_await clock.sleep(5s);
        awake = true;
    };
    asio::co_spawn(io, nap, asio::detached);
    clock.advance(5s - 1ns);
    CHECK_FALSE(awake);
    clock.advance(1ns);
    CHECK(awake);
}
