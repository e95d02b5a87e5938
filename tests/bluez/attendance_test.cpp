#include <doctest/doctest.h>

#include "tests/bluez/rig.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::cuff;
using vitalgate::testing::kCuffAddress;
using vitalgate::testing::Rig;

namespace {

/// BlueZ without any device that is served.
const std::string kNobody = R"(
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  other: {model: advertiser, address: "AA:00:00:00:00:01", signal: -50dBm}
)";

std::vector<v1::Event> overdue(const Rig& rig) {
    std::vector<v1::Event> found;
    for (const auto& event : rig.sink.eventsOf("cuff", v1::Event::kAvailability))
        if (event.availability().measurement_overdue()) found.push_back(event);
    return found;
}

void remember(Rig& rig, const std::string& name, Duration ago) {
    rig.sink.bookmarks[{"cuff", name}] = formatUtc(rig.clock.wall() - ago);
}

}  // namespace

TEST_CASE("a device that should have measured and did not is told once, and stands in the status") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.options.devices[0].expectEvery = 24h;
    remember(rig, "last-reading", 25h + 1min);
    rig.simulate(kNobody);
    rig.start();
    REQUIRE(rig.until([&] { return !overdue(rig).empty(); }));
    const auto event = overdue(rig)[0];
    CHECK(event.availability().from() == v1::AVAILABILITY_NEVER_SEEN);
    CHECK(event.availability().to() == v1::AVAILABILITY_NEVER_SEEN);
    CHECK(event.availability().reason() == "no measurement for 25 h; one is expected every 24 h");
    CHECK(event.text() == event.availability().reason());
    CHECK(event.severity() == v1::SEVERITY_WARNING);
    REQUIRE(rig.until([&] { return rig.hasProblem("measurement-overdue"); }));
    CHECK(rig.problem("measurement-overdue") ==
          "device cuff: no measurement within the expected 24 h: is it used, and is its battery "
          "good?");
    CHECK(rig.adapter->devices().at(0).expected_every_ms() == 24U * 3600 * 1000);

    // Told is told, also in the next life of the hub.
    rig.stop();
    rig.start();
    REQUIRE(rig.until([&] { return rig.hasProblem("measurement-overdue"); }));
    CHECK(overdue(rig).size() == 1);
}

TEST_CASE("a bus that is away hides no overdue measurement") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.options.devices[0].expectEvery = 24h;
    remember(rig, "last-reading", 25h);
    rig.bus.stop();
    rig.start();
    CHECK(rig.until([&] { return rig.hasProblem("measurement-overdue"); }));
    CHECK(rig.hasProblem("bus-away"));
}

TEST_CASE("a reading ends it, and is remembered with its commit") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.options.devices[0].expectEvery = 24h;
    remember(rig, "last-reading", 25h);
    rig.simulate(cuff());
    rig.start();
    REQUIRE(rig.until([&] { return rig.hasProblem("measurement-overdue"); }));
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 15s));
    const auto last = parseUtc(rig.sink.bookmarks.at({"cuff", "last-reading"}));
    REQUIRE(last);
    CHECK(rig.clock.wall() - *last < 1min);
    CHECK(rig.until([&] { return !rig.hasProblem("measurement-overdue"); }));
    CHECK(overdue(rig).size() == 1);
}

TEST_CASE("each state says since when and why; an absent device, when it was last heard of") {
    Rig rig;
    rig.configure("cuff", kCuffAddress);
    rig.configure("off", "C4:7C:8D:6A:12:35");
    rig.options.devices[1].enabled = false;
    rig.simulate(cuff());
    const auto began = rig.clock.wall();
    rig.start();
    const auto state = [&rig](std::size_t index) { return rig.adapter->devices().at(index); };
    CHECK(state(0).availability() == v1::AVAILABILITY_NEVER_SEEN);
    CHECK(state(0).availability_reason() == "not heard since the hub started");
    CHECK(state(1).availability() == v1::AVAILABILITY_DISABLED);
    CHECK(state(1).availability_reason() == "switched off in the configuration");
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 15s));
    CHECK(state(0).availability() == v1::AVAILABILITY_ONLINE);
    CHECK(state(0).availability_reason() == "connected");
    CHECK(fromTimestamp(state(0).availability_since()) > began);
    // Also where the conversation describes it.
    CHECK(rig.sink.descriptors.at("cuff").availability() == v1::AVAILABILITY_ONLINE);
    CHECK(rig.sink.descriptors.at("cuff").availability_reason() == "connected");
    CHECK(rig.sink.descriptors.at("cuff").has_availability_since());
}
