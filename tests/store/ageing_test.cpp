#include "gateway/store/ageing.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::store;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 11 / 30}};
constexpr Duration kYears = std::chrono::days{20 * 365};

struct Hub {
    explicit Hub(ClockTrust trust = ClockTrust::synchronised)
        : now{kStart, trust, 1, SteadyTime{1h}} {
        ageing.begin(now);
    }
    Ageing ageing;
    Moment now;

    void pass(Duration time) {
        now.wall += time;
        now.uptime += time;
    }
    /// How far what is believed is ahead of the start; nothing if nothing is.
    std::optional<Duration> believed() {
        const auto moment = ageing.believed(now);
        return moment ? std::optional<Duration>(moment->wall - kStart) : std::nullopt;
    }
};

}  // namespace

TEST_CASE("time passes") {
    Hub hub;
    hub.pass(40h);
    CHECK(hub.believed() == 40h);
}

TEST_CASE("a clock that is set forward makes nothing older") {
    Hub hub;
    hub.pass(1h);
    hub.now.wall += kYears;
    CHECK(hub.believed() == 1h);
    hub.pass(30h);
    CHECK(hub.believed() == 31h);
    hub.now.wall -= kYears;
    CHECK(hub.believed() == 31h);
}

TEST_CASE("a clock that is set back is believed, and so is what it runs on to") {
    Hub hub;
    hub.now.wall -= kYears;
    CHECK(hub.believed() == -kYears);
    hub.pass(1h);
    CHECK(hub.believed() == 1h - kYears);
}

TEST_CASE("a clock that is not synchronised is not believed for a day, and at once when it is") {
    Hub hub(ClockTrust::unsynchronised);
    CHECK_FALSE(hub.believed());
    hub.pass(23h);
    CHECK_FALSE(hub.believed());
    SUBCASE("it never is") {
        hub.pass(1h);
        CHECK(hub.believed() == 24h);
    }
    SUBCASE("it is, and was years behind") {
        hub.now.wall += kYears;
        hub.now.trust = ClockTrust::synchronised;
        CHECK(hub.believed() == 23h + kYears);
        hub.now.wall += kYears;
        CHECK(hub.believed() == 23h + kYears);
    }
}
