// The configuration may not include the tables of other parts, so it has their words: here they are
// compared.
#include <doctest/doctest.h>

#include "adapters/session/quirks.hpp"
#include "gateway/config/reference.hpp"

using namespace vitalgate;

TEST_CASE("the quirks that the configuration takes are the rows of the quirk table") {
    const auto help = config::explain("devices.<id>.quirk");
    REQUIRE(help.size() == 1);
    std::size_t length = std::string("one of: none").size();
    std::string last;
    for (const auto& row : session::quirks()) {
        CAPTURE(std::string(row.name));
        CHECK(help[0].type.find(", " + std::string(row.name)) != std::string::npos);
        if (row.name != last) length += 2 + row.name.size();
        last = row.name;
    }
    CHECK(help[0].type.size() == length);
}
