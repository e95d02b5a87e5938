#include "tests/simulator/served_house.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator::testing;
using namespace std::chrono_literals;

// Control points over the stand-in for BlueZ.

namespace {

constexpr std::string_view kMeter = R"(
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  meter:
    model: glucose
    address: "C4:7C:8D:6A:12:34"
    clock: {as: none}
    advertise: {every: 50ms}
    measure: [{at: 100ms, glucose: 95}, {at: 110ms, glucose: 96}]
bluez: {connect-after: 10ms, services-resolved-after: 20ms, answer-after: 2ms}
)";

}  // namespace

TEST_CASE("records are asked for and arrive over the bus, the answer last") {
    ServedHouse house(kMeter);
    REQUIRE(house.connectDevice());
    const auto write = [&](std::string_view hex) {
        return house.errorOf(
            house.characteristic("2A52", "WriteValue", {*fromHex(hex), dbus::Dict{}}));
    };
    CHECK(write("0101") == "org.bluez.Error.Failed: Operation failed with ATT error: 0xfd");
    for (const auto* uuid : {"2A18", "2A52"}) {
        REQUIRE(house.characteristic(uuid, "StartNotify"));
    }
    const auto record = house.pathOf("2A18");
    const auto answer = house.pathOf("2A52");
    REQUIRE(house.runs([&] { return house.wrote(R"("what":"measured","n":2,)"); }));
    house.signals.clear();
    CHECK(write("0101").empty());
    CHECK(write("0401") == "org.bluez.Error.Failed: Operation failed with ATT error: 0xfe");
    const auto taken = [&] {
        return house.wrote(R"("what":"taken","n":1,)") && house.wrote(R"("what":"taken","n":2,)");
    };
    REQUIRE(house.runs(taken));
    REQUIRE(house.runs([&] { return house.changes(answer, "Value").size() == 1; }));
    CHECK(house.changes(answer, "Value").back() == dbus::Value(*fromHex("06000101")));
    CHECK(house.changes(record, "Value").size() == 2);
    CHECK(write("0401").empty());
    REQUIRE(house.runs([&] { return house.changes(answer, "Value").size() == 2; }));
    CHECK(house.changes(answer, "Value").back() == dbus::Value(*fromHex("05000200")));
}
