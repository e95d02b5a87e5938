#include "gateway/cli/format_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "gateway/base/words.hpp"
#include "gateway/codes/codes.hpp"

namespace vitalgate::cli {

namespace {

struct UnitName {
    std::string_view ucum;
    std::string_view shown;
};
constexpr std::array<UnitName, 7> kUnitNames{{{"mm[Hg]", "mmHg"},
                                              {"Cel", "°C"},
                                              {"[degF]", "°F"},
                                              {"[lb_av]", "lb"},
                                              {"[in_i]", "in"},
                                              {"kg/m2", "kg/m²"},
                                              {"1", ""}}};

std::string number(double value, std::uint32_t decimals) {
    constexpr std::uint32_t kMostDecimals = 15;
    return fmt::format("{:.{}f}", value, std::min(decimals, kMostDecimals));
}

std::string withUnit(std::string text, std::string_view ucum) {
    const auto unit = unitForPeople(ucum);
    if (!unit.empty()) text += fmt::format(" {}", unit);
    return text;
}

std::string_view comparator(v1::Comparator comparator) {
    switch (comparator) {
        case v1::COMPARATOR_ABOVE:
            return "> ";
        case v1::COMPARATOR_BELOW:
            return "< ";
        default:
            return "";
    }
}

/// All samples if they are few, else how many and their range.
std::string samples(const v1::Samples& samples, std::string_view unit) {
    constexpr int kShown = 4;
    std::vector<double> values;
    for (const auto raw : samples.raw()) values.push_back(raw * samples.scale() + samples.offset());
    if (values.empty()) return "no samples";
    if (values.size() <= kShown) {
        std::vector<std::string> shown;
        for (const auto value : values) shown.push_back(number(value, samples.decimals()));
        return withUnit(fmt::format("{}", fmt::join(shown, " ")), unit);
    }
    const auto [least, most] = std::ranges::minmax(values);
    return withUnit(
        fmt::format("{} values {} to {}", values.size(), number(least, samples.decimals()),
                    number(most, samples.decimals())),
        unit);
}

std::string coded(const v1::Codes& codes) {
    std::vector<std::string> words;
    for (const auto& code : codes.codes()) words.push_back(code.code());
    return fmt::format("{}", fmt::join(words, " "));
}

std::string observed(const v1::Observation& observation) {
    switch (observation.result_case()) {
        case v1::Observation::kValue:
            return fmt::format(
                "{}{}", comparator(observation.comparator()),
                withUnit(number(observation.value(), observation.decimals()), observation.unit()));
        case v1::Observation::kCoded:
            return coded(observation.coded());
        case v1::Observation::kText:
            return observation.text();
        case v1::Observation::kSamples:
            return samples(observation.samples(), observation.unit());
        case v1::Observation::kAbsent:
            // Then the observation's status says why.
            if (observation.absent() == v1::ABSENT_UNSPECIFIED) break;
            return fmt::format("– ({})",
                               spaced(enumWord(v1::Absent_Name(observation.absent()), "ABSENT_")));
        case v1::Observation::RESULT_NOT_SET:
            break;
    }
    return "–";
}

std::string name(const v1::Observation& observation) {
    const auto* row = codes::findObservation(observation.code());
    return row != nullptr ? std::string(row->word) : observation.code();
}

const v1::Observation* find(const v1::Reading& reading, codes::Term term) {
    for (const auto& observation : reading.observations()) {
        if (observation.code() == codes::observation(term).code) return &observation;
    }
    return nullptr;
}

bool hasPlainValue(const v1::Observation* observation) {
    return observation != nullptr && observation->has_value() &&
           observation->comparator() == v1::COMPARATOR_UNSPECIFIED;
}

void addSite(const v1::Observation& observation, std::vector<std::string>& remarks) {
    if (!observation.has_body_site()) return;
    for (const auto sites : {codes::temperatureSites(), codes::sensorLocations()}) {
        const auto site =
            std::ranges::find(sites, observation.body_site().code(), &codes::BodySite::code);
        if (site == sites.end()) continue;
        auto place = spaced(site->word);
        if (std::ranges::find(remarks, place) == remarks.end()) remarks.push_back(std::move(place));
        return;
    }
}

void addClock(const v1::Reading& reading, std::vector<std::string>& remarks) {
    constexpr std::array<std::pair<v1::ClockFault, std::string_view>, 4> kFaults{
        {{v1::CLOCK_FAULT_UNSET, "the device's clock was never set"},
         {v1::CLOCK_FAULT_ABSURD, "the device's clock is absurd"},
         {v1::CLOCK_FAULT_FUTURE, "the device's clock was in the future"},
         {v1::CLOCK_FAULT_PARTIAL, "the device gave only a part of the time"}}};
    for (const auto& [fault, sentence] : kFaults) {
        if (reading.device_clock().fault() == fault) remarks.emplace_back(sentence);
    }
    if (reading.received().clock() == v1::CLOCK_UNSYNCHRONISED) {
        remarks.emplace_back("the hub's clock is not synchronised");
    }
}

}  // namespace

std::string_view unitForPeople(std::string_view ucum) {
    const auto row = std::ranges::find(kUnitNames, ucum, &UnitName::ucum);
    return row != kUnitNames.end() ? row->shown : ucum;
}

std::string spaced(std::string_view word) {
    std::string text(word);
    std::ranges::replace(text, '-', ' ');
    return text;
}

std::string formatValues(const v1::Reading& reading) {
    std::vector<std::string> parts;
    const auto* systolic = find(reading, codes::Term::systolicPressure);
    const auto* diastolic = find(reading, codes::Term::diastolicPressure);
    const bool pair = hasPlainValue(systolic) && hasPlainValue(diastolic) &&
                      systolic->unit() == diastolic->unit();
    if (pair) {
        parts.push_back(
            withUnit(fmt::format("{}/{}", number(systolic->value(), systolic->decimals()),
                                 number(diastolic->value(), diastolic->decimals())),
                     systolic->unit()));
    }
    for (const auto& observation : reading.observations()) {
        if (pair && (&observation == systolic || &observation == diastolic)) continue;
        const bool isMain = parts.empty() && !reading.has_type();
        parts.push_back(isMain ? observed(observation)
                               : fmt::format("{} {}", name(observation), observed(observation)));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> formatRemarks(const v1::Reading& reading) {
    std::vector<std::string> remarks;
    for (const auto& word : reading.status()) remarks.push_back(spaced(word));
    for (const auto& observation : reading.observations()) {
        addSite(observation, remarks);
        for (const auto& word : observation.status()) {
            remarks.push_back(fmt::format("{}: {}", name(observation), spaced(word)));
        }
        if (observation.has_reported()) {
            const auto& reported = observation.reported();
            remarks.push_back(fmt::format(
                "measured as {}",
                withUnit(number(reported.value(), reported.decimals()), reported.unit())));
        }
    }
    if (reading.has_user_slot() && reading.subject().empty()) {
        remarks.push_back(fmt::format("slot {}: unassigned", reading.user_slot()));
    }
    if (reading.partial()) remarks.emplace_back("incomplete");
    if (!reading.amends().empty()) remarks.emplace_back("replaces an earlier reading");
    addClock(reading, remarks);
    return remarks;
}

}  // namespace vitalgate::cli
