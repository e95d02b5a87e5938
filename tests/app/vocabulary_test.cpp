// The configuration may not include the tables of other parts, so it has their words: here they are
// compared.
#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/profiles/profile.hpp"
#include "adapters/profiles/quirks.hpp"
#include "gateway/commands/kinds.hpp"
#include "gateway/config/reference.hpp"

using namespace vitalgate;

TEST_CASE("the kinds of readings that the configuration takes are those of the profiles") {
    const auto help = config::explain("admit.<name>.profile");
    REQUIRE(help.size() == 1);
    std::string words;
    for (const auto& profile : profiles::allProfiles()) {
        if (profile.kind.empty()) continue;
        words += fmt::format("{}{}", words.empty() ? "" : ", ", profile.kind);
    }
    CHECK(help[0].type == "one of: " + words);
}

TEST_CASE("the quirks that the configuration takes are the rows of the quirk table") {
    const auto help = config::explain("devices.<id>.quirk");
    REQUIRE(help.size() == 1);
    std::size_t length = std::string("one of: none").size();
    std::string last;
    for (const auto& row : profiles::quirks()) {
        CAPTURE(std::string(row.name));
        CHECK(help[0].type.find(", " + std::string(row.name)) != std::string::npos);
        if (row.name != last) length += 2 + row.name.size();
        last = row.name;
    }
    CHECK(help[0].type.size() == length);
}

TEST_CASE("the kinds of commands that the configuration takes are those that there are") {
    const auto help = config::explain("commands.keys.<id>.kinds");
    REQUIRE(help.size() == 1);
    std::string words;
    const auto* kinds = v1::Command::descriptor()->FindOneofByName("kind");
    for (int i = 0; i < kinds->field_count(); ++i) {
        auto word = kinds->field(i)->name();
        std::ranges::replace(word, '_', '-');
        CHECK(commands::findKind(word) != nullptr);
        words += (i == 0 ? "" : ", ") + word;
    }
    CHECK(help[0].type == "list of one of: " + words + ", or all");
}
