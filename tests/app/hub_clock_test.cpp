#include "gateway/app/hub_clock.hpp"

#include <doctest/doctest.h>

#include "gateway/crypto/crypto.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace vitalgate::app;
using namespace vitalgate::testing;
using namespace std::chrono_literals;

namespace {

/// The machine sleeps once between two looks at its clocks.
class SleepyClock final : public Clock {
  public:
    explicit SleepyClock(VirtualClock& real) : Clock(real.loop()), real_(real) {}
    [[nodiscard]] WallTime wall() const override {
        real_.advance(std::exchange(sleep, Duration::zero()));
        return real_.wall();
    }
    [[nodiscard]] SteadyTime steady() const override { return real_.steady(); }
    [[nodiscard]] ClockTrust trust() const override { return real_.trust(); }
    [[nodiscard]] Timer after(Duration delay, std::function<void()> action) override {
        return real_.after(delay, std::move(action));
    }
    mutable Duration sleep{};

  private:
    VirtualClock& real_;
};

/// Tells when an event is given its id, just before it is stored.
class WatchedRandom final : public Random {
  public:
    void fill(std::span<std::uint8_t> out) override {
        if (auto next = std::exchange(onFill, nullptr)) next();
        std::fill(out.begin(), out.end(), std::uint8_t{1});
    }
    std::function<void()> onFill;
};

/// A hub whose clock is looked at, over a store in memory.
struct Hub {
    explicit Hub(ClockTrust trust = ClockTrust::unsynchronised) {
        REQUIRE(crypto::initialise());
        clock.setTrust(trust);
        start();
    }
    void start(std::uint32_t boot = 1) {
        hubClock.reset();
        clock.setBoot(boot);
        intake.emplace(
            IntakeOptions{"hub-7f3a", crypto::SecretKey::fromBytes(Bytes(32, 1)).value(), {}},
            store, clock, random, [](const auto&) {}, Log{});
        hubClock.emplace(*intake, clock, Log{});
        hubClock->start();
        clock.advance(2s);
    }
    void step(Duration by) { clock.setWall(clock.wall() + by); }
    /// Half a millisecond a second: the fastest that a kernel does.
    void slew(Duration by) {
        for (Duration done{}; done < by; done += 500us) {
            clock.advance(1s);
            step(500us);
        }
        clock.advance(2s);
    }
    [[nodiscard]] std::vector<v1::Event> events() const {
        std::vector<v1::Event> all;
        for (std::uint64_t at = 1; at <= store.status().newest; ++at) {
            all.push_back(store.record(at).event());
        }
        return all;
    }
    [[nodiscard]] std::int64_t steps() const {
        std::int64_t sum = 0;
        for (const auto& event : events()) sum += event.clock().step_ms();
        return sum;
    }

    asio::io_context io;
    VirtualClock clock{io};
    MemoryStore store{clock};
    WatchedRandom random;
    std::optional<Intake> intake;
    std::optional<HubClock> hubClock;
};

}  // namespace

TEST_CASE("a clock that is set and synchronised is told once, with the step for earlier stamps") {
    Hub hub;
    CHECK(hub.events().empty());
    v1::Stamp before;
    toStamp(hub.clock.now(), before);
    const auto uptime = hub.clock.steady();
    hub.step(56h);
    hub.clock.setTrust(ClockTrust::synchronised);
    hub.clock.advance(1min);
    REQUIRE(hub.events().size() == 1);
    const auto event = hub.events()[0];
    CHECK(event.device().empty());
    CHECK(event.id().size() == 36);
    CHECK(event.severity() == v1::SEVERITY_INFO);
    CHECK(event.text() == "the hub's clock was set forward by 56 h and is synchronised now");
    CHECK(event.clock().from() == v1::CLOCK_UNSYNCHRONISED);
    CHECK(event.clock().to() == v1::CLOCK_SYNCHRONISED);
    CHECK(event.clock().step_ms() == std::chrono::milliseconds{56h}.count());
    CHECK_FALSE(event.clock().has_device_clock());
    CHECK(event.occurred().boot() == before.boot());
    CHECK(event.occurred().uptime_ms() > before.uptime_ms());
    CHECK(event.occurred().uptime_ms() <= before.uptime_ms() + 1000);
    // What a consumer does.
    const auto corrected =
        fromTimestamp(before.time()) + std::chrono::milliseconds{event.clock().step_ms()};
    CHECK(corrected == hub.clock.wall() - (hub.clock.steady() - uptime));
}

TEST_CASE("steps while unsynchronised are told one by one and add up to the whole") {
    Hub hub;
    hub.step(1h);
    hub.clock.advance(1s);
    REQUIRE(hub.events().size() == 1);
    CHECK(hub.events()[0].text() == "the hub's clock was set forward by 1 h");
    CHECK(hub.events()[0].clock().from() == v1::CLOCK_UNSYNCHRONISED);
    CHECK(hub.events()[0].clock().to() == v1::CLOCK_UNSYNCHRONISED);
    hub.step(-10min);
    hub.clock.advance(1s);
    REQUIRE(hub.events().size() == 2);
    CHECK(hub.events()[1].text() == "the hub's clock was set back by 10 min");
    CHECK(hub.events()[1].clock().step_ms() == -600'000);
    hub.step(499ms);
    hub.clock.advance(1s);
    CHECK(hub.events().size() == 2);
    hub.clock.setTrust(ClockTrust::synchronised);
    hub.clock.advance(1s);
    REQUIRE(hub.events().size() == 3);
    CHECK(hub.events()[2].text() == "the hub's clock is synchronised now");
    CHECK(hub.events()[2].clock().step_ms() == 499);
    CHECK(hub.steps() == 3'000'499);
}

TEST_CASE("a stamp from between the step and the look is told right by its uptime") {
    Hub hub;
    hub.clock.advance(600ms);
    hub.step(1h);
    const auto between = hub.clock.now();
    hub.clock.advance(1s);
    REQUIRE(hub.events().size() == 1);
    const auto occurred = hub.events()[0].occurred();
    v1::Stamp stamp;
    toStamp(between, stamp);
    REQUIRE(occurred.uptime_ms() > stamp.uptime_ms());
    const std::chrono::milliseconds since{occurred.uptime_ms() - stamp.uptime_ms()};
    CHECK(fromTimestamp(occurred.time()) - since == between.wall);
}

TEST_CASE("slewing is never a step, and is told when the clock is synchronised") {
    Hub hub;
    hub.slew(2s);
    CHECK(hub.events().empty());
    SUBCASE("unless it is synchronised already") {
        hub.clock.setTrust(ClockTrust::synchronised);
        hub.clock.advance(1s);
        REQUIRE(hub.events().size() == 1);
        CHECK(hub.events()[0].clock().step_ms() == 2000);
        hub.slew(2s);
        CHECK(hub.events().size() == 1);
        hub.start();
        CHECK(hub.events().size() == 1);
        hub.clock.setTrust(ClockTrust::unsynchronised);
        hub.clock.advance(1s);
        REQUIRE(hub.events().size() == 2);
        CHECK(hub.events()[1].text() == "the hub's clock is not synchronised any more");
        CHECK(hub.events()[1].clock().step_ms() == 0);
    }
    SUBCASE("a step brings with it what was slewed before") {
        hub.step(10s);
        hub.clock.advance(1s);
        CHECK(hub.steps() == 12'000);
    }
}

TEST_CASE("a synchronised clock that is set is told; holdover alone is not") {
    Hub hub(ClockTrust::synchronised);
    hub.clock.setTrust(ClockTrust::holdover);
    hub.clock.advance(1min);
    CHECK(hub.events().empty());
    hub.step(-500ms);
    hub.clock.advance(1s);
    REQUIRE(hub.events().size() == 1);
    CHECK(hub.events()[0].clock().from() == v1::CLOCK_HOLDOVER);
    CHECK(hub.events()[0].clock().to() == v1::CLOCK_HOLDOVER);
    CHECK(hub.events()[0].clock().step_ms() == -500);
    // A new process does not know of the synchronisation before it.
    hub.clock.setTrust(ClockTrust::unsynchronised);
    hub.start();
    REQUIRE(hub.events().size() == 2);
    CHECK(hub.events()[1].clock().from() == v1::CLOCK_HOLDOVER);
    CHECK(hub.events()[1].clock().to() == v1::CLOCK_UNSYNCHRONISED);
}

TEST_CASE("what happened while the daemon was away within a boot is told at its start") {
    Hub hub;
    hub.hubClock.reset();
    hub.clock.advance(1h);
    hub.step(24h);
    SUBCASE("set and synchronised") {
        hub.clock.setTrust(ClockTrust::synchronised);
        hub.start();
        REQUIRE(hub.events().size() == 1);
        CHECK(hub.events()[0].clock().from() == v1::CLOCK_UNSYNCHRONISED);
        CHECK(hub.events()[0].clock().to() == v1::CLOCK_SYNCHRONISED);
    }
    SUBCASE("set only") {
        hub.start();
        REQUIRE(hub.events().size() == 1);
        CHECK(hub.events()[0].clock().to() == v1::CLOCK_UNSYNCHRONISED);
    }
    CHECK(hub.steps() == std::chrono::milliseconds{24h}.count());
    hub.start();
    CHECK(hub.events().size() == 1);
}

TEST_CASE("another boot begins anew and tells nothing of the one before") {
    Hub hub;
    hub.step(24h);
    hub.clock.setTrust(ClockTrust::synchronised);
    hub.start(2);
    hub.clock.advance(1min);
    CHECK(hub.events().empty());
    hub.step(2s);
    hub.clock.advance(1s);
    REQUIRE(hub.events().size() == 1);
    CHECK(hub.events()[0].occurred().boot() == 2);
    CHECK(hub.events()[0].clock().from() == v1::CLOCK_SYNCHRONISED);
    CHECK(hub.steps() == 2000);
}

TEST_CASE("while the store takes nothing the steps are added up, and told once it does") {
    Hub hub;
    hub.store.failsAppending = true;
    hub.step(1h);
    hub.clock.advance(1min);
    hub.step(2h);
    hub.clock.advance(1s);
    const auto noticed = hub.clock.wall();
    hub.clock.advance(5min);
    SUBCASE("by this process") {
        hub.store.failsAppending = false;
        hub.clock.advance(HubClock::kRetry);
        REQUIRE(hub.events().size() == 1);
        CHECK(fromTimestamp(hub.events()[0].occurred().time()) == noticed);
    }
    SUBCASE("by this process, synchronised meanwhile") {
        hub.clock.setTrust(ClockTrust::synchronised);
        hub.clock.advance(1min);
        hub.store.failsAppending = false;
        hub.clock.advance(HubClock::kRetry);
        REQUIRE(hub.events().size() == 1);
        CHECK(hub.events()[0].clock().to() == v1::CLOCK_SYNCHRONISED);
        // The stamps in between bear the right time already.
        CHECK(fromTimestamp(hub.events()[0].occurred().time()) == noticed);
    }
    SUBCASE("by the next") {
        hub.hubClock.reset();
        hub.store.failsAppending = false;
        hub.start();
    }
    CHECK(hub.events().size() == 1);
    CHECK(hub.steps() == std::chrono::milliseconds{3h}.count());
    hub.clock.advance(1h);
    CHECK(hub.events().size() == 1);
}

TEST_CASE("a step there and back that could not be told is none") {
    Hub hub;
    hub.store.failsAppending = true;
    hub.step(1h);
    hub.clock.advance(30s);
    hub.step(-1h);
    hub.clock.advance(30s);
    hub.store.failsAppending = false;
    hub.clock.advance(1min);
    CHECK(hub.events().empty());
}

TEST_CASE("a machine that sleeps while its clocks are read has not set them") {
    Hub hub;
    hub.hubClock.reset();
    SleepyClock sleepy(hub.clock);
    sleepy.setBoot(1);
    hub.hubClock.emplace(*hub.intake, sleepy, Log{});
    hub.hubClock->start();
    hub.clock.advance(10s);
    sleepy.sleep = 600ms;
    hub.clock.advance(10s);
    CHECK(sleepy.sleep == Duration::zero());
    CHECK(hub.events().empty());
}

TEST_CASE("once stopped it tells nothing any more, whatever was under way") {
    Hub hub;
    SUBCASE("nothing") {
        hub.hubClock->stop();
    }
    SUBCASE("the question for the bookmark") {
        hub.hubClock.emplace(*hub.intake, hub.clock, Log{});
        hub.hubClock->start();
        hub.hubClock->stop();
    }
    hub.step(1h);
    hub.clock.advance(1min);
    CHECK(hub.events().empty());
    CHECK(hub.clock.pendingTimers() == 0);
}

TEST_CASE("it may go while the store has not answered") {
    Hub hub;
    hub.store.failsAppending = true;
    hub.random.onFill = [&hub] { asio::post(hub.io, [&hub] { hub.hubClock.reset(); }); };
    hub.step(1h);
    hub.clock.advance(1min);
    CHECK_FALSE(hub.hubClock.has_value());
    CHECK(hub.clock.pendingTimers() == 0);
}
