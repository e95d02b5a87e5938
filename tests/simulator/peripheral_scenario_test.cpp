#include "adapters/simulator/peripheral_scenario.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::simulator;

namespace {

Result<DeviceSettings> chosen(std::string_view devices) {
    const auto scenario = parseScenario(fmt::format("devices:\n{}", devices), "s.yaml");
    REQUIRE_MESSAGE(scenario, (scenario ? "" : scenario.error().message));
    return peripheralOf(*scenario);
}

Result<DeviceSettings> cuff(std::string_view keys) {
    return chosen(fmt::format(
        "  cuff: {{model: blood-pressure, address: \"D0:5F:B8:11:22:33\", {}}}\n", keys));
}

bool says(const Result<DeviceSettings>& result, std::string_view part) {
    return !result && result.error().message.find(part) != std::string::npos;
}

constexpr std::string_view kStrangers = "  stranger: {model: advertiser, count: 3}\n";
constexpr std::string_view kScale =
    "  scale: {model: weight-scale, address: \"D0:5F:B8:11:22:34\"}\n";
constexpr std::string_view kEar = "  ear: {model: thermometer, address: \"D0:5F:B8:11:22:35\"}\n";

}  // namespace

TEST_CASE("one device that can be connected to is chosen, whoever advertises beside it") {
    const auto device = chosen(fmt::format("{}{}", kStrangers, kScale));
    REQUIRE(device);
    CHECK(device->name == "scale");
}

TEST_CASE("none or two are too few or too many") {
    CHECK(says(chosen(kStrangers), "no device that can be connected to"));
    CHECK(says(chosen(fmt::format("{}{}", kScale, kEar)), "scale and ear"));
}

TEST_CASE("an advertisement must fit, with the counter in it") {
    CHECK(cuff("information: {name: \"12345678901234567890123456789\"}"));
    CHECK(says(cuff("information: {name: \"123456789012345678901234567890\"}"),
               "cuff: the advertised name has 30 octets, at most 29 fit"));
    // 3 flags, 6 counter, 4 service: 18 are left, 4 of them for length, type and company.
    CHECK(cuff("advertise: {manufacturer-data: {0x020E: \"0102030405060708090a0b0c0d0e\"}}"));
    CHECK(says(cuff("advertise: {manufacturer-data: {0x020E: \"0102030405060708090a0b0c0d0e0f\"}}"),
               "has 32 octets"));
    CHECK(says(cuff("advertise: {service-data: {1810: \"0102030405060708090a0b0c0d0e0f\"}}"),
               "has 32 octets"));
    CHECK(says(cuff("advertise: {manufacturer-data: {0xFFFF: \"01\"}}"), "own counter"));
}
