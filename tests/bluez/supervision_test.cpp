#include <doctest/doctest.h>

#include "adapters/bluez/supervisor.hpp"
#include "tests/bluez/house.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::bluez::Supervisor;
using vitalgate::testing::cuff;
using vitalgate::testing::House;
using vitalgate::testing::kCuffAddress;
using vitalgate::testing::says;

namespace {

/// A neighbour's gadget, which is what an adapter hears most of the time.
constexpr const char* kNeighbour =
    "  neighbour: {model: advertiser, address: \"AA:00:00:00:00:01\", "
    "advertise: {when: always, every: 1s}}\n";

/// Something freezes after a minute, until a client does `cure`.
std::string freezing(const std::string& what, const std::string& cure) {
    return cuff(kNeighbour, "connect-after: 50ms, faults: [{at: 1m, freeze: " + what +
                                ", until: " + cure + "}]");
}

struct Ladder {
    std::string what;
    std::string cure;
    std::vector<v1::Step> steps;
};

const std::vector kAll{v1::STEP_RESTART_DISCOVERY, v1::STEP_NEW_SESSION, v1::STEP_POWER_CYCLE,
                       v1::STEP_RECONNECT_BUS};

}  // namespace

TEST_CASE("what freezes is found by what is not heard, and thawed by the step that helps") {
    const std::vector<Ladder> ladders{
        {"discovery", "restart", {kAll.begin(), kAll.begin() + 1}},
        {"discovery", "new-session", {kAll.begin(), kAll.begin() + 2}},
        {"discovery", "power-cycle", {kAll.begin(), kAll.begin() + 3}},
        {"discovery", "reconnect", kAll},
        {"signals", "reconnect", kAll},
        {"calls", "reconnect", kAll},
    };
    for (const auto& ladder : ladders) {
        CAPTURE(ladder.what);
        CAPTURE(ladder.cure);
        House house;
        house.simulate(freezing(ladder.what, ladder.cure));
        house.start();  // without a device of its own: nothing but advertisements can be heard
        house.pass(50s);
        CHECK(house.supervision().empty());
        REQUIRE(house.passUntil([&] { return house.hasRecovered(); }, 10min));
        CHECK(house.steps() == ladder.steps);
        const auto recovered = house.supervision().back();
        CHECK(recovered.supervision().what() == "adapter hci0");
        CHECK(recovered.supervision().attempt() == ladder.steps.size());
        CHECK(recovered.severity() == v1::SEVERITY_INFO);
        CHECK(says(house.lines, "adapter hci0 works again"));
        const auto adapters = house.adapter->adapters();
        REQUIRE(adapters.size() == 1);
        CHECK(adapters[0].state() == v1::ADAPTER_READY);
    }
}

TEST_CASE("a discovery that says it runs and delivers nothing costs no measurement for long") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(
        cuff("    disconnect: {when-done: 1s}\n    memory: 500\n",
             "connect-after: 50ms, faults: [{at: 1m, freeze: discovery, until: restart}]"));
    house.start();
    house.pass(1min);
    const auto before = house.sink.count("cuff");
    CHECK(before > 0);
    REQUIRE(house.passUntil([&] { return house.hasRecovered(); }, 4min));
    house.pass(15s);
    // Measured every 2 s since the first; all of them have come.
    CHECK(house.sink.count("cuff") + 10 >
          static_cast<std::size_t>((house.clock.steady() - SteadyTime{1h}) / 2s));
}

TEST_CASE("what no step helps is told to the operator, and tried again every hour") {
    House house;
    house.simulate(
        cuff(kNeighbour, "connect-after: 50ms, faults: [{at: 1m, freeze: discovery, for: 3h}]"));
    house.start();
    house.pass(1min);
    REQUIRE(house.passUntil([&] { return house.hasProblem("adapter-silent"); }, 10min));
    REQUIRE(house.steps().size() == 5);
    CHECK(house.steps().back() == v1::STEP_ASK_OPERATOR);
    CHECK(house.supervision().back().severity() == v1::SEVERITY_ALARM);
    CHECK(house.adapter->adapters()[0].state() == v1::ADAPTER_SILENT);
    house.pass(30min);
    CHECK(house.steps().size() == 5);
    house.pass(40min);
    CHECK(house.steps().size() == 10);
    REQUIRE(house.passUntil([&] { return house.hasRecovered(); }, 3h));
    CHECK_FALSE(house.hasProblem("adapter-silent"));
}

TEST_CASE("a quiet conversation keeps an adapter from being switched off: values are heard too") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(cuff());  // advertises only while it is not connected, and stays connected
    house.start();
    house.pass(30min);
    CHECK(house.supervision().empty());
    CHECK(house.sink.count("cuff") > 800);
}

TEST_CASE(
    "a kernel that still scans for a BlueZ that was killed delays hearing by no more than that") {
    House house;
    house.configure("cuff", kCuffAddress);
    house.simulate(cuff("", "connect-after: 50ms, kernel-scans: 8s"));
    house.start();
    house.pass(7s);
    CHECK(house.sink.count("cuff") == 0);
    CHECK(house.passUntil([&] { return house.sink.count("cuff") > 0; }, 6s));
    CHECK_FALSE(house.hasProblem("discovery"));
}

TEST_CASE("a discovery that BlueZ refuses for ever is a case for the ladder") {
    House house;
    house.simulate(cuff(kNeighbour, "connect-after: 50ms, kernel-scans: 1h"));
    house.start();
    REQUIRE(house.passUntil([&] { return house.steps() == kAll; }, 15min));
    CHECK(house.passUntil([&] { return house.hasProblem("adapter"); }, 10s));
    CHECK(says(house.lines, "discovery does not start: BlueZ says that another discovery"));
}
