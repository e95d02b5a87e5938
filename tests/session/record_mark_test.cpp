#include "adapters/session/record_mark.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::session;

namespace {

/// A run of numbers with times "t<number>"; of `other` numbers "x<number>".
struct Run {
    const char* what;
    std::string before;
    bool whole;
    std::vector<std::uint16_t> numbers;
    std::string during;  ///< the mark after the last of them
    bool isFinished;
    std::string after;
    std::string letter = "t";
};

const std::vector<Run>& runs() {
    static const std::vector<Run> kRuns{
        {"first of all", "", true, {1, 2, 3}, "3 t3", true, "3 t3"},
        {"a single one", "", true, {7}, "", true, "7 t7"},
        {"none", "", true, {}, "", true, ""},
        {"newest first", "", true, {3, 2, 1}, "", true, "3 t3"},
        {"in no order", "", true, {2, 4, 1, 3}, "", true, "4 t4"},
        {"one is left out", "", true, {1, 2, 4, 5}, "2 t2", true, "5 t5"},
        {"doubled", "", true, {1, 1, 2, 2}, "2 t2", true, "2 t2"},
        {"over the highest number",
         "",
         true,
         {65534, 65535, 0, 1},
         "65535 t65535",
         true,
         "65535 t65535"},
        {"from the known one on", "3 t3", false, {3, 4, 5}, "5 t5", true, "5 t5"},
        {"nothing new", "3 t3", false, {3}, "3 t3", true, "3 t3"},
        {"newest first from it on", "3 t3", false, {5, 4, 3}, "3 t3", true, "5 t5"},
        {"one left out from it on", "3 t3", false, {3, 5}, "3 t3", true, "5 t5"},
        {"the known one is gone", "3 t3", false, {4, 5}, "3 t3", false, ""},
        {"it is another one", "3 t3", false, {3, 4}, "3 t3", false, "", "x"},
        {"nothing there", "3 t3", false, {}, "3 t3", false, ""},
        {"all of a device that counts on", "3 t3", true, {1, 2, 3, 4}, "4 t4", true, "4 t4"},
        {"all of one that counts anew", "3 t3", true, {1, 2, 3, 4}, "3 t3", true, "4 x4", "x"},
        {"all of one that has fewer", "3 t3", true, {1, 2}, "3 t3", true, "2 x2", "x"},
        {"all of one that has none", "3 t3", true, {}, "3 t3", true, ""},
    };
    return kRuns;
}

}  // namespace

TEST_CASE("the mark moves where nothing was left out, and to the highest at the end") {
    for (const auto& run : runs()) {
        CAPTURE(std::string(run.what));
        auto mark = RecordMark::fromBookmark(run.before);
        mark.begin(run.whole);
        for (const auto number : run.numbers) {
            mark.take(number, run.letter + std::to_string(number));
        }
        CHECK(mark.bookmark() == run.during);
        CHECK(mark.finish() == run.isFinished);
        CHECK(mark.bookmark() == run.after);
        CHECK(mark.run().size() == std::set(run.numbers.begin(), run.numbers.end()).size());
    }
}

TEST_CASE("a run that breaks off after any record leaves none behind that is not asked for again") {
    for (const auto& run : runs()) {
        for (std::size_t length = 0; length <= run.numbers.size(); ++length) {
            CAPTURE(std::string(run.what));
            CAPTURE(length);
            auto mark = RecordMark::fromBookmark(run.before);
            mark.begin(run.whole);
            for (std::size_t i = 0; i < length; ++i) {
                mark.take(run.numbers[i], run.letter + std::to_string(run.numbers[i]));
            }
            const auto next = RecordMark::fromBookmark(mark.bookmark());
            if (!next.from() || next.bookmark() == run.before) continue;
            for (std::size_t i = length; i < run.numbers.size(); ++i) {
                CHECK(run.numbers[i] >= *next.from());
            }
        }
    }
}

TEST_CASE("records of a sensor that come every five minutes are next to each other") {
    RecordMark mark;
    mark.begin(true, 5);
    for (const std::uint16_t minute : std::array<std::uint16_t, 3>{10, 15, 20})
        mark.take(minute, "s");
    CHECK(mark.bookmark() == "20 s");
    mark.take(30, "s");
    CHECK(mark.bookmark() == "20 s");
}

TEST_CASE("a record that comes by itself moves the mark unless others are missing before it") {
    struct Row {
        std::string before;
        std::uint16_t number;
        bool isNext;
        std::string after;
    };
    const std::vector<Row> rows{
        {"20 s", 25, true, "25 s"}, {"20 s", 23, true, "23 s"},  {"20 s", 20, true, "20 s"},
        {"20 s", 0, true, "20 s"},  {"20 s", 26, false, "20 s"}, {"20 s", 65535, false, "20 s"},
        {"", 26, true, ""},         {"20", 26, true, "20 "},
    };
    for (const auto& row : rows) {
        CAPTURE(row.before);
        CAPTURE(row.number);
        auto mark = RecordMark::fromBookmark(row.before);
        mark.begin(false, 5);
        CHECK(mark.takeLive(row.number, "s") == row.isNext);
        CHECK(mark.bookmark() == row.after);
    }
}

TEST_CASE("a number that may begin anew before the next connection is not asked from") {
    CHECK(RecordMark::fromBookmark("0 t").from() == 0);
    CHECK(RecordMark::fromBookmark("61439 t").from() == 61439);
    CHECK_FALSE(RecordMark::fromBookmark("61440 t").from());
    CHECK_FALSE(RecordMark::fromBookmark("65535 t").from());
}

TEST_CASE("an odd bookmark knows nothing") {
    for (const std::string text : {"", " ", "x", "65536 t", "-1 t", "12x", "12x t", " 12 t"}) {
        CAPTURE(text);
        const auto mark = RecordMark::fromBookmark(text);
        CHECK_FALSE(mark.known());
        CHECK_FALSE(mark.from());
        CHECK(mark.bookmark().empty());
    }
    CHECK(RecordMark::fromBookmark("12 2026-11-23T06:00:00").bookmark() ==
          "12 2026-11-23T06:00:00");
}
