#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "adapters/simulator/model.hpp"
#include "adapters/simulator/peripheral_scenario.hpp"
#include "tests/support/paths.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace std::chrono_literals;

namespace {

Scenario shipped(const std::string& name) {
    auto scenario = readScenario(testing::sourceFolder() + "/packaging/scenarios/" + name);
    REQUIRE_MESSAGE(scenario, (scenario ? "" : scenario.error().message));
    return std::move(*scenario);
}

}  // namespace

TEST_CASE("the household: known addresses, and a first reading from each device within 10 s") {
    const auto scenario = shipped("household.yaml");
    std::set<std::string> addresses;
    for (const auto& device : scenario.devices) {
        addresses.insert(device.address.text());
        const auto isEarly = [](const Measure& each) { return each.first <= 10s && !each.failed; };
        CAPTURE(device.name);
        CHECK(std::ranges::any_of(device.measures, isEarly));
        const auto goesOn = [](const Measure& each) { return each.every && each.times == 0; };
        CHECK(std::ranges::any_of(device.measures, goesOn));
    }
    CHECK(addresses == std::set<std::string>{"C4:7C:8D:6A:12:34", "D0:5F:B8:11:22:33",
                                             "E8:9E:B4:0A:0B:0C", "F0:13:C3:55:66:77"});
}

TEST_CASE("the captures are played octet by octet") {
    std::set<std::string> payloads;
    for (const auto& device : shipped("captures.yaml").devices) {
        for (const auto& [service, data] : device.advertise.serviceData) {
            payloads.insert(service.shortText() + " " + toHex(data));
        }
        for (const auto& each : device.measures) {
            payloads.insert(each.characteristic->shortText() + " " + toHex(each.payload));
        }
    }
    CHECK(payloads ==
          std::set<std::string>{
              "2A1C 04530d00fe09", "2A1C 066b0100ffda070102011f0000",
              "2A35 16ff07ff07ff07e80706170e230aff070000",
              "2A35 de88f420f3ff07e4070113163700bcf2014401", "2A9D 0e783eea07050c12353601ee002607",
              "2A9D 0ef22fe507071715211f02d400a406", "2A9C 9803c500a01b7c013c2f74205212",
              "2A18 1b0400e407070e0b06055a0277b0f80000", "2A18 030000e407030e171700000070b011",
              "2A5E 1761006000e10701010122132000200000", "2A5F 0c62004e002000000000",
              "181D a24c63e20702010f2f1c", "181B 0204e30707031216330000f81b"});
}

TEST_CASE("the clinic has every model that measures, each within 20 s") {
    std::set<std::string> models;
    for (const auto& device : shipped("clinic.yaml").devices) {
        models.insert(device.model);
        CAPTURE(device.name);
        CHECK_FALSE(device.measures.empty());
        for (const auto& each : device.measures) CHECK(each.first < 20s);
    }
    for (const auto& spec : allModels()) {
        CAPTURE(spec.word);
        const bool measures = spec.word != "advertiser" && spec.word != "replay";
        CHECK(models.contains(std::string(spec.word)) == measures);
    }
}

TEST_CASE("the strap can be a real peripheral") {
    const auto strap = peripheralOf(shipped("strap.yaml"));
    REQUIRE(strap);
    CHECK(strap->name == "strap");
    CHECK_FALSE(strap->measures.empty());
}

TEST_CASE("the awkward ones: what they are there for") {
    const auto scenario = shipped("awkward.yaml");
    const auto has = [&](auto predicate) {
        return std::ranges::any_of(scenario.devices, predicate);
    };
    CHECK(has([](const DeviceSettings& each) { return !each.pairing.encrypt.empty(); }));
    CHECK(has([](const DeviceSettings& each) { return !each.refuse.write.empty(); }));
    CHECK(has([](const DeviceSettings& each) { return each.clock.frozen; }));
    CHECK(has([](const DeviceSettings& each) { return each.disconnect.at.has_value(); }));
    CHECK(scenario.bluez.servicesResolvedAfter > 1s);
}
