#include "gateway/config/reference.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "gateway/config/suggestion.hpp"

using namespace vitalgate::config;

TEST_CASE("every key is explained once") {
    const auto keys = configurationKeys();
    std::set<std::string> names;
    for (const auto& key : keys) {
        CAPTURE(key.key);
        CHECK(names.insert(key.key).second);
        CHECK(key.help.ends_with("."));
        CHECK_FALSE(key.type.empty());
    }
    CHECK(names.contains("devices.<id>.address"));
    CHECK(names.contains("uplinks.<name>.tls.min-version"));
}

TEST_CASE("a key is explained by its name, its section or with a real name in it") {
    const auto keep = explain("store.keep");
    REQUIRE(keep.size() == 1);
    CHECK(keep[0].standard == "30d");
    CHECK(keep[0].range == "1h to 400d");
    CHECK(keep[0].type == "duration");
    CHECK(explain("devices.cuff.address").size() == 1);
    CHECK(explain("devices.cuff.address")[0].standard == "required");
    CHECK(explain("bluetooth.pairing").size() == 3);
    CHECK(explain("").size() == configurationKeys().size());
    CHECK(explain("nothing").empty());
    CHECK(explain("store.keep.longer").empty());
    CHECK(nearestKey("store.kep") == "store.keep");
}

TEST_CASE("the reference page has a row for each key") {
    const auto page = referencePage();
    CHECK(std::ranges::count(page, '\n') ==
          static_cast<std::ptrdiff_t>(configurationKeys().size()) + 2);
    CHECK(page.find("| `store.keep` | duration | 30d | 1h to 400d | History after") !=
          std::string::npos);
}

TEST_CASE("the nearest word is the one that was meant") {
    const std::vector<std::string_view> words{"address", "label", "slots", "person", "tls"};
    CHECK(nearest("adress", words) == "address");
    CHECK(nearest("lable", words) == "label");
    CHECK(nearest("slot", words) == "slots");
    CHECK(nearest("Persom", words) == "person");
    CHECK(nearest("tsl", words) == "tls");
    CHECK(nearest("broker", words).empty());
    CHECK(nearest("", words).empty());
    CHECK(nearest(std::string(1000, 'a'), words).empty());
}
