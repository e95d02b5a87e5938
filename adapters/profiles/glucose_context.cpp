#include "adapters/profiles/glucose_context.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kHasCarbohydrate = 0x01;
constexpr std::uint8_t kHasMeal = 0x02;
constexpr std::uint8_t kHasTesterAndHealth = 0x04;
constexpr std::uint8_t kHasExercise = 0x08;
constexpr std::uint8_t kHasMedication = 0x10;
constexpr std::uint8_t kMedicationInLitres = 0x20;
constexpr std::uint8_t kHasGlycatedHaemoglobin = 0x40;
constexpr std::uint8_t kHasExtendedFlags = 0x80;

constexpr std::uint16_t kDurationOverrun = 0xFFFF;

constexpr int kKilogramToGram = 3;
constexpr int kKilogramToMilligram = 6;
constexpr int kLitreToMillilitre = 3;

/// One code of an enumeration. Codes in no row are reserved, or say "not available".
struct Word {
    std::uint8_t code;
    std::string_view word;
};

constexpr std::array kCarbohydrates{
    Word{1, "breakfast"}, Word{2, "lunch"},  Word{3, "dinner"}, Word{4, "snack"},
    Word{5, "drink"},     Word{6, "supper"}, Word{7, "brunch"},
};
constexpr std::array kMedications{
    Word{1, "rapid-acting-insulin"},
    Word{2, "short-acting-insulin"},
    Word{3, "intermediate-acting-insulin"},
    Word{4, "long-acting-insulin"},
    Word{5, "premixed-insulin"},
};
constexpr std::array kMeals{
    Word{1, "vitalgate:meal-preprandial"}, Word{2, "vitalgate:meal-postprandial"},
    Word{3, "vitalgate:meal-fasting"},     Word{4, "vitalgate:meal-casual"},
    Word{5, "vitalgate:meal-bedtime"},
};
/// Reserved, but how meters with ketone strips mark a record of ketone.
constexpr std::uint8_t kKetone = 6;
constexpr std::array kTesters{
    Word{1, "vitalgate:tester-self"},
    Word{2, "vitalgate:tester-health-care-professional"},
    Word{3, "vitalgate:tester-laboratory"},
};
constexpr std::array kHealth{
    Word{1, "vitalgate:health-minor-issues"},  Word{2, "vitalgate:health-major-issues"},
    Word{3, "vitalgate:health-during-menses"}, Word{4, "vitalgate:health-under-stress"},
    Word{5, "vitalgate:health-no-issues"},
};

const Word* find(std::span<const Word> words, unsigned code) {
    const auto row = std::ranges::find(words, code, &Word::code);
    return row == words.end() ? nullptr : &*row;
}

void addKnown(Measurement& measurement, codes::Term term, std::span<const Word> words,
              unsigned code) {
    if (const auto* row = find(words, code)) addCoded(measurement, term, row->word);
}

/// In what an amount is observed and in what the field counts it, with the power between them.
struct AmountUnit {
    codes::Term term;
    std::string_view unit;
    std::string_view saidUnit;
    int power;
};
constexpr AmountUnit kCarbohydrateMass{codes::Term::carbohydrate, "g", "kg", kKilogramToGram};
constexpr AmountUnit kMedicationMass{codes::Term::medicationMass, "mg", "kg", kKilogramToMilligram};
constexpr AmountUnit kMedicationVolume{codes::Term::medicationVolume, "mL", "L",
                                       kLitreToMillilitre};

/// An amount, and of what. The field's scale is read in two ways, so one that nobody takes is told
/// as the device said it: it may be a plausible one of the other scale.
void addAmount(Measurement& measurement, const AmountUnit& in, std::uint16_t raw,
               const Word* kind) {
    auto& observation = addSecondary(measurement, in.term, shortFloat(raw, in.power), in.unit);
    const auto said = shortFloat(raw);
    if (said && observation.has_absent()) {
        observation.mutable_reported()->set_value(said->value);
        observation.mutable_reported()->set_decimals(said->decimals);
        observation.mutable_reported()->set_unit(std::string(in.saidUnit));
    }
    if (kind != nullptr) observation.add_status(std::string(kind->word));
}

void readCarbohydrate(ByteReader& reader, Measurement& measurement) {
    const auto* kind = find(kCarbohydrates, reader.u8("carbohydrate type"));
    addAmount(measurement, kCarbohydrateMass, reader.u16("carbohydrate"), kind);
}

/// Whether the record is one of ketone.
bool readMeal(ByteReader& reader, Measurement& measurement) {
    const auto meal = reader.u8("meal");
    addKnown(measurement, codes::Term::meal, kMeals, meal);
    return meal == kKetone;
}

void readTesterAndHealth(ByteReader& reader, Measurement& measurement) {
    const auto both = reader.u8("tester and health");
    addKnown(measurement, codes::Term::tester, kTesters, both & 0x0FU);
    addKnown(measurement, codes::Term::health, kHealth, both >> 4U);
}

void readExercise(ByteReader& reader, Measurement& measurement) {
    const auto seconds = reader.u16("exercise duration");
    const Number duration = seconds == kDurationOverrun
                                ? Number(std::unexpected(v1::ABSENT_OVERRUN))
                                : Number(decimal(seconds, 0));
    const auto intensity = decimal(reader.u8("exercise intensity"), 0);
    addSecondary(measurement, codes::Term::exerciseDuration, duration, "s");
    addSecondary(measurement, codes::Term::exerciseIntensity, intensity, "%");
}

void readMedication(ByteReader& reader, Measurement& measurement, bool inLitres) {
    const auto* kind = find(kMedications, reader.u8("medication type"));
    const auto& in = inLitres ? kMedicationVolume : kMedicationMass;
    addAmount(measurement, in, reader.u16("medication"), kind);
}

}  // namespace

DecodeResult decodeGlucoseContext(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    auto& reading = measurement.reading;
    reading.set_kind("glucose");
    const auto flags = reader.u8("flags");
    const auto sequence = reader.u16("sequence number");
    reading.mutable_source()->set_record_number(sequence);
    measurement.part = glucosePart(Part::Kind::glucoseContext, sequence, false);
    if ((flags & kHasExtendedFlags) != 0) reader.u8("extended flags");
    if ((flags & kHasCarbohydrate) != 0) readCarbohydrate(reader, measurement);
    const bool isKetone = (flags & kHasMeal) != 0 && readMeal(reader, measurement);
    if ((flags & kHasTesterAndHealth) != 0) readTesterAndHealth(reader, measurement);
    if ((flags & kHasExercise) != 0) readExercise(reader, measurement);
    if ((flags & kHasMedication) != 0) {
        readMedication(reader, measurement, (flags & kMedicationInLitres) != 0);
    }
    if ((flags & kHasGlycatedHaemoglobin) != 0) {
        addSecondary(measurement, codes::Term::glycatedHaemoglobin, readShortFloat(reader, "HbA1c"),
                     "%");
    }
    if (isKetone) {
        refuse(measurement, v1::REFUSED_UNKNOWN_FORMAT, "meal");
    } else if (reading.observations().empty()) {
        refuse(measurement, v1::REFUSED_EMPTY);
    }
    return conclude(std::move(measurement), reader, options);
}

Part glucosePart(Part::Kind kind, std::uint16_t sequence, bool announced) {
    return {kind, std::to_string(sequence), announced};
}

}  // namespace vitalgate::profiles
