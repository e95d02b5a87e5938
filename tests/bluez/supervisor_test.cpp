#include "adapters/bluez/supervisor.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;

namespace {

/// An adapter that is looked at every 5 s; what it was told to do, in order.
struct Watched {
    Supervisor supervisor;
    SteadyTime now{1h};
    bool listening = true;
    bool mayReconnect = true;
    std::vector<Supervisor::Action> actions;

    Watched() { supervisor.look(now, listening, mayReconnect); }

    /// `heardEvery` zero: nothing is heard.
    void pass(Duration time, Duration heardEvery = 0s) {
        const auto until = now + time;
        auto next = now + heardEvery;
        while (now < until) {
            now += 5s;
            while (heardEvery > 0s && next <= now) {
                supervisor.onHeard();
                next += heardEvery;
            }
            if (auto action = supervisor.look(now, listening, mayReconnect))
                actions.push_back(*action);
        }
    }
    [[nodiscard]] std::vector<v1::Step> steps() const {
        std::vector<v1::Step> all;
        for (const auto& action : actions) all.push_back(action.step);
        return all;
    }
};

}  // namespace

TEST_CASE("an adapter that hears something needs no step") {
    Watched adapter;
    adapter.pass(24h, 5s);
    CHECK(adapter.actions.empty());
}

TEST_CASE("an adapter that falls silent climbs the ladder, with time for each step to help") {
    Watched adapter;
    adapter.pass(10min, 1s);
    adapter.pass(85s);
    CHECK(adapter.actions.empty());
    CHECK(adapter.supervisor.trouble() == Supervisor::Trouble::none);
    adapter.pass(5s);
    CHECK(adapter.steps() == std::vector{v1::STEP_RESTART_DISCOVERY});
    CHECK(adapter.actions[0].silent == 90s);
    CHECK(adapter.actions[0].attempt == 1);
    adapter.pass(29s);
    CHECK(adapter.actions.size() == 2);
    adapter.pass(30s + 45s + 60s);
    CHECK(adapter.steps() == std::vector{v1::STEP_RESTART_DISCOVERY, v1::STEP_NEW_SESSION,
                                         v1::STEP_POWER_CYCLE, v1::STEP_RECONNECT_BUS,
                                         v1::STEP_ASK_OPERATOR});
    CHECK(adapter.supervisor.needsOperator());
    CHECK(adapter.actions[4].attempt == 5);
    adapter.pass(59min);
    CHECK(adapter.actions.size() == 5);
    adapter.pass(2min);
    REQUIRE(adapter.actions.size() >= 6);
    CHECK(adapter.actions[5].step == v1::STEP_RESTART_DISCOVERY);
    CHECK(adapter.supervisor.needsOperator());
}

TEST_CASE("what is heard after a step is told as a recovery, once, and the ladder begins anew") {
    Watched adapter;
    adapter.pass(10min, 1s);
    adapter.pass(125s);
    REQUIRE(adapter.actions.size() == 2);
    adapter.pass(60s, 1s);
    REQUIRE(adapter.actions.size() == 3);
    CHECK(adapter.actions[2].recovered);
    CHECK(adapter.actions[2].step == v1::STEP_NEW_SESSION);
    CHECK(adapter.actions[2].attempt == 2);
    CHECK(adapter.actions[2].silent >= 120s);
    CHECK_FALSE(adapter.supervisor.needsOperator());
    adapter.pass(95s);
    REQUIRE(adapter.actions.size() == 4);
    CHECK(adapter.actions[3].step == v1::STEP_RESTART_DISCOVERY);
    CHECK(adapter.actions[3].attempt == 1);
}

TEST_CASE("where advertisements are rare a longer silence is usual") {
    Watched adapter;
    adapter.pass(5h, 30s);
    adapter.pass(8min);
    CHECK(adapter.actions.empty());
    adapter.pass(25s);
    CHECK(adapter.steps() == std::vector{v1::STEP_RESTART_DISCOVERY});
    Watched lonely;
    lonely.pass(1h, 10min);
    lonely.actions.clear();
    lonely.pass(100h, 10min);
    CHECK(lonely.actions.empty());
    lonely.pass(15min);
    CHECK(lonely.steps() == std::vector{v1::STEP_RESTART_DISCOVERY});
}

TEST_CASE("an adapter that never heard anything is given five minutes") {
    Watched adapter;
    adapter.pass(295s);
    CHECK(adapter.actions.empty());
    CHECK_FALSE(adapter.supervisor.everHeard());
    adapter.pass(5s);
    CHECK(adapter.steps() == std::vector{v1::STEP_RESTART_DISCOVERY});
}

TEST_CASE("time without discovery, and a machine that slept, are no silence") {
    Watched adapter;
    adapter.pass(10min, 1s);
    adapter.listening = false;
    adapter.pass(1h);
    CHECK(adapter.actions.empty());
    adapter.listening = true;
    adapter.pass(60s);
    adapter.now += 8h;
    adapter.pass(25s);
    CHECK(adapter.actions.empty());
    adapter.pass(10s);
    CHECK(adapter.actions.size() == 1);
}

TEST_CASE("calls without an answer are trouble, whatever is heard; an answer ends it") {
    Watched adapter;
    adapter.pass(1min, 1s);
    adapter.supervisor.onUnanswered();
    adapter.pass(10s, 1s);
    CHECK(adapter.actions.empty());
    adapter.supervisor.onUnanswered();
    adapter.pass(5s, 1s);
    REQUIRE(adapter.steps() == std::vector{v1::STEP_RESTART_DISCOVERY});
    CHECK(adapter.actions[0].trouble == Supervisor::Trouble::unanswered);
    adapter.supervisor.onAnswered();
    adapter.pass(5s, 1s);
    REQUIRE(adapter.actions.size() == 2);
    CHECK(adapter.actions[1].recovered);
    CHECK(adapter.actions[1].trouble == Supervisor::Trouble::unanswered);
}

TEST_CASE("the bus is left alone while another adapter works") {
    Watched adapter;
    adapter.mayReconnect = false;
    adapter.pass(10min, 1s);
    adapter.pass(5min);
    CHECK(adapter.steps() == std::vector{v1::STEP_RESTART_DISCOVERY, v1::STEP_NEW_SESSION,
                                         v1::STEP_POWER_CYCLE, v1::STEP_ASK_OPERATOR});
}
