#include "gateway/codes/codes.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

namespace vitalgate::codes {

TEST_CASE("every row of the observations says what a consumer needs") {
    std::set<std::uint32_t> numbers;
    for (const auto& row : allObservations()) {
        CAPTURE(std::string(row.code));
        const bool isOurOwn = row.code.starts_with("vitalgate:");
        CHECK((isOurOwn || row.code.starts_with("MDC_")));
        CHECK((isOurOwn ? row.mdc == 0 : row.mdc >= 65536));
        CHECK((isOurOwn || numbers.insert(row.mdc).second));
        CHECK_FALSE(row.word.empty());
        CHECK_FALSE(row.source.empty());
        CHECK((row.unit.empty() || row.lowest < row.highest));
        CHECK(&observation(row.term) == &row);
        CHECK(findObservation(row.code) == &row);
    }
}

TEST_CASE("the codes of the vital signs are those of the tables") {
    CHECK(observation(Term::bloodPressure).mdc == 2 * 65536 + 18948);
    CHECK(observation(Term::systolicPressure).mdc == 2 * 65536 + 18949);
    CHECK(observation(Term::bodyTemperature).mdc == 2 * 65536 + 19292);
    CHECK(observation(Term::bodyWeight).mdc == 2 * 65536 + 57664);
    CHECK(observation(Term::heartRate).mdc == 2 * 65536 + 16770);
    CHECK(observation(Term::energyExpended).mdc == 129 * 65536 + 119);
    CHECK(observation(Term::diastolicPressure).loinc == "8462-4");
    CHECK(findObservation("MDC_NO_SUCH_THING") == nullptr);
}

TEST_CASE("every unit that is used is in the table of units") {
    std::set<std::string> units;
    for (const auto& unit : allUnits()) CHECK(units.insert(std::string(unit.ucum)).second);
    for (const auto& row : allObservations()) {
        CHECK((row.unit.empty() || units.contains(std::string(row.unit))));
    }
    for (const auto& row : allConversions()) {
        CHECK(units.contains(std::string(row.from)));
        CHECK(units.contains(std::string(row.to)));
    }
}

TEST_CASE("a device's unit becomes ours, rounded to the stated decimals") {
    struct Row {
        double value;
        std::uint32_t said;
        const char* from;
        const char* to;
        double expected;
        std::uint32_t decimals;
    };
    for (const auto& row :
         {Row{16.0, 1, "kPa", "mm[Hg]", 120.0, 1}, Row{10.7, 1, "kPa", "mm[Hg]", 80.3, 1},
          Row{16, 0, "kPa", "mm[Hg]", 120.0, 1}, Row{16.02, 2, "kPa", "mm[Hg]", 120.16, 2},
          Row{98.6, 1, "[degF]", "Cel", 37.0, 2}, Row{32, 0, "[degF]", "Cel", 0, 2},
          Row{98.65, 2, "[degF]", "Cel", 37.028, 3}, Row{101.3, 1, "[degF]", "Cel", 38.5, 2},
          Row{-40, 0, "[degF]", "Cel", -40, 2}, Row{68.8, 1, "[lb_av]", "kg", 31.207, 3},
          Row{1, 0, "[lb_av]", "kg", 0.454, 3}, Row{1, 200, "[lb_av]", "kg", 0.45359237, 15},
          Row{72.5, 1, "[in_i]", "m", 1.842, 3}, Row{72.51, 2, "[in_i]", "m", 1.8418, 4}}) {
        CAPTURE(row.value);
        const auto converted = convert(row.value, row.said, row.from, row.to);
        REQUIRE(converted);
        CHECK(converted->value == row.expected);
        CHECK(converted->decimals == row.decimals);
    }
}

TEST_CASE("neighbouring values of a device stay apart when converted, whatever its decimals") {
    for (const auto& row : allConversions()) {
        CAPTURE(std::string(row.from));
        for (std::uint32_t decimals = 0; decimals < 6; ++decimals) {
            CAPTURE(decimals);
            const double step = std::pow(10.0, -static_cast<double>(decimals));
            for (int i = 950; i < 1100; ++i) {
                CHECK(convert(i * step, decimals, row.from, row.to)->value <
                      convert((i + 1) * step, decimals, row.from, row.to)->value);
            }
        }
    }
}

TEST_CASE("there is no way between units of different kinds, nor back") {
    CHECK_FALSE(convert(1, 0, "kPa", "kg"));
    CHECK_FALSE(convert(1, 0, "mm[Hg]", "kPa"));
    CHECK_FALSE(convert(1, 0, "kg", "kg"));
}

TEST_CASE("rounding gives the double nearest to the decimal number") {
    CHECK(roundTo(34.1149999, 2) == 34.11);
    CHECK(roundTo(-0.25, 1) == -0.3);
    CHECK(roundTo(7.0, 0) == 7.0);
    CHECK(roundTo(0.1, 400) == 0.1);
}

TEST_CASE("the plausible range includes its ends and no more") {
    const auto& row = observation(Term::bodyTemperature);
    CHECK(isPlausible(row, row.lowest));
    CHECK(isPlausible(row, row.highest));
    CHECK_FALSE(isPlausible(row, std::nextafter(row.lowest, 0)));
    CHECK_FALSE(isPlausible(row, std::nextafter(row.highest, 1000)));
    CHECK_FALSE(isPlausible(row, std::numeric_limits<double>::quiet_NaN()));
}

TEST_CASE("body sites are found by the number of their characteristic") {
    CHECK(findSite(temperatureSites(), 1)->mdc == 188452);
    CHECK(findSite(temperatureSites(), 9)->code == "MDC_TEMP_TYMP");
    CHECK(findSite(temperatureSites(), 2) == nullptr);
    CHECK(findSite(temperatureSites(), 0) == nullptr);
    CHECK(findSite(temperatureSites(), 10) == nullptr);
    CHECK(findSite(sensorLocations(), 1)->word == "chest");
    CHECK(findSite(sensorLocations(), 0) == nullptr);
    CHECK(findSite(sensorLocations(), 7) == nullptr);
    CHECK(findSite(sampleLocations(), 3)->code == findSite(sensorLocations(), 5)->code);
    CHECK(findSite(sampleLocations(), 4) == nullptr);
    CHECK(findSite(sampleLocations(), 15) == nullptr);
}

TEST_CASE("every number of a location has its word, also one that names no certain place") {
    CHECK(siteWord(temperatureSites(), 2) == "body (general)");
    CHECK(siteWord(temperatureSites(), 9) == "tympanum");
    CHECK(siteWord(temperatureSites(), 0) == "unknown");
    CHECK(siteWord(temperatureSites(), 10) == "unknown");
    CHECK(siteWord(sensorLocations(), 0) == "other");
    CHECK(siteWord(sensorLocations(), 6) == "foot");
    CHECK(siteWord(sensorLocations(), 7) == "unknown");
}

}  // namespace vitalgate::codes
