#include "adapters/profiles/glucose_sample.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::profiles {

namespace {

using codes::Term;

constexpr std::uint8_t kControlSolutionType = 10;
struct SampleType {
    std::uint8_t number;
    std::string_view word;
    std::optional<Term> term;
};
constexpr std::array kTypes{
    SampleType{1, "capillary-whole-blood", Term::glucoseCapillaryWhole},
    SampleType{2, "capillary-plasma", Term::glucoseCapillaryPlasma},
    SampleType{3, "venous-whole-blood", Term::glucoseVenousWhole},
    SampleType{4, "venous-plasma", Term::glucoseVenousPlasma},
    SampleType{5, "arterial-whole-blood", Term::glucoseArterialWhole},
    SampleType{6, "arterial-plasma", Term::glucoseArterialPlasma},
    SampleType{7, "undetermined-whole-blood", Term::glucoseUndeterminedWhole},
    SampleType{8, "undetermined-plasma", Term::glucoseUndeterminedPlasma},
    SampleType{9, "interstitial-fluid", Term::glucoseInterstitial},
    SampleType{kControlSolutionType, "control-solution", std::nullopt},
};

struct SampleLocation {
    std::uint8_t number;
    std::string_view word;
};
constexpr std::uint8_t kControlSolutionLocation = 4;
constexpr std::uint8_t kSubcutaneousTissue = 5;
constexpr std::array kLocations{
    SampleLocation{1, "finger"},
    SampleLocation{2, "alternate-site"},
    SampleLocation{3, "ear-lobe"},
    SampleLocation{kControlSolutionLocation, "control-solution"},
    SampleLocation{kSubcutaneousTissue, "subcutaneous-tissue"},
    SampleLocation{15, "not-available"},
};

/// Of continuous glucose alone; in 0x2A18 the number is reserved.
constexpr codes::BodySite kSubcutaneousSite{kSubcutaneousTissue, "subcutaneous tissue",
                                            "vitalgate:subcutaneous-tissue", 0};

template <class Row, std::size_t N>
const Row* find(const std::array<Row, N>& rows, std::uint8_t number) {
    const auto row = std::ranges::find(rows, number, &Row::number);
    return row == rows.end() ? nullptr : &*row;
}

v1::Comparator comparatorOf(const Number& number, const DeviceRange& range) {
    const auto absent = number ? v1::ABSENT_UNSPECIFIED : number.error();
    if (range.isAbove || absent == v1::ABSENT_POSITIVE_INFINITY) return v1::COMPARATOR_ABOVE;
    if (range.isBelow || absent == v1::ABSENT_NEGATIVE_INFINITY) return v1::COMPARATOR_BELOW;
    return v1::COMPARATOR_UNSPECIFIED;
}

}  // namespace

bool isControlSolution(std::uint8_t type, std::uint8_t location) {
    return type == kControlSolutionType || location == kControlSolutionLocation;
}

std::optional<Term> glucoseTerm(std::uint8_t type) {
    const auto* row = find(kTypes, type);
    return row == nullptr ? std::nullopt : row->term;
}

std::string_view glucoseTypeWord(std::uint8_t type) {
    const auto* row = find(kTypes, type);
    return row == nullptr ? "unknown" : row->word;
}

std::string_view glucoseLocationWord(std::uint8_t location) {
    const auto* row = find(kLocations, location);
    return row == nullptr ? "unknown" : row->word;
}

const codes::BodySite* glucoseSite(std::uint8_t location) {
    if (location == kSubcutaneousTissue) return &kSubcutaneousSite;
    return codes::findSite(codes::sampleLocations(), location);
}

v1::Observation& addConcentration(Measurement& measurement, Term term, const Number& number,
                                  std::string_view unit, const DeviceRange& range) {
    const auto comparator = comparatorOf(number, range);
    const bool isLimit = comparator != v1::COMPARATOR_UNSPECIFIED;
    const auto add = isLimit ? addSecondary : addObservation;
    auto& observation = add(measurement, term, number, unit);
    if (isLimit) observation.set_comparator(comparator);
    return observation;
}

}  // namespace vitalgate::profiles
