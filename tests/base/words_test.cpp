#include "gateway/base/words.hpp"

#include <doctest/doctest.h>

namespace vitalgate {

TEST_CASE("an enum value becomes a word without its prefix") {
    CHECK(enumWord("REFUSED_CONTROL_SOLUTION", "REFUSED_") == "control-solution");
    CHECK(enumWord("HUB_ONLINE", "HUB_") == "online");
    CHECK(enumWord("DISCONNECT_BY_DEVICE", "DISCONNECT_") == "by-device");
}

TEST_CASE("a name without the prefix stays whole") {
    CHECK(enumWord("LINK_OPEN", "REFUSED_") == "link-open");
    CHECK(enumWord("", "REFUSED_").empty());
    CHECK(enumWord("REFUSED", "REFUSED_") == "refused");
}

TEST_CASE("a quoted text is shortened, and a private key is not shown") {
    CHECK(inQuotes("abc") == "\"abc\"");
    CHECK(inQuotes(std::string(100, 'x')) == "\"" + std::string(60, 'x') + "…\"");
    CHECK(inQuotes("-----BEGIN PRIVATE KEY-----\nMC4CAQ") == "(a private key)");
}

}  // namespace vitalgate
