#include "adapters/profiles/quirks.hpp"

#include <doctest/doctest.h>

#include <map>
#include <regex>
#include <set>
#include <string>

#include "gateway/base/identifier.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate::profiles;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string_view>;

/// The second column of the table of devices.
std::multiset<std::string> documentedRows() {
    const auto document =
        vitalgate::testing::readFile(vitalgate::testing::sourceFolder() + "/adapters/README.md");
    const auto begin = document.find("\n## Devices that differ\n");
    const auto table = document.substr(begin, document.find("\n## ", begin + 1) - begin);
    const std::regex row(R"(\n\| [^|]+ \| `([^`]+)` \|)");
    std::multiset<std::string> names;
    for (std::sregex_iterator it(table.begin(), table.end(), row), end; it != end; ++it) {
        names.insert((*it)[1].str());
    }
    return names;
}

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

TEST_CASE("the table of devices in the document has every row that a device is known by, once") {
    std::multiset<std::string> rows;
    for (const auto& row : quirks()) {
        const bool isOfDevice = !row.model.empty() || !row.advertisedName.empty();
        if (isOfDevice && !rows.contains(std::string(row.name))) rows.emplace(row.name);
    }
    CHECK(documentedRows() == rows);
}
