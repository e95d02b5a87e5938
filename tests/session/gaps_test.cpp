#include "adapters/session/gaps.hpp"

#include <doctest/doctest.h>

using namespace vitalgate::session;

namespace {

using Minutes = std::set<std::uint16_t>;

struct Row {
    const char* what;
    Minutes minutes;
    std::uint16_t step;
    std::vector<Gap> gaps;
};

}  // namespace

TEST_CASE("a gap begins where the next record should have been and ends before the one that came") {
    const std::vector<Row> rows{
        {"nothing", {}, 5, {}},
        {"one", {10}, 5, {}},
        {"none", {10, 15, 20}, 5, {}},
        {"one is missing", {10, 15, 25, 30}, 5, {{20, 24}}},
        {"many are missing", {10, 100}, 5, {{15, 99}}},
        {"two gaps", {10, 20, 30}, 5, {{15, 19}, {25, 29}}},
        {"a step and a half is none", {0, 6}, 4, {}},
        {"more than that is one", {0, 7}, 4, {{4, 6}}},
        {"closer than usual", {10, 11, 12, 15}, 5, {}},
        {"every minute", {1, 2, 4}, 1, {{3, 3}}},
        {"the interval was changed", {0, 5, 10, 20, 30, 40, 50, 60, 70}, 5, {}},
        {"and some are missing after it", {0, 5, 10, 20, 30, 40, 50, 60, 70, 95}, 5, {{75, 94}}},
        {"every other one is missing", {0, 5, 15, 25, 35, 40}, 5, {{10, 14}, {20, 24}, {30, 34}}},
        {"three gaps of different length", {0, 5, 15, 30, 50}, 5, {{10, 14}, {20, 29}, {35, 49}}},
        {"to the highest minute", {0, 65535}, 240, {{240, 65534}}},
        {"from the highest minute but one", {65534, 65535}, 1, {}},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        CHECK(gapsBetween(row.minutes, row.step) == row.gaps);
    }
}

TEST_CASE("the usual step is the median, the lower of two") {
    struct Step {
        Minutes minutes;
        std::uint16_t step;
    };
    const std::vector<Step> steps{
        {{}, 1},
        {{7}, 1},
        {{7, 12}, 5},
        {{7, 12, 100}, 5},
        {{7, 95, 100}, 5},
        {{0, 5, 10, 60}, 5},
        {{0, 65535}, 65535},
        {{0, 1, 6, 11, 60}, 5},
    };
    for (const auto& each : steps) {
        CAPTURE(each.minutes.size());
        CHECK(usualStep(each.minutes) == each.step);
    }
}
