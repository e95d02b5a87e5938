#include "adapters/profiles/registry.hpp"

#include <algorithm>

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

using namespace profiles;

TEST_CASE("services are found by UUID and kind") {
    REQUIRE(findService(Uuid(0x1810)) != nullptr);
    CHECK(findService(Uuid(0x1810))->kind == "blood-pressure");
    CHECK(findService(Uuid(0x1809))->kind == "body-temperature");
    CHECK(findService(Uuid(0x181D))->kind == "weight");
    CHECK(findService(Uuid(0x180D))->kind == "heart-rate");
    CHECK(findService(Uuid(0x180A))->kind.empty());
    CHECK(findService(Uuid(0x180F))->name == "Battery");
    CHECK(findService(Uuid(0x1805))->name == "Current Time");
    CHECK(findService(Uuid(0x1800)) == nullptr);
    CHECK(findKind("weight") == findService(Uuid(0x181D)));
    CHECK(findKind("") == nullptr);
    CHECK(findKind("levitation") == nullptr);
}

TEST_CASE("characteristics are found by their whole UUID") {
    REQUIRE(findCharacteristic(Uuid(0x2A35)) != nullptr);
    CHECK(findCharacteristic(Uuid(0x2A35))->name == "Blood Pressure Measurement");
    CHECK(findCharacteristic(Uuid(0x2A08))->role == Role::clock);
    CHECK(findCharacteristic(*Uuid::parse("00002a35-1212-efde-1523-785feabcd123")) == nullptr);
}

TEST_CASE("every row of the table can be used") {
    for (const auto& profile : allProfiles()) {
        CAPTURE(std::string(profile.name));
        int measurements = 0;
        for (const auto& spec : profile.characteristics) {
            CHECK((spec.decode != nullptr));
            CHECK_FALSE(spec.name.empty());
            measurements += spec.role == Role::measurement ? 1 : 0;
        }
        CHECK((measurements > 0) != profile.kind.empty());
    }
}

TEST_CASE("values of every length and repeated octet are refused or may be believed") {
    for (const auto& profile : allProfiles()) {
        for (const auto& spec : profile.characteristics) {
            CAPTURE(spec.uuid);
            for (unsigned octet = 0; octet < 256; octet += 3) {
                for (std::size_t length = 0; length < 24; ++length) {
                    const Bytes value(length, static_cast<std::uint8_t>(octet));
                    CHECK(violation(spec, value, {}) == "");
                }
            }
        }
    }
}

}  // namespace vitalgate::testing
