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
constexpr std::array<UnitName, 8> kUnitNames{{{"mm[Hg]", "mmHg"},
                                              {"Cel", "°C"},
                                              {"[degF]", "°F"},
                                              {"[lb_av]", "lb"},
                                              {"[in_i]", "in"},
                                              {"kg/m2", "kg/m²"},
                                              {"Ohm", "Ω"},
                                              {"1", ""}}};

/// What a kind is about: beside the word of the kind a person needs no name for it.
struct Principal {
    std::string_view kind;
    std::string_view word;  ///< of the observation
};
constexpr std::array<Principal, 6> kPrincipals{{{"body-temperature", "temperature"},
                                                {"weight", "weight"},
                                                {"heart-rate", "heart rate"},
                                                {"glucose", "glucose"},
                                                {"glucose-continuous", "glucose"},
                                                {"pulse-oximetry", "oxygen saturation"}}};

/// Words of an observation that say which of several values of a kind it is.
constexpr std::array<std::string_view, 2> kWhichOnes{"fast", "slow"};

/// What our own codes begin with.
constexpr std::string_view kOurs = "vitalgate:";

std::string_view withoutPrefix(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::string number(double value, std::uint32_t decimals) {
    constexpr std::uint32_t kMostDecimals = 15;
    return fmt::format("{:.{}f}", value, std::min(decimals, kMostDecimals));
}

bool isWhichOne(std::string_view word) {
    return std::ranges::find(kWhichOnes, word) != kWhichOnes.end();
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

std::string name(const v1::Observation& observation) {
    const auto* row = codes::findObservation(observation.code());
    std::string text(row != nullptr ? row->word : withoutPrefix(observation.code(), kOurs));
    for (const auto& word : observation.status()) {
        if (isWhichOne(word)) text = fmt::format("{} {}", word, text);
    }
    return text;
}

/// "vitalgate:meal-fasting" of a meal is "fasting".
std::string coded(const v1::Observation& observation) {
    const auto about = fmt::format("{}-", name(observation));
    std::vector<std::string> words;
    for (const auto& code : observation.coded().codes()) {
        words.push_back(spaced(withoutPrefix(withoutPrefix(code.code(), kOurs), about)));
    }
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string absent(const v1::Observation& observation) {
    // Then the device showed "HI" or "LO".
    if (observation.comparator() == v1::COMPARATOR_ABOVE) return "above the device's range";
    if (observation.comparator() == v1::COMPARATOR_BELOW) return "below the device's range";
    // Then the observation's status says why.
    if (observation.absent() == v1::ABSENT_UNSPECIFIED) return "–";
    return fmt::format("– ({})",
                       spaced(enumWord(v1::Absent_Name(observation.absent()), "ABSENT_")));
}

std::string observed(const v1::Observation& observation) {
    switch (observation.result_case()) {
        case v1::Observation::kValue:
            return fmt::format(
                "{}{}", comparator(observation.comparator()),
                withUnit(number(observation.value(), observation.decimals()), observation.unit()));
        case v1::Observation::kCoded:
            return coded(observation);
        case v1::Observation::kText:
            return observation.text();
        case v1::Observation::kSamples:
            return samples(observation.samples(), observation.unit());
        case v1::Observation::kAbsent:
            return absent(observation);
        case v1::Observation::RESULT_NOT_SET:
            break;
    }
    return "–";
}

bool isPrincipal(const v1::Reading& reading, const v1::Observation& observation) {
    return std::ranges::any_of(kPrincipals, [&](const Principal& row) {
        return row.kind == reading.kind() && row.word == name(observation);
    });
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
    for (const auto sites :
         {codes::temperatureSites(), codes::sensorLocations(), codes::sampleLocations()}) {
        const auto site =
            std::ranges::find(sites, observation.body_site().code(), &codes::BodySite::code);
        if (site == sites.end()) continue;
        auto place = spaced(site->word);
        if (std::ranges::find(remarks, place) == remarks.end()) remarks.push_back(std::move(place));
        return;
    }
}

/// How long it lasted, and where there are no samples in that time.
void addCourse(const v1::Reading& reading, std::vector<std::string>& remarks) {
    constexpr std::uint64_t kSecondMs = 1000;
    constexpr std::uint64_t kMinuteMs = 60 * kSecondMs;
    const auto lasted = reading.duration_ms();
    if (lasted >= 2 * kMinuteMs) {
        remarks.push_back(fmt::format("over {} min", (lasted + kMinuteMs / 2) / kMinuteMs));
    } else if (lasted > 0) {
        remarks.push_back(fmt::format("over {} s", (lasted + kSecondMs / 2) / kSecondMs));
    }
    std::vector<std::string> reasons;
    for (const auto& observation : reading.observations()) {
        for (const auto& span : observation.samples().spans()) {
            auto reason = span.status().empty()
                              ? enumWord(v1::Absent_Name(span.absent()), "ABSENT_")
                              : span.status(0);
            reason = spaced(reason);
            if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(reason);
        }
    }
    if (!reasons.empty()) {
        remarks.push_back(fmt::format("some values are missing: {}", fmt::join(reasons, ", ")));
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

/// Of what nobody has looked into: how much there is of it.
std::vector<std::string> octets(const v1::Source& source) {
    std::vector<std::string> parts;
    for (const auto& raw : source.raw()) {
        parts.push_back(fmt::format("{} octet{} of {}", raw.value().size(),
                                    raw.value().size() == 1 ? "" : "s", raw.characteristic()));
    }
    return parts;
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
        const bool isMain = parts.empty() && isPrincipal(reading, observation);
        parts.push_back(isMain ? observed(observation)
                               : fmt::format("{} {}", name(observation), observed(observation)));
    }
    if (reading.observations().empty()) parts = octets(reading.source());
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> formatRemarks(const v1::Reading& reading) {
    std::vector<std::string> remarks;
    for (const auto& word : reading.status()) remarks.push_back(spaced(word));
    for (const auto& observation : reading.observations()) {
        addSite(observation, remarks);
        for (const auto& word : observation.status()) {
            if (isWhichOne(word)) continue;
            remarks.push_back(fmt::format("{}: {}", name(observation), spaced(word)));
        }
        if (observation.has_reported()) {
            const auto& reported = observation.reported();
            remarks.push_back(fmt::format(
                "measured as {}",
                withUnit(number(reported.value(), reported.decimals()), reported.unit())));
        }
    }
    addCourse(reading, remarks);
    if (reading.has_user_slot() && reading.subject().empty()) {
        remarks.push_back(fmt::format("slot {}: unassigned", reading.user_slot()));
    }
    if (reading.partial()) remarks.emplace_back("incomplete");
    if (!reading.amends().empty()) remarks.emplace_back("replaces an earlier reading");
    addClock(reading, remarks);
    return remarks;
}

}  // namespace vitalgate::cli
