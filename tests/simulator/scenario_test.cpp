#include "adapters/simulator/scenario.hpp"

#include <doctest/doctest.h>

#include "adapters/simulator/scenario_values.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace std::chrono_literals;

namespace {

std::string problemsOf(std::string_view text) {
    const auto scenario = parseScenario(text, "s.yaml");
    REQUIRE_FALSE(scenario);
    CHECK(scenario.error().kind == ErrorKind::invalid);
    return scenario.error().message;
}

bool says(const std::string& problems, std::string_view part) {
    return problems.find(part) != std::string::npos;
}

constexpr std::string_view kCuff = R"(seed: 7
adapters: {hci1: {address: "00:11:22:33:44:66", powered: false}}
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    information: {name: BP-7000, manufacturer: Example, firmware: "1.4"}
    pairing: {demand: passkey, passkey: 123456, encrypt: [2A35], forget-after: 12h}
    clock: {ahead: -16y, settable: true, drift: 20ppm}
    users: {1: {slot: 1}, 2: {slot: 3}}
    advertise: {when: after-measurement, for: 5s, every: 100ms, signal: -62dBm, away: [{at: 20s, for: 10s}]}
    disconnect: {after-values: 3, reason: by-device}
    measure:
      - {at: 10s, user: 1, systolic: 128, diastolic: 82, mean: 97, pulse: 71, status: [irregular-pulse]}
      - {at: 15s, user: 2, failed: true}
      - {every: 1m, times: 200, user: 1, systolic: 118..142, diastolic: 74..88, pulse: 58..80}
  stranger: {model: advertiser, count: 200, every: 1s}
bluez:
  services-resolved-after: 800ms
  faults: [{at: 3m, freeze: discovery, for: 2m}]
)";

}  // namespace

TEST_CASE("a scenario is read whole") {
    const auto scenario = parseScenario(kCuff, "s.yaml");
    REQUIRE(scenario);
    CHECK(scenario->seed == 7);
    REQUIRE(scenario->adapters.size() == 1);
    CHECK(scenario->adapters[0].name == "hci1");
    CHECK_FALSE(scenario->adapters[0].powered);
    REQUIRE(scenario->devices.size() == 201);
    const auto& cuff = scenario->devices[0];
    CHECK(cuff.name == "cuff");
    CHECK(cuff.address.text() == "C4:7C:8D:6A:12:34");
    CHECK(cuff.information.firmware == "1.4");
    CHECK(cuff.pairing.demand == PairingDemand::passkey);
    CHECK(cuff.pairing.passkey == 123456);
    CHECK(cuff.pairing.encrypt == std::vector{Uuid{0x2a35}});
    CHECK(cuff.pairing.forgetAfter == 12h);
    CHECK(cuff.clock.kind == ClockKind::currentTime);
    CHECK(cuff.clock.ahead == -5844 * 24h);
    CHECK(cuff.clock.driftPpm == 20);
    CHECK(cuff.slots == std::map<int, std::uint8_t>{{1, 1}, {2, 3}});
    CHECK(cuff.advertise.when == AdvertiseWhen::afterMeasurement);
    CHECK(cuff.advertise.window == 5s);
    CHECK(cuff.advertise.every == 100ms);
    CHECK(cuff.advertise.signalDbm == -62);
    CHECK(cuff.advertise.away == std::vector{Away{20s, 10s}});
    CHECK(cuff.disconnect.afterValues == 3U);
    REQUIRE(cuff.measures.size() == 3);
    CHECK(cuff.measures[0].first == 10s);
    CHECK(cuff.measures[0].times == 1);
    CHECK(cuff.measures[0].statuses == std::vector<std::string>{"irregular-pulse"});
    CHECK(cuff.measures[1].failed);
    CHECK(cuff.measures[2].first == 1min);
    CHECK(cuff.measures[2].times == 200);
    CHECK(cuff.measures[2].values.at("systolic") == NumberRange{118, 142, 0});
    CHECK(scenario->bluez.servicesResolvedAfter == 800ms);
    REQUIRE(scenario->bluez.faults.size() == 1);
    CHECK(scenario->bluez.faults[0].lasting == 2min);
}

TEST_CASE("a crowd has addresses of its own, the same for the same seed") {
    const auto one = parseScenario(kCuff, "s.yaml");
    const auto again = parseScenario(kCuff, "s.yaml");
    const auto other = parseScenario(kCuff, "s.yaml", 8);
    REQUIRE(one);
    CHECK(one->devices[1].name == "stranger-1");
    CHECK_FALSE(one->devices[1].advertise.connectable);
    CHECK((one->devices[1].address.octets()[0] & 0xc0U) == 0xc0U);
    CHECK(one->devices[1].address != one->devices[2].address);
    CHECK(one->devices[1].address == again->devices[1].address);
    CHECK(one->devices[1].address != other->devices[1].address);
}

TEST_CASE("every mistake is named with its line and column, all at once") {
    const auto problems = problemsOf(R"(seed: x
devices:
  cuff: {model: blood-presure, address: "1"}
  t:
    model: thermometer
    adress: "D0:5F:B8:11:22:33"
    measure: [{at: 5, temperature: 36..x}, {every: 1s, user: 1}]
bluez: {never-resolve: [nobody], foo: 1}
)");
    CHECK(says(problems, "s.yaml:1:7: seed: \"x\" is no whole number"));
    CHECK(says(problems, "s.yaml:3:17: devices.cuff.model: \"blood-presure\" is not one of"));
    CHECK(says(problems, "s.yaml:6:5: devices.t.adress: unknown key; known here: model, address"));
    CHECK(says(problems, "s.yaml:5:5: devices.t.address: is required"));
    CHECK(says(problems, "s.yaml:7:20: devices.t.measure[1].at: \"5\" is no duration"));
    CHECK(says(problems, "s.yaml:7:36: devices.t.measure[1].temperature: \"36..x\" is no number"));
    CHECK(says(problems, "devices.t.measure[2].temperature: is required, or failed: true"));
    CHECK(says(problems, "s.yaml:8:25: bluez.never-resolve: no device is called \"nobody\""));
    CHECK(says(problems, "s.yaml:8:34: bluez.foo: unknown key"));
}

TEST_CASE("values that make no sense are refused") {
    const auto with = [](std::string_view line) {
        return problemsOf(
            "devices:\n  d:\n    model: blood-pressure\n    address: "
            "\"D0:5F:B8:11:22:33\"\n    " +
            std::string(line) + "\n");
    };
    CHECK(says(with("address: 12"), "stands twice"));
    CHECK(says(with("pairing: {demand: passkey}"), "passkey: is required: six digits"));
    CHECK(says(with("pairing: {demand: maybe}"), "is not one of: none, just-works"));
    CHECK(says(with("pairing: {demand: passkey, passkey: 1000000}"), "no whole number"));
    CHECK(says(with("pairing: {demand: just-works, forget-after: 0s}"), "longer than nothing"));
    CHECK(says(with("pairing: {demand: refuse, forget-after: 1s}"), "needs a demand that bonds"));
    CHECK(says(with("advertise: {away: 5s}"), "advertise.away: must be a list"));
    CHECK(says(with("advertise: {away: [{at: 5s}]}"), "needs at and for"));
    CHECK(says(with("advertise: {away: [{at: 5s, for: 0s, to: 1s}]}"), "unknown key"));
    CHECK(says(with("unit: stone"), "is not one of: mmHg, kPa"));
    CHECK(says(with("site: ear"), "unknown key"));
    CHECK(says(with("battery: full"), "no whole number"));
    CHECK(says(with("clock: {zone: Middle/Earth}"), "clock.zone"));
    CHECK(says(with("clock: fast"), "must be a map of keys, not a text"));
    CHECK(says(with("advertise: {every: 1ms}"), "the least that Bluetooth allows"));
    CHECK(says(with("advertise: {signal: -62}"), "no signal strength"));
    CHECK(says(with("users: {1: {slot: 300}}"), "no whole number from 0 to 255"));
    CHECK(says(with("measure: {at: 1s}"), "must be a list"));
    CHECK(says(with("measure: [{at: 1s, failed: true, status: [tired]}]"), "is no status"));
    CHECK(says(with("measure: [{at: 1s, times: 2, failed: true}]"), "needs every"));
    CHECK(says(with("measure: [{failed: true}]"), "is required, or every"));
    CHECK(says(with("measure: [{at: 1s, systolic: 5000, diastolic: 80}]"), "is not within"));
    CHECK(says(with("measure: [{at: 1s, systolic: 90..80, diastolic: 80}]"), "above the second"));
    CHECK(says(with("users: {1: {slot: 1}}\n    measure: [{at: 1s, user: 2, failed: true}]"),
               "does not stand in users"));
}

TEST_CASE("a payload must have its characteristic in a service") {
    const auto problems = problemsOf(R"(devices:
  d:
    model: replay
    address: "D0:5F:B8:11:22:33"
    services: {1810: {2A35: indicate, 2A36: shout}}
    measure: [{at: 1s, characteristic: 2A9D, hex: 0}]
)");
    CHECK(says(problems, "\"shout\" is not one of: indicate, notify"));
    CHECK(says(problems, "not hexadecimal"));
    CHECK(says(problems, "does not stand in services"));
}

TEST_CASE("two devices cannot share an address, and there must be one") {
    CHECK(says(problemsOf("devices:\n  a: {model: thermometer, address: \"D0:5F:B8:11:22:33\"}\n"
                          "  b: {model: thermometer, address: \"D0:5F:B8:11:22:33\"}\n"),
               "a and b have the same address"));
    CHECK(says(problemsOf("seed: 1\n"), "at least one device is required"));
    CHECK(says(problemsOf(""), "must be a map of keys"));
    CHECK(says(problemsOf("devices: {a: {model: advertiser, count: 6000}}"), "no whole number"));
}

TEST_CASE("a file that is not there is named") {
    const auto scenario = readScenario("/nonexistent/s.yaml");
    REQUIRE_FALSE(scenario);
    CHECK(scenario.error().message == "/nonexistent/s.yaml: no such file");
}

TEST_CASE("durations, ranges and zones as people write them") {
    CHECK(parseSpan("250ms") == 250ms);
    CHECK(parseSpan("-1.5h") == -90min);
    CHECK(parseSpan("+2d") == 48h);
    CHECK_FALSE(parseSpan("5"));
    CHECK_FALSE(parseSpan("s"));
    CHECK_FALSE(parseSpan("1e5s"));
    CHECK_FALSE(parseSpan("900y"));
    CHECK(parseRange("36.40..37.2") == NumberRange{36.4, 37.2, 2});
    CHECK(parseRange("nan") == NumberRange{0, 0, 0, Special::notANumber});
    CHECK_FALSE(parseRange("1..2..3"));
    CHECK_FALSE(parseRange("0x10"));
    CHECK_FALSE(parseRange(""));
}
