#include "adapters/simulator/glucose_context.hpp"

#include <array>

namespace vitalgate::simulator {

namespace {

constexpr std::array kCarbohydrates{ChoiceWord{"breakfast", 1}, ChoiceWord{"lunch", 2},
                                    ChoiceWord{"dinner", 3},    ChoiceWord{"snack", 4},
                                    ChoiceWord{"drink", 5},     ChoiceWord{"supper", 6},
                                    ChoiceWord{"brunch", 7}};
constexpr std::array kMeals{ChoiceWord{"preprandial", 1}, ChoiceWord{"postprandial", 2},
                            ChoiceWord{"fasting", 3}, ChoiceWord{"casual", 4},
                            ChoiceWord{"bedtime", 5}};
constexpr std::array kTesters{ChoiceWord{"self", 1}, ChoiceWord{"health-care-professional", 2},
                              ChoiceWord{"laboratory", 3}, ChoiceWord{"not-available", 15}};
constexpr std::array kHealth{ChoiceWord{"minor-issues", 1},  ChoiceWord{"major-issues", 2},
                             ChoiceWord{"during-menses", 3}, ChoiceWord{"under-stress", 4},
                             ChoiceWord{"no-issues", 5},     ChoiceWord{"not-available", 15}};
constexpr std::array kMedications{
    ChoiceWord{"rapid-acting-insulin", 1}, ChoiceWord{"short-acting-insulin", 2},
    ChoiceWord{"intermediate-acting-insulin", 3}, ChoiceWord{"long-acting-insulin", 4},
    ChoiceWord{"premixed-insulin", 5}};
constexpr std::array kChoices{ChoiceSpec{"carbohydrate-kind", kCarbohydrates},
                              ChoiceSpec{"meal", kMeals}, ChoiceSpec{"tester", kTesters},
                              ChoiceSpec{"health", kHealth},
                              ChoiceSpec{"medication-kind", kMedications}};

constexpr std::uint8_t kSnack = 4;
constexpr std::uint8_t kRapidActing = 1;
constexpr std::uint8_t kNotAvailable = 15;

/// 3.2.1.1: the flags of a context.
enum Flag : std::uint8_t {
    carbohydrate = 0x01,
    meal = 0x02,
    testerAndHealth = 0x04,
    exercise = 0x08,
    medication = 0x10,
    medicationInLitres = 0x20,
    glycatedHaemoglobin = 0x40
};
/// g as kg, mg as kg, mL as L.
constexpr int kGramToKilogram = -3;
constexpr int kMilligramToKilogram = -6;
constexpr int kMillilitreToLitre = -3;

std::uint8_t flagsOf(const Sample& sample) {
    int flags = 0;
    if (sample.find("carbohydrate")) flags |= carbohydrate;
    if (sample.choice("meal")) flags |= meal;
    if (sample.choice("tester") || sample.choice("health")) flags |= testerAndHealth;
    if (sample.find("exercise")) flags |= exercise;
    if (sample.find("medication")) flags |= medication;
    if (sample.find("medication-volume")) flags |= medication | medicationInLitres;
    if (sample.find("hba1c")) flags |= glycatedHaemoglobin;
    return static_cast<std::uint8_t>(flags);
}

void putMedication(ByteWriter& out, const Sample& sample) {
    out.u8(sample.choice("medication-kind").value_or(kRapidActing));
    const auto* volume = sample.find("medication-volume");
    out.u16(volume ? sfloat(shifted(*volume, kMillilitreToLitre))
                   : sfloat(shifted(*sample.find("medication"), kMilligramToKilogram)));
}

}  // namespace

std::span<const ChoiceSpec> glucoseContextChoices() {
    return kChoices;
}

std::optional<Bytes> encodeGlucoseContext(const Sample& sample, std::uint16_t sequence) {
    const auto flags = flagsOf(sample);
    if (flags == 0) return std::nullopt;
    ByteWriter out;
    out.u8(flags).u16(sequence);
    if (const auto* mass = sample.find("carbohydrate")) {
        out.u8(sample.choice("carbohydrate-kind").value_or(kSnack));
        out.u16(sfloat(shifted(*mass, kGramToKilogram)));
    }
    if (const auto when = sample.choice("meal")) out.u8(*when);
    if ((flags & testerAndHealth) != 0) {
        const auto tester = sample.choice("tester").value_or(kNotAvailable);
        const auto health = sample.choice("health").value_or(kNotAvailable);
        out.u8(static_cast<std::uint8_t>(health << 4 | tester));
    }
    if (const auto* duration = sample.find("exercise")) {
        const auto* intensity = sample.find("exercise-intensity");
        out.u16(scaled16(duration->value, 1));
        out.u8(static_cast<std::uint8_t>(intensity ? scaled16(intensity->value, 1) : 0));
    }
    if ((flags & medication) != 0) putMedication(out, sample);
    if (const auto* share = sample.find("hba1c")) out.u16(sfloat(*share));
    return out.bytes();
}

}  // namespace vitalgate::simulator
