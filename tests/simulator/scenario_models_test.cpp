#include <doctest/doctest.h>

#include "adapters/simulator/scenario.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace std::chrono_literals;

// What only devices of one model have: keys, defaults, and what goes together.

namespace {

Result<Scenario> parse(std::string_view model, std::string_view lines) {
    return parseScenario(fmt::format("devices:\n  d:\n    model: {}\n    address: "
                                     "\"D0:5F:B8:11:22:33\"\n{}",
                                     model, lines),
                         "s.yaml");
}

DeviceSettings device(std::string_view model, std::string_view lines = "") {
    auto scenario = parse(model, lines);
    REQUIRE_MESSAGE(scenario, (scenario ? "" : scenario.error().message));
    return std::move(scenario->devices.front());
}

std::string problems(std::string_view model, std::string_view line) {
    const auto scenario = parse(model, fmt::format("    {}\n", line));
    REQUIRE_FALSE(scenario);
    return scenario.error().message;
}

bool says(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("which devices keep records, and send by themselves") {
    CHECK(device("glucose").records.kept);
    CHECK_FALSE(device("glucose").records.live);
    CHECK_FALSE(device("glucose", "    records: false\n").records.kept);
    CHECK(device("glucose").memory == 500);
    CHECK(device("continuous-glucose").records.kept);
    CHECK(device("continuous-glucose").records.live);
    CHECK_FALSE(device("pulse-oximeter").records.kept);
    CHECK(device("pulse-oximeter", "    records: true\n").records.kept);
    CHECK_FALSE(device("blood-pressure").records.kept);
    CHECK(device("blood-pressure", "    enhanced: true\n").records.kept);
    CHECK_FALSE(device("blood-pressure", "    enhanced: true\n    records: false\n").records.kept);
}

TEST_CASE("what a device with records measured before the start") {
    const auto meter = device("glucose", "    measure: [{at: -2h, every: 1h, glucose: 95}]\n");
    CHECK(meter.measures[0].first == -2h);
    CHECK(says(problems("glucose", "records: false\n    measure: [{at: -2h, glucose: 95}]"),
               "at: is before the start, which needs records"));
    CHECK(says(problems("glucose", "measure: [{at: -2h, every: 1ms, glucose: 95}]"),
               "more than 100000 measurements"));
    CHECK(says(problems("thermometer", "measure: [{at: -2h, temperature: 37}]"), "needs records"));
    CHECK(says(problems("glucose", "measure: [{at: -2y, glucose: 95}]"), "more than a year"));
    CHECK(says(
        problems("continuous-glucose", "session-age: 1h\n    measure: [{at: -2h, glucose: 95}]"),
        "is before the session"));
}

TEST_CASE("the faults of record access are read") {
    const auto own = device("glucose",
                            "    record-access: {ignore: 1, unanswered: 2, busy: 3, wrong-request: "
                            "4, doubled: 5, disconnect-after: 6, times: 7, reverse: true, no-ge: "
                            "true, reset-at: 30s}\n");
    const auto& faults = own.records.faults;
    CHECK(faults.ignore == 1);
    CHECK(faults.unanswered == 2);
    CHECK(faults.busy == 3);
    CHECK(faults.wrongRequest == 4);
    CHECK(faults.doubled == 5);
    CHECK(faults.disconnectAfter == 6U);
    CHECK(faults.disconnectTimes == 7);
    CHECK(faults.reverse);
    CHECK(faults.noAtLeast);
    CHECK(own.records.resetAt == 30s);
    CHECK(says(problems("glucose", "record-access: {times: 1}"), "needs disconnect-after"));
    CHECK(says(problems("glucose", "record-access: {reset-at: -1s}"), "is before the start"));
    CHECK(says(problems("glucose", "record-access: {doubeld: 1}"),
               "s.yaml:5:21: devices.d.record-access.doubeld: unknown key; known here: ignore"));
    CHECK(says(problems("pulse-oximeter", "record-access: {busy: 1}"), "needs records: true"));
    CHECK(says(problems("thermometer", "record-access: {busy: 1}"), "unknown key"));
}

TEST_CASE("a meter: time offset, words and numbers of a measurement") {
    const auto meter = device(
        "glucose",
        "    unit: mmol/L\n    user-time-offset: 602m\n    measure:\n"
        "      - {at: 1s, glucose: 4.9..6.1, type: undetermined-plasma, location: finger, meal: "
        "fasting, tester: self, health: no-issues, carbohydrate: 45, carbohydrate-kind: lunch, "
        "status: [battery-low, result-above-range]}\n"
        "      - {at: 2s, glucose: 5.5, control: true}\n");
    CHECK(meter.userTimeOffset == 602min);
    const auto& first = meter.measures[0];
    CHECK(first.choices.at("type") == 8);
    CHECK(first.choices.at("meal") == 3);
    CHECK(first.choices.at("carbohydrate-kind") == 2);
    CHECK(first.values.at("carbohydrate") == NumberRange{45, 45, 0});
    CHECK(meter.measures[1].choices.at("control") == 1);
    CHECK(says(problems("glucose", "measure: [{at: 1s, glucose: 95, meal: brunch}]"),
               "s.yaml:5:43: devices.d.measure[1].meal: \"brunch\" is not one of: preprandial"));
    CHECK(says(problems("glucose", "measure: [{at: 1s, glucose: 5000}]"), "is not within 0 to"));
    CHECK(says(problems("glucose", "user-time-offset: 40d"), "is more than 32767 minutes"));
    CHECK(says(problems("blood-pressure", "user-time-offset: 1h"), "needs enhanced: true"));
    CHECK(says(problems("blood-pressure", "records: true"), "needs enhanced: true"));
    CHECK(says(problems("thermometer", "measure: [{at: 1s, temperature: 37, meal: fasting}]"),
               "unknown key"));
}

TEST_CASE("a sensor: session, CRC, records in one value") {
    const auto sensor = device("continuous-glucose",
                               "    crc: true\n    session-age: 2h\n    run-time: 14d\n"
                               "    interval: 1m\n    together: 4\n");
    CHECK(sensor.crc);
    CHECK(sensor.session.age == 2h);
    CHECK(sensor.session.runTimeHours == 336);
    CHECK(sensor.session.intervalMinutes == 1);
    CHECK(sensor.session.together == 4);
    CHECK(sensor.clock.kind == ClockKind::none);
    CHECK(says(problems("continuous-glucose", "session-age: -2h"), "must not be negative"));
    CHECK(says(problems("continuous-glucose", "run-time: 10y"), "is not within 0h to 65535h"));
    CHECK(says(problems("continuous-glucose", "interval: 5h"), "is not within 0m to 255m"));
    CHECK(says(problems("continuous-glucose", "together: 0"), "no whole number from 1 to 10"));
}

TEST_CASE("an oximeter: spot checks, streams, or both") {
    const auto both = device("pulse-oximeter",
                             "    mode: both\n    measure:\n"
                             "      - {at: 1s, saturation: 97, pulse: 60}\n"
                             "      - {at: 2s, for: 90s, saturation: 97, pulse: 60}\n"
                             "      - {at: 2s, every: 2s, for: 9s, saturation: 97, pulse: 60}\n");
    CHECK(both.oximeter.spotCheck);
    CHECK(both.oximeter.continuous);
    CHECK_FALSE(both.measures[0].continuous);
    CHECK(both.measures[1].continuous);
    CHECK(both.measures[1].every == 1s);
    CHECK(both.measures[1].times == 90);
    CHECK(both.measures[2].times == 4);
    const std::string start = "measure: [{at: 1s, saturation: 97, pulse: 60";
    CHECK(says(problems("pulse-oximeter", start + ", for: 5s}]"), "needs mode: continuous"));
    CHECK(says(problems("pulse-oximeter", start + ", fast-saturation: 97}]"), "needs the pulse"));
    CHECK(says(problems("pulse-oximeter", start + ", fast-saturation: 97, fast-pulse: 60}]"),
               "fast-saturation: needs for"));
    CHECK(says(problems("pulse-oximeter", start + ", every: 1s, times: 2, for: 5s}]"),
               "cannot both be given"));
    CHECK(says(problems("pulse-oximeter", "mode: continuous\n    " + start + "}]"),
               "is required in this mode"));
    CHECK(says(problems("pulse-oximeter", "mode: continuous\n    records: true"),
               "needs spot-check"));
}

TEST_CASE("a scale: composition, packets, and people with codes") {
    const auto scale = device("weight-scale",
                              "    composition: true\n    packets: 2\n"
                              "    users: {1: {slot: 3, consent: 1234}, 2: {slot: 4}}\n");
    CHECK(scale.scale.hasWeight);
    CHECK(scale.scale.hasComposition);
    CHECK(scale.scale.inTwoPackets);
    CHECK(scale.consents == std::map<std::uint8_t, std::uint16_t>{{3, 1234}});
    CHECK_FALSE(device("weight-scale", "    composition: alone\n").scale.hasWeight);
    CHECK(says(problems("weight-scale", "packets: 2"), "needs composition"));
    CHECK(
        says(problems("weight-scale", "composition: maybe"), "is not one of: false, true, alone"));
    CHECK(says(problems("weight-scale", "measure: [{at: 1s, weight: 80, fat: 20}]"),
               "fat: needs composition: true"));
    CHECK(says(problems("weight-scale", "composition: true\n    measure: [{at: 1s, weight: 80}]"),
               "fat: is required with composition"));
    CHECK(says(problems("weight-scale", "users: {1: {consent: 10000}}"),
               "no whole number from 0 to 9999"));
    CHECK(says(problems("thermometer", "users: {1: {consent: 1}}"), "only a weight-scale"));
}

TEST_CASE("a thermometer: values on the way, and its interval") {
    const auto own = device("thermometer", "    intermediate: 3\n    interval: 5m\n").thermometer;
    CHECK(own.intermediate == 3);
    CHECK(own.intervalSeconds == 300);
    CHECK(says(problems("thermometer", "interval: 1d"), "is not within 0s to 65535s"));
}

TEST_CASE("a strap has a list of intervals, or one") {
    const auto strap =
        device("heart-rate",
               "    measure:\n      - {at: 1s, rate: 70, interval: [800, 810..820]}\n"
               "      - {at: 2s, rate: 70, interval: 800}\n");
    CHECK(strap.measures[0].lists.at("interval") ==
          std::vector{NumberRange{800, 800, 0}, NumberRange{810, 820, 0}});
    CHECK(strap.measures[1].values.at("interval") == NumberRange{800, 800, 0});
    CHECK(says(problems("heart-rate", "measure: [{at: 1s, rate: 70, interval: [800, x]}]"),
               "s.yaml:5:50: devices.d.measure[1].interval: \"x\" is no number"));
    CHECK(says(problems("heart-rate", "measure: [{at: 1s, rate: [70, 71]}]"), "single value"));
}

TEST_CASE("a battery's state, a bond that can be deleted, and the other clocks") {
    const auto own = device("thermometer",
                            "    battery-status: true\n    bond-management: true\n"
                            "    clock: {as: elapsed-time}\n");
    CHECK(own.batteryStatus);
    CHECK(own.bondManagement);
    CHECK(own.clock.kind == ClockKind::elapsedTime);
    CHECK(device("thermometer", "    clock: {as: device-time}\n").clock.kind ==
          ClockKind::deviceTime);
    CHECK(says(problems("thermometer", "battery: none\n    battery-status: true"),
               "needs a battery"));
}

TEST_CASE("a replayed device can have values to read") {
    const auto own =
        device("replay", "    services: {181F: {2AA7: notify, 2AA8: {read: 0080015911ff}}}\n");
    REQUIRE(own.services.size() == 1);
    CHECK(own.services[0].characteristics[1].flags.read);
    CHECK(toHex(own.services[0].values.at(Uuid{0x2aa8})) == "0080015911ff");
    CHECK(says(problems("replay", "services: {181F: {2AA8: {}}}"), "read: is required"));
    CHECK(says(problems("replay", "services: {181F: {2AA8: {read: 0}}}"), "not hexadecimal"));
}
