#include "adapters/profiles/describe.hpp"
#include "tests/simulator/device_bench.hpp"
#include "tests/simulator/round_trip.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

// What a device says of itself once and for all, from the scenario's words to those of the hub.

namespace {

/// What the hub's decoders make of a characteristic that the device serves.
std::string told(Bench& bench, std::uint16_t uuid) {
    const auto& characteristic = bench.characteristic(uuid);
    CHECK(characteristic.flags.read);
    CHECK_FALSE(characteristic.flags.write);
    REQUIRE(bench.device->connect());
    const auto value = bench.device->read(characteristic);
    REQUIRE(value);
    const auto json = profiles::describeAsJson(Uuid{uuid}, *value);
    return json ? *json : json.error().message;
}

}  // namespace

TEST_CASE("the system id is an EUI-64 as people write it") {
    Bench bench("    information: {system-id: 123456FFFE9ABCDE}\n");
    CHECK(told(bench, 0x2a23) == R"({"systemId":"123456fffe9abcde"})");
    CHECK(bench.read(0x2a23) == "debc9afeff563412");
}

TEST_CASE("the PnP id comes over with its source") {
    Bench usb(
        "    information: {pnp-id: {source: usb, vendor: 0x1209, product: 513, version: "
        "0x0110}}\n");
    CHECK(told(usb, 0x2a50) ==
          R"({"vendorIdSource":"usb","vendorId":4617,"productId":513,"productVersion":272})");
    Bench bluetooth("    information: {pnp-id: {vendor: 65535}}\n");
    CHECK(told(bluetooth, 0x2a50) ==
          R"({"vendorIdSource":"bluetooth","vendorId":65535,"productId":0,"productVersion":0})");
}

TEST_CASE("certifications come over in words") {
    Bench regulated(
        "    information: {regulatory: {major: 7, minor: 1, classes: [0x0007, 0x8008]}}\n");
    CHECK(told(regulated, 0x2a2a) ==
          R"({"regulatory":["continua version 7.1","continua certified class 0x0007",)"
          R"("continua certified class 0x8008","continua regulated device"]})");
    Bench unregulated("    information: {regulatory: {major: 2, regulated: false}}\n");
    CHECK(told(unregulated, 0x2a2a) ==
          R"({"regulatory":["continua version 2.0","continua unregulated device"]})");
}

TEST_CASE("the device identifier comes over with those of its texts that there are") {
    Bench whole(
        "    information: {udi: {label: \"(01)04012345\", device: \"04012345\", issuer: \"1.2\", "
        "authority: \"3.4\"}}\n");
    const auto all = told(whole, 0x2bff);
    for (const auto* text : {"(01)04012345", "\"04012345\"", "\"1.2\"", "\"3.4\""}) {
        CAPTURE(text);
        CHECK(all.find(text) != std::string::npos);
    }
    Bench part("    information: {udi: {device: \"04012345\"}}\n");
    const auto one = told(part, 0x2bff);
    CHECK(one.find("04012345") != std::string::npos);
    CHECK(one.find("1.2") == std::string::npos);
    CHECK(part.read(0x2bff).starts_with("02"));
}

TEST_CASE("zone and daylight saving come over in minutes, or as unknown") {
    Bench summer("    clock: {tells-zone: 60m, tells-daylight-saving: 60m}\n");
    CHECK(told(summer, 0x2a0f) == R"({"timeZoneMin":60,"daylightSavingMin":60})");
    Bench west("    clock: {tells-zone: -210m, tells-daylight-saving: 30m}\n");
    CHECK(told(west, 0x2a0f) == R"({"timeZoneMin":-210,"daylightSavingMin":30})");
    Bench east("    clock: {tells-zone: 14h, tells-daylight-saving: 120m}\n");
    CHECK(told(east, 0x2a0f) == R"({"timeZoneMin":840,"daylightSavingMin":120})");
    Bench standard("    clock: {tells-zone: 60m}\n");
    CHECK(told(standard, 0x2a0f) == R"({"timeZoneMin":60,"daylightSavingMin":0})");
    Bench unknown("    clock: {tells-zone: unknown, tells-daylight-saving: unknown}\n");
    CHECK(told(unknown, 0x2a0f) == R"({"timeZoneMin":"unknown","daylightSavingMin":"unknown"})");
}

TEST_CASE("what is not given has no characteristic") {
    Bench bench("");
    for (const auto* uuid : {"2A23", "2A50", "2A2A", "2BFF", "2A0F"}) {
        CAPTURE(uuid);
        CHECK(bench.device->database().find(*Uuid::parse(uuid)) == nullptr);
    }
}

TEST_CASE("what cannot be said is a mistake in the scenario") {
    const auto mistake = [](std::string_view keys) {
        const auto read = parseScenario(fmt::format("devices:\n  cuff:\n    model: blood-pressure\n"
                                                    "    address: \"C4:7C:8D:6A:12:34\"\n{}",
                                                    keys),
                                        "s.yaml");
        return read ? std::string() : read.error().message;
    };
    const auto has = [&](std::string_view keys, std::string_view part) {
        CAPTURE(mistake(keys));
        return mistake(keys).find(part) != std::string::npos;
    };
    CHECK(has("    information: {system-id: 1234}\n", "does not have 8 octets"));
    CHECK(has("    information: {pnp-id: {source: isa}}\n", "source"));
    CHECK(has("    information: {regulatory: {classes: [65536]}}\n", "classes"));
    CHECK(has("    information: {udi: {number: 1}}\n", "number"));
    CHECK(has("    clock: {tells-zone: 50m}\n", "is no quarter of an hour"));
    CHECK(has("    clock: {tells-zone: 15h}\n", "is no quarter of an hour"));
    CHECK(
        has("    clock: {tells-zone: 60m, tells-daylight-saving: 90m}\n", "tells-daylight-saving"));
    CHECK(has("    clock: {tells-daylight-saving: 60m}\n", "needs tells-zone"));
    CHECK(has("    clock: {as: date-time, tells-zone: 60m}\n", "needs as: current-time"));
}
