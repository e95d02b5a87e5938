#include "adapters/session/record_mark.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::session;

namespace {

using Kind = RecordMark::Run;

SeenRecord record(std::uint16_t number, const std::string& letter) {
    SeenRecord seen;
    seen.number = number;
    seen.time = letter + std::to_string(number);
    return seen;
}

/// A run of numbers with times "t<number>"; of `other` numbers "x<number>".
struct Run {
    const char* what;
    std::string before;
    Kind kind;
    std::vector<std::uint16_t> numbers;
    std::string during;  ///< the mark after the last of them
    bool isFinished;
    std::string after;
    std::string letter = "t";
};

const std::vector<Run>& runs() {
    static const std::vector<Run> kRuns{
        {"first of all", "", Kind::all, {1, 2, 3}, "3 t3 0 1", true, "3 t3 0"},
        {"a single one", "", Kind::all, {7}, "", true, "7 t7 0"},
        {"none", "", Kind::all, {}, "", true, ""},
        {"newest first", "", Kind::all, {3, 2, 1}, "", true, "3 t3 0"},
        {"in no order", "", Kind::all, {2, 4, 1, 3}, "", true, "4 t4 0"},
        {"one is left out", "", Kind::all, {1, 2, 4, 5}, "2 t2 0 1", true, "5 t5 0"},
        {"doubled", "", Kind::all, {1, 1, 2, 2}, "2 t2 0 1", true, "2 t2 0"},
        {"round a ring", "", Kind::all, {5, 6, 1, 2}, "6 t6 0 5", true, "6 t6 0"},
        {"over the highest number",
         "",
         Kind::all,
         {65534, 65535, 0, 1},
         "65535 t65535 0 65534",
         true,
         "65535 t65535 0"},
        {"from the known one on", "3 t3 0", Kind::above, {3, 4, 5}, "5 t5 0", true, "5 t5 0"},
        {"nothing new", "3 t3 0", Kind::above, {3}, "3 t3 0", true, "3 t3 0"},
        {"newest first from it on", "3 t3 0", Kind::above, {5, 4, 3}, "3 t3 0", true, "5 t5 0"},
        {"one left out from it on", "3 t3 0", Kind::above, {3, 5}, "3 t3 0", true, "5 t5 0"},
        {"the known one is gone", "3 t3 0", Kind::above, {4, 5}, "3 t3 0", false, ""},
        {"it is another one", "3 t3 0", Kind::above, {3, 4}, "3 t3 0", false, "", "x"},
        {"it says something else", "3 t3 9", Kind::above, {3, 4}, "3 t3 9", false, ""},
        {"nothing there", "3 t3 0", Kind::above, {}, "3 t3 0", false, ""},
        {"from the known one on, below not known",
         "6 t6 0 5",
         Kind::above,
         {6, 7},
         "7 t7 0 5",
         true,
         "7 t7 0 5"},
        {"below", "7 t7 0 5", Kind::below, {1, 2}, "7 t7 0 5", true, "7 t7 0"},
        {"nothing below", "7 t7 0 5", Kind::below, {}, "7 t7 0 5", true, "7 t7 0"},
        {"all of a device that counts on",
         "3 t3 0",
         Kind::all,
         {1, 2, 3, 4},
         "4 t4 0",
         true,
         "4 t4 0"},
        {"all of one that counts anew",
         "3 t3 0",
         Kind::all,
         {1, 2, 3, 4},
         "3 t3 0",
         true,
         "4 x4 0",
         "x"},
        {"all of one that has fewer", "3 t3 0", Kind::all, {1, 2}, "3 t3 0", true, "2 x2 0", "x"},
        {"all of one that has none", "3 t3 0", Kind::all, {}, "3 t3 0", true, ""},
    };
    return kRuns;
}

}  // namespace

TEST_CASE("the mark moves where nothing was left out, and to the highest at the end") {
    for (const auto& run : runs()) {
        CAPTURE(std::string(run.what));
        auto mark = RecordMark::fromBookmark(run.before);
        mark.begin(run.kind);
        for (const auto number : run.numbers) mark.take(record(number, run.letter));
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
            mark.begin(run.kind);
            for (std::size_t i = 0; i < length; ++i) mark.take(record(run.numbers[i], run.letter));
            const auto next = RecordMark::fromBookmark(mark.bookmark());
            if (!next.from() || next.bookmark() == run.before) continue;
            for (std::size_t i = length; i < run.numbers.size(); ++i) {
                const bool isAbove = run.numbers[i] >= *next.from();
                const bool isBelow = next.upTo() && run.numbers[i] <= *next.upTo();
                CHECK((isAbove || isBelow));
            }
        }
    }
}

TEST_CASE("a run in which records were lost on their way leaves the mark before them") {
    for (const auto& run : runs()) {
        CAPTURE(std::string(run.what));
        auto mark = RecordMark::fromBookmark(run.before);
        mark.begin(run.kind);
        mark.freeze();
        for (const auto number : run.numbers) mark.take(record(number, run.letter));
        CHECK(mark.bookmark() == run.before);
    }
}

TEST_CASE("records of a sensor that come every five minutes are next to each other") {
    RecordMark mark;
    mark.begin(Kind::all, 5);
    for (const std::uint16_t minute : std::array<std::uint16_t, 3>{10, 15, 20})
        mark.take({minute, "s", 0});
    CHECK(mark.bookmark() == "20 s 0 10");
    mark.take({30, "s", 0});
    CHECK(mark.bookmark() == "20 s 0 10");
}

TEST_CASE("a record that comes by itself moves the mark unless others are missing before it") {
    struct Row {
        std::string before;
        std::uint16_t number;
        bool isNext;
        std::string after;
    };
    const std::vector<Row> rows{
        {"20 s 0", 25, true, "25 s 0"},
        {"20 s 0", 23, true, "23 s 0"},
        {"20 s 0", 20, true, "20 s 0"},
        {"20 s 0", 0, true, "20 s 0"},
        {"20 s 0", 26, false, "20 s 0"},
        {"20 s 0", 65535, false, "20 s 0"},
        {"", 26, true, ""},
        {"20 s 0 10", 25, true, "25 s 0 10"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.before);
        CAPTURE(row.number);
        auto mark = RecordMark::fromBookmark(row.before);
        mark.begin(Kind::above, 5);
        CHECK(mark.takeLive({row.number, "s", 0}) == row.isNext);
        CHECK(mark.bookmark() == row.after);
    }
}

TEST_CASE("a record without a time that comes by itself does not move the mark") {
    auto mark = RecordMark::fromBookmark("20 - 0");
    mark.begin(Kind::above, 5);
    CHECK(mark.takeLive({26, "", 0}));
    CHECK(mark.bookmark() == "20 - 0");
}

TEST_CASE("a number that may begin anew before the next connection is not asked from") {
    CHECK(RecordMark::fromBookmark("0 t 0").from() == 0);
    CHECK(RecordMark::fromBookmark("61439 t 0").from() == 61439);
    CHECK_FALSE(RecordMark::fromBookmark("61440 t 0").from());
    CHECK_FALSE(RecordMark::fromBookmark("65535 t 0").from());
}

TEST_CASE("an odd bookmark knows nothing") {
    for (const std::string text : {"", " ", "x", "65536 t 0", "-1 t 0", "12x", "12x t 0", "12",
                                   "12 t", "12 t x", "12 t 65536"}) {
        CAPTURE(text);
        const auto mark = RecordMark::fromBookmark(text);
        CHECK_FALSE(mark.known());
        CHECK_FALSE(mark.from());
        CHECK(mark.bookmark().empty());
    }
    CHECK(RecordMark::fromBookmark("12 2026-11-23T06:00:00 513 4").bookmark() ==
          "12 2026-11-23T06:00:00 513 4");
}
