#include "gateway/config/yaml.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace vitalgate::config;

namespace {

/// The problems of a text, one a line.
std::string problemsOf(const std::string& text) {
    Problems problems;
    parseYaml(text, "x.yaml", problems);
    std::string out;
    for (const auto& line : problems.lines()) out += line + "\n";
    return out;
}

std::string repeat(std::string_view piece, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += piece;
    return out;
}

}  // namespace

TEST_CASE("a document becomes nodes with kinds, texts and places") {
    Problems problems;
    const auto root = parseYaml("a: 1\nb: \"q\"\nc:\nž: {č: [x, 'y']}\n", "x.yaml", problems);
    REQUIRE(root);
    CHECK(problems.empty());
    CHECK(root->isMap());
    REQUIRE(root->entries.size() == 4);
    CHECK(root->find("a")->text == "1");
    CHECK_FALSE(root->find("a")->quoted);
    CHECK(root->find("b")->quoted);
    CHECK(root->find("c")->kind == NodeKind::null);
    CHECK(root->find("c")->place.line == 3);
    CHECK(root->find("d") == nullptr);
    const auto* list = root->find("ž")->find("č");
    REQUIRE(list);
    CHECK(list->isList());
    CHECK(list->place.line == 4);
    CHECK(list->place.column == 8);
    REQUIRE(list->items.size() == 2);
    CHECK(list->items[0].text == "x");
    CHECK(list->items[1].quoted);
}

TEST_CASE("a byte order mark, carriage returns and a block text are read") {
    Problems problems;
    const auto root = parseYaml(
        "\xef\xbb\xbf"
        "a: 1\r\nb: |\r\n  x\r\n",
        "x.yaml", problems);
    REQUIRE(root);
    CHECK(problems.empty());
    CHECK(root->find("a")->text == "1");
    CHECK(root->find("a")->place.column == 4);
    CHECK(root->find("b")->text == "x\n");
}

TEST_CASE("an empty text is a null node") {
    Problems problems;
    for (const auto* text : {"", "# only a comment\n", "---\n"}) {
        const auto root = parseYaml(text, "x.yaml", problems);
        REQUIRE(root);
        CHECK(root->kind == NodeKind::null);
        CHECK(root->place.line >= 1);
    }
    CHECK(problems.empty());
}

TEST_CASE("what yaml-cpp would let pass is refused with its place") {
    struct Case {
        std::string text;
        std::string problem;
    };
    const std::string alias =
        "anchors and aliases (& and *) are not allowed; write the value out\n";
    const Case cases[] = {
        {"a: 1\nb: {c: 1}\na: 2\n", "x.yaml:3:1: a: stands twice; the first is at x.yaml:1:1\n"},
        {"b: {c: 1, d: 2, c: 3}\n", "x.yaml:1:17: b.c: stands twice; the first is at x.yaml:1:5\n"},
        {"a: &x 1\nb: *x\n", "x.yaml:1:4: a: " + alias},
        {"a: !!str 5\n", "x.yaml:1:4: a: tags (!) are not allowed; write the plain value\n"},
        {"a: 1\n---\nb: 2\n", "x.yaml:2:1: a second document; one file holds one document\n"},
        {"a:\n\tb: 1\n", "x.yaml:2:1: a tab in the indentation; YAML allows only spaces there\n"},
        {"a: \"x\nb: 2\n", "x.yaml:1:4: a: the quote never closes\n"},
        {"a: 'it''s\n", "x.yaml:1:4: a: the quote never closes\n"},
        {"a: \"\\\"\n", "x.yaml:1:4: a: the quote never closes\n"},
        {"a: 1\nb: \xc3\x28\n", "x.yaml:2:4: not UTF-8: save the file as UTF-8\n"},
        {"a: \xed\xa0\x80\n", "x.yaml:1:4: not UTF-8: save the file as UTF-8\n"},
        {"ž: \xc3", "x.yaml:1:4: not UTF-8: save the file as UTF-8\n"},
        {std::string("a: b\0c\n", 7), "x.yaml:1:5: a control character; remove it\n"},
        {"? [1, 2]\n: 3\n", "x.yaml:1:3: a key must be a text\n"},
        {"~: 1\n", "x.yaml:1:1: a key must be a text\n"},
        {"a: b: c\n", "x.yaml:1:5: not valid YAML: illegal map value\n"},
        {"a: [1\nb: 2", "x.yaml:2:2: not valid YAML: end of sequence flow not found\n"},
        {"b: *nope\n", "x.yaml:1:4: not valid YAML: the referenced anchor is not defined\n"},
    };
    for (const auto& [text, problem] : cases) CHECK(problemsOf(text) == problem);
}

TEST_CASE("all keys that stand twice are named at once") {
    CHECK(problemsOf("a: 1\nb: 1\na: 2\nb: 2\na: 3\n") ==
          "x.yaml:3:1: a: stands twice; the first is at x.yaml:1:1\n"
          "x.yaml:4:1: b: stands twice; the first is at x.yaml:2:1\n"
          "x.yaml:5:1: a: stands twice; the first is at x.yaml:1:1\n");
}

TEST_CASE("an alias bomb is refused at its first anchor") {
    std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c <= 'i'; ++c) {
        text += fmt::format("{}: &{} [{}]\n", c, c, repeat(fmt::format("*{}, ", char(c - 1)), 9));
    }
    CHECK(problemsOf(text) ==
          "x.yaml:1:4: a: anchors and aliases (& and *) are not allowed; write the value out\n");
}

TEST_CASE("depth and size have limits, and hostile texts end soon") {
    CHECK(problemsOf(repeat("[", 32) + repeat("]", 32)).empty());
    CHECK(problemsOf(repeat("[", 33) + repeat("]", 33)) == "x.yaml:1:33: deeper than 32 levels\n");
    CHECK(problemsOf("a: " + std::string(kMaximumFileBytes, 'x')) == "x.yaml: larger than 1 MiB\n");
    for (const auto* piece :
         {"[",   "{",   "- ",     "? ",    "a: ", "[a,", "{a: ", "\"",    "'",  "!",
          "&a ", "#\n", "a: 1\n", "- a\n", "\n ", "a",   "%A\n", "---\n", "| ", "*a "}) {
        CAPTURE(piece);
        const auto text = repeat(piece, 200'000 / std::string_view(piece).size());
        const auto start = std::chrono::steady_clock::now();
        problemsOf(text);
        CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{10});
    }
    std::string keys;
    for (int i = 0; i < 100'000; ++i) keys += fmt::format("{}: 1\n", i);
    const auto start = std::chrono::steady_clock::now();
    CHECK(problemsOf(keys).empty());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{10});
}

TEST_CASE("problems are sorted by file, line and column") {
    Problems problems;
    problems.noteFile("z.yaml");
    const auto file = [](const char* name) { return std::make_shared<const std::string>(name); };
    problems.add({file("a.yaml"), 1, 1}, "x", "third");
    problems.add({file("z.yaml"), 10, 2}, "x.y", "second");
    problems.add({file("z.yaml"), 9, 30}, "", "first");
    CHECK(problems.lines() == std::vector<std::string>{"z.yaml:9:30: first",
                                                       "z.yaml:10:2: x.y: second",
                                                       "a.yaml:1:1: x: third"});
}

TEST_CASE("only the first problems are kept") {
    Problems problems;
    for (std::size_t i = 0; i < 2 * Problems::kMaximumProblems; ++i) problems.add({}, "x", "y");
    CHECK(problems.lines().size() == Problems::kMaximumProblems);
}

TEST_CASE("a file that cannot be read is a problem of the whole file") {
    Problems problems;
    CHECK_FALSE(readYaml("/nowhere/x.yaml", problems));
    CHECK_FALSE(readYaml("/tmp", problems));
    CHECK(problems.lines() ==
          std::vector<std::string>{"/nowhere/x.yaml: no such file", "/tmp: not a regular file"});
}
