#include "adapters/session/database.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::session;

namespace {

Service service(std::uint16_t uuid, const std::vector<std::uint16_t>& characteristics) {
    Service made;
    made.uuid = Uuid(uuid);
    for (const auto each : characteristics) {
        Characteristic characteristic;
        characteristic.uuid = Uuid(each);
        characteristic.handle = fmt::format("{:04x}/{:04x}", uuid, each);
        made.characteristics.push_back(characteristic);
    }
    return made;
}

Value valueOf(std::string handle, std::uint16_t characteristic) {
    Value value;
    value.handle = std::move(handle);
    value.characteristic = Uuid(characteristic);
    return value;
}

}  // namespace

TEST_CASE("only what a profile knows is used, in the order of the device") {
    const GattDatabase found{service(0xFFF0, {0xFFF1}), service(0x1809, {0x2A1C, 0x2A1D, 0xFFF2}),
                             service(0x1810, {0x2A35})};
    const Database database(found, {});
    CHECK(database.kinds() == std::vector<std::string>{"body-temperature", "blood-pressure"});
    CHECK(database.endpoints(profiles::Role::measurement).size() == 2);
    CHECK(database.endpoints(profiles::Role::feature).size() == 1);
    CHECK_FALSE(database.clock());
}

TEST_CASE("a measurement in a maker's own service is one of its profile") {
    const Database database({service(0xFFF0, {0x2A35})}, {});
    CHECK(database.kinds() == std::vector<std::string>{"blood-pressure"});
}

TEST_CASE("kinds that the settings do not list are left out, wherever they are") {
    DeviceSettings settings;
    settings.profiles = {"body-temperature"};
    const GattDatabase found{service(0x1809, {0x2A1C}), service(0x1810, {0x2A35, 0x2A49}),
                             service(0xFFF0, {0x2A35}), service(0x180F, {0x2A19})};
    const Database database(found, settings);
    CHECK(database.kinds() == std::vector<std::string>{"body-temperature"});
    CHECK(database.endpoints(profiles::Role::information).size() == 1);
}

TEST_CASE("whether a profile is asked for is a matter of its kind") {
    DeviceSettings settings;
    const auto& pressure = *profiles::findKind("blood-pressure");
    CHECK(isWanted(pressure, settings));
    settings.profiles = {"weight"};
    CHECK_FALSE(isWanted(pressure, settings));
    CHECK(isWanted(*profiles::findService(Uuid(0x180F)), settings));
}

TEST_CASE("the clock that is read need not be the one that is written") {
    struct Row {
        const char* what;
        std::vector<std::tuple<std::uint16_t, std::uint16_t, std::string_view>> found;
        std::string_view read;
        std::string_view written;
    };
    const std::array rows{
        Row{"none", {{0x1810, 0x2A35, "i"}}, "", ""},
        Row{"one for both", {{0x1805, 0x2A2B, "rw"}}, "1805/2a2b", "1805/2a2b"},
        Row{"Current Time only to be read",
            {{0x1805, 0x2A2B, "r"}, {0x1810, 0x2A08, "rw"}},
            "1805/2a2b",
            "1810/2a08"},
        Row{"both to be written: the one in the measurement's service",
            {{0x1805, 0x2A2B, "rw"}, {0x1810, 0x2A08, "rw"}},
            "1805/2a2b",
            "1810/2a08"},
        Row{"a maker's own service is not the measurement's",
            {{0x1805, 0x2A2B, "rw"}, {0xFFF0, 0x2A08, "rw"}},
            "1805/2a2b",
            "1805/2a2b"},
        Row{"Current Time only to be written",
            {{0x1805, 0x2A2B, "w"}, {0x1810, 0x2A08, "r"}},
            "1810/2a08",
            "1805/2a2b"},
        Row{"only to be written", {{0x1810, 0x2A08, "w"}}, "", "1810/2a08"},
        Row{"only to be read", {{0x1810, 0x2A08, "r"}}, "1810/2a08", ""},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        GattDatabase found;
        for (const auto& [uuid, characteristic, properties] : row.found) {
            found.push_back(service(uuid, {characteristic}));
            auto& added = found.back().characteristics.back();
            added.canRead = properties.contains('r');
            added.canWrite = properties.contains('w');
        }
        const Database database(found, {});
        const auto handle = [](const std::optional<Endpoint>& endpoint) {
            return endpoint ? endpoint->characteristic.handle : std::string();
        };
        CHECK(handle(database.clock()) == row.read);
        CHECK(handle(database.settableClock()) == row.written);
    }
}

TEST_CASE("features stay with their service") {
    Database database({service(0x1809, {0x2A1C, 0x2A1D}), service(0x1810, {0x2A35, 0x2A49})}, {});
    const auto features = database.endpoints(profiles::Role::feature);
    REQUIRE(features.size() == 2);
    database.setFeature(features[0], {3});
    CHECK(database.feature(*features[0].profile) == Bytes{3});
    CHECK(database.feature(*features[1].profile).empty());
}

TEST_CASE("the origin of a value is found by handle, else by what its characteristic is") {
    const Database database({service(0x1810, {0x2A35})}, {});
    const auto known = database.origin(valueOf("1810/2a35", 0x2A35));
    REQUIRE(known);
    CHECK(known->characteristic.handle == "1810/2a35");
    const auto gone = Database().origin(valueOf("x", 0x2A9D));
    REQUIRE(gone);
    REQUIRE(gone->profile != nullptr);
    CHECK(gone->profile->kind == "weight");
    CHECK_FALSE(database.origin(valueOf("x", 0x2ABC)));
}
