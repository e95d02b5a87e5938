#include "gateway/base/topic.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;

TEST_CASE("a topic has levels, each with something in it") {
    CHECK(isTopic("a"));
    CHECK(isTopic("a/b c/d"));
    for (const auto* text : {"", "/", "/a", "a/", "a//b", "a/+", "#", "$SYS/x", "a\nb"}) {
        CAPTURE(text);
        CHECK_FALSE(isTopic(text));
    }
    CHECK_FALSE(isTopic(std::string(kLongestTopic + 1, 'a')));
}

TEST_CASE("a root holds {hub} once and is a topic") {
    CHECK(*hubRoot("site/{hub}/x", "hub-1") == "site/hub-1/x");
    for (const auto* root :
         {"", "vitalgate", "{hub}/{hub}", "{hub}/{x}", "a/{hub}/", "a\tb/{hub}", "{hub}/+"}) {
        CAPTURE(root);
        CHECK_FALSE(hubRoot(root, "hub-1"));
    }
    CHECK_FALSE(hubRoot("{hub}", "a/b"));
}

TEST_CASE("a response topic lies below the results and has no empty level") {
    CHECK(*resultSuffix("r/results/desk/7", "r/results") == "desk/7");
    for (const auto* topic :
         {"", "r", "r/results", "r/results/", "r/results/a/", "r/results/a//b", "r/results//a",
          "r/resultsx/a", "r/results/a b", "r/results/+", "r/results/\xC3\xA4", "x/results/a"}) {
        CAPTURE(topic);
        const auto suffix = resultSuffix(topic, "r/results");
        REQUIRE_FALSE(suffix);
        CHECK(suffix.error().kind == ErrorKind::refused);
    }
}
