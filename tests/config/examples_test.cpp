#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "gateway/config/config.hpp"
#include "gateway/config/reference.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate;
using namespace vitalgate::config;

namespace {

const std::filesystem::path kExamples =
    std::filesystem::path(testing::sourceFolder()) / "packaging/examples";

LoadOptions unchecked() {
    LoadOptions options;
    options.now = *parseUtc("2026-11-23T08:00:00Z");
    options.checkSecrets = false;
    return options;
}

std::string replace(std::string text, std::string_view word, std::string_view value) {
    const auto at = text.find(word);
    REQUIRE(at != std::string::npos);
    return text.replace(at, word.size(), value);
}

}  // namespace

TEST_CASE("every example is valid") {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kExamples)) {
        if (entry.path().extension() != ".yaml") continue;
        ++count;
        const auto result = load(entry.path(), unchecked());
        if (!result) FAIL(fmt::format("{}", fmt::join(result.error().lines(), "\n")));
    }
    CHECK(count == 2);
}

TEST_CASE("no damage to a file does more than make it invalid") {
    std::ifstream file(kExamples / "household.yaml");
    std::ostringstream content;
    content << file.rdbuf();
    const auto text = content.str();
    for (std::size_t length = 0; length < text.size(); length += 5) {
        const auto result = loadText(text.substr(0, length), "cut.yaml", unchecked());
        if (!result) CHECK_FALSE(result.error().lines().empty());
    }
    constexpr std::string_view kPieces = "{}[]:,-#&*!|>'\"%@`\n\t \\~0a\xff";
    std::mt19937 chance(7);
    for (int i = 0; i < 500; ++i) {
        auto damaged = text;
        for (int k = 0; k < 3; ++k) {
            damaged[chance() % damaged.size()] = kPieces[chance() % kPieces.size()];
        }
        const auto result = loadText(damaged, "damaged.yaml", unchecked());
        if (!result) CHECK_FALSE(result.error().lines().empty());
    }
}

TEST_CASE("the table of all keys in the document is the one of the program") {
    const auto document = testing::readFile(testing::sourceFolder() + "/packaging/README.md");
    CHECK(document.find("\n" + referencePage()) != std::string::npos);
}

TEST_CASE("the demonstration's template is valid once it is filled in") {
    std::ifstream file(kExamples / "demo.yaml.in");
    std::ostringstream content;
    content << file.rdbuf();
    auto text = content.str();
    text = replace(text, "\"@BUS@\"", "\"unix:path=/tmp/x/bus,guid=0123\"");
    text = replace(text, "@PORT@", "18830");
    text = replace(text, "\"@STATE@\"", "\"/tmp/x/state\"");
    const auto result = loadText(text, "demo.yaml", unchecked());
    if (!result) FAIL(fmt::format("{}", fmt::join(result.error().lines(), "\n")));
    CHECK(result->devices.size() == 4);
    CHECK(result->people.at("p-4712").label == "Josef");
    CHECK(result->uplinks.at("care").brokers[0].uri() == "mqtt://127.0.0.1:18830");
    CHECK(result->store.path == "/tmp/x/state");
}
