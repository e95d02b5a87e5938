#include "adapters/profiles/bond_management.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr auto kControl = profiles::kBondManagementControlPoint;
constexpr std::uint16_t kFeature = 0x2AA5;

}  // namespace

TEST_CASE("a device is asked to forget the bond of the hub that asks, and no other") {
    CHECK(toHex(profiles::deleteOwnBondLe()) == "03");
    CHECK(json(kControl, "03") == R"({"operation":"delete-own-bond-le"})");
}

TEST_CASE("each operation on bonds has its word") {
    CHECK(json(kControl, "01") == R"({"operation":"delete-own-bond"})");
    CHECK(json(kControl, "02") == R"({"operation":"delete-own-bond-classic"})");
    CHECK(json(kControl, "04") == R"({"operation":"delete-all-bonds"})");
    CHECK(json(kControl, "05") == R"({"operation":"delete-all-bonds-classic"})");
    CHECK(json(kControl, "06") == R"({"operation":"delete-all-bonds-le"})");
    CHECK(json(kControl, "07") == R"({"operation":"delete-all-other-bonds"})");
    CHECK(json(kControl, "08") == R"({"operation":"delete-all-other-bonds-classic"})");
    CHECK(json(kControl, "09") == R"({"operation":"delete-all-other-bonds-le"})");
    CHECK(json(kControl, "00") == R"({"operation":"unknown"})");
    CHECK(json(kControl, "0a") == R"({"operation":"unknown"})");
    checkPrefixes(kControl, octets("03"));
}

TEST_CASE("an authorisation code is not shown") {
    CHECK(json(kControl, "03 31323334") ==
          R"({"operation":"delete-own-bond-le","authorisationCode":true})");
    CHECK(json(kControl, "03 39") == json(kControl, "03 31323334"));
    CHECK(decodeError(kControl, Bytes(513, 3)).reason == v1::REFUSED_MALFORMED);
}

TEST_CASE("the feature value names each operation and whether it needs a code") {
    const auto value = sample({{"306003", "own bond on LE; the others; a code for some"}});
    CHECK(json(kFeature, toHex(value)) ==
          R"({"features":["delete-own-bond-le","delete-own-bond-le-needs-code",)"
          R"("delete-all-other-bonds-needs-code","delete-all-other-bonds-classic",)"
          R"("delete-all-other-bonds-le","delete-all-other-bonds-le-needs-code"]})");
    CHECK(json(kFeature, "100000") == R"({"features":["delete-own-bond-le"]})");
    CHECK(json(kFeature, "040400") ==
          R"({"features":["delete-own-bond-classic","delete-all-bonds-le"]})");
    CHECK(json(kFeature, "0000fc") == R"({"features":[]})");
    CHECK(json(kFeature, "100080 01") == R"({"features":["delete-own-bond-le"]})");
    checkPrefixes(kFeature, value);
    checkBitFlips(kFeature, value);
}

}  // namespace vitalgate::testing
