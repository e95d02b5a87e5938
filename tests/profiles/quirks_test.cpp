#include "adapters/profiles/quirks.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "gateway/base/identifier.hpp"

using namespace vitalgate::profiles;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string_view>;

}  // namespace

TEST_CASE("every row has a name for the configuration and a reason, and does something") {
    for (const auto& row : quirks()) {
        CAPTURE(std::string(row.name));
        CHECK(vitalgate::isIdentifier(row.name));
        CHECK_FALSE(row.reason.empty());
        const bool decodes = row.decoding != DecoderQuirk{};
        CHECK((decodes || row.reconnectDelay != Quirk{}.reconnectDelay));
    }
}

TEST_CASE("rows of one name differ in the device's name alone") {
    std::map<std::string_view, const Quirk*> first;
    for (const auto& row : quirks()) {
        CAPTURE(std::string(row.name));
        const auto& one = *first.emplace(row.name, &row).first->second;
        CHECK(row.decoding == one.decoding);
        CHECK(row.reconnectDelay == one.reconnectDelay);
        CHECK(namedQuirk(row.name) == &one);
    }
}

TEST_CASE("one row holds what a device's values need and what the conversation needs") {
    const auto* row = fittingQuirk({.advertised = "A&D_UC-352BLE_A1B2C3"});
    REQUIRE(row != nullptr);
    CHECK(row->name == "and-scale");
    CHECK(row->reconnectDelay == 15s);
    CHECK(row->decoding.poundsInTenths);
    CHECK(&decoderQuirk("and-scale") == &row->decoding);
    CHECK(decoderQuirk("beurer-bm85").bigEndianPulseAndStatus);
    for (const auto* name : {"", "none", "unheard-of", "and-device"}) {
        CAPTURE(name);
        CHECK(decoderQuirk(name) == DecoderQuirk{});
    }
    CHECK(namedQuirk("") == nullptr);
    CHECK(fittingQuirk({}) == nullptr);
    CHECK(fittingQuirk({.manufacturer = "Example", .model = "BM85", .advertised = ""}) == nullptr);
}

TEST_CASE("a person means a row by its name, a part of it, or a device's model") {
    CHECK(quirksMeant("and-scale") == Names{"and-scale"});
    CHECK(quirksMeant("AND-SC") == Names{"and-scale"});
    CHECK(quirksMeant("bm85") == Names{"beurer-bm85"});
    CHECK(quirksMeant("Beurer BM85") == Names{"beurer-bm85"});
    CHECK(quirksMeant("UC-352BLE") == Names{"and-scale"});
    CHECK(quirksMeant("ua-651ble") == Names{"and-device"});
    CHECK(quirksMeant("SCH740") == Names{"philips-ear"});
    CHECK(quirksMeant("Model 7550") == Names{"detecto-7550"});
    CHECK(quirksMeant("TD1241") == Names{"taidoc-td1241"});
    CHECK(quirksMeant("and-") == Names{"and-scale", "and-device"});
    CHECK(quirksMeant("ear") == Names{"philips-ear"});
    CHECK(quirksMeant("BM58").empty());
}
