// What the simulated devices serve to be read, decoded by the hub: two readings of the same
// specifications, by code that shares nothing.
#include <array>
#include <set>

#include "adapters/profiles/describe.hpp"
#include "tests/simulator/device_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

constexpr auto kAll =
    "    battery: 80\n    battery-status: true\n    bond-management: true\n"
    "    information: {name: N, manufacturer: M, model: X, serial: S, firmware: F, hardware: H, "
    "software: W, system-id: 123456FFFE9ABCDE, pnp-id: {vendor: 1}, udi: {label: L}, "
    "regulatory: {major: 7}}\n";

struct Served {
    const char* model;
    const char* keys;
    std::vector<std::uint16_t> characteristics;  ///< beside those that all serve
};

const std::vector<Served>& devices() {
    static const std::vector<Served> kDevices{
        {"blood-pressure", "", {0x2A49, 0x2A2B}},
        {"blood-pressure", "    enhanced: true\n    clock: {as: device-time}\n", {0x2B8E, 0x2B90}},
        {"thermometer", "    site: ear\n    interval: 5m\n", {0x2A1D, 0x2A21}},
        {"weight-scale", "    composition: true\n", {0x2A9E, 0x2A9B}},
        {"heart-rate", "", {0x2A38}},
        {"glucose", "    clock: {as: date-time}\n", {0x2A51, 0x2A08}},
        {"continuous-glucose", "", {0x2AA8, 0x2AA9, 0x2AAA, 0x2AAB}},
        {"pulse-oximeter", "    clock: {as: elapsed-time}\n", {0x2A60, 0x2BF2}},
        {"blood-pressure", "    clock: {tells-zone: 1h}\n", {0x2A0F}},
    };
    return kDevices;
}

constexpr std::array<std::uint16_t, 13> kServedByAll{0x2A19, 0x2BED, 0x2AA5, 0x2A29, 0x2A24,
                                                     0x2A25, 0x2A26, 0x2A27, 0x2A28, 0x2A23,
                                                     0x2A50, 0x2A2A, 0x2BFF};

}  // namespace

TEST_CASE("what can be read of a device is decoded, whatever it is") {
    for (const auto& row : devices()) {
        CAPTURE(std::string(row.model));
        CAPTURE(std::string(row.keys));
        Bench bench(joined({kAll, row.keys}), row.model);
        REQUIRE(bench.device->connect());
        std::set<std::uint16_t> decoded;
        for (const auto& service : bench.device->database().services()) {
            for (const auto& each : service.characteristics) {
                const auto* spec = profiles::findCharacteristic(each.uuid);
                if (!each.flags.read || spec == nullptr) continue;
                CAPTURE(std::string(spec->name));
                const auto value = bench.device->read(each);
                REQUIRE(value);
                const auto json = profiles::describeAsJson(each.uuid, *value);
                CHECK_MESSAGE(json, (json ? "" : json.error().message));
                decoded.insert(spec->uuid);
            }
        }
        for (const auto uuid : row.characteristics) CHECK(decoded.contains(uuid));
        for (const auto uuid : kServedByAll) {
            CAPTURE(Uuid(uuid).shortText());
            CHECK(decoded.contains(uuid));
        }
    }
}
