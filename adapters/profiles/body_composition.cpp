#include <algorithm>
#include <array>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/mass_fields.hpp"
#include "adapters/profiles/registry.hpp"

// Body Composition Service 1.0: 2A9C, 2A9B.
namespace vitalgate::profiles {

namespace {

constexpr std::uint16_t kImperial = 0x0001;
constexpr std::uint16_t kHasTime = 0x0002;
constexpr std::uint16_t kHasUser = 0x0004;
constexpr std::uint16_t kHasWeight = 0x0400;
constexpr std::uint16_t kMultiplePackets = 0x1000;
constexpr std::uint16_t kUnsuccessful = 0xFFFF;

enum class Measure { energy, percentage, mass, impedance, height };

struct FurtherValue {
    std::uint16_t flag;
    codes::Term term;
    Measure measure;
};
/// After body fat, time and user, in the order of the characteristic.
constexpr std::array kFurtherValues{
    FurtherValue{0x0008, codes::Term::basalMetabolism, Measure::energy},
    FurtherValue{0x0010, codes::Term::musclePercentage, Measure::percentage},
    FurtherValue{0x0020, codes::Term::muscleMass, Measure::mass},
    FurtherValue{0x0040, codes::Term::fatFreeMass, Measure::mass},
    FurtherValue{0x0080, codes::Term::softLeanMass, Measure::mass},
    FurtherValue{0x0100, codes::Term::bodyWaterMass, Measure::mass},
    FurtherValue{0x0200, codes::Term::bodyImpedance, Measure::impedance},
    FurtherValue{kHasWeight, codes::Term::bodyWeight, Measure::mass},
    FurtherValue{0x0800, codes::Term::bodyHeight, Measure::height},
};

constexpr std::array kFeatureWords{
    flagWord(0x001, "time-stamp"),       flagWord(0x002, "multiple-users"),
    flagWord(0x004, "basal-metabolism"), flagWord(0x008, "muscle-percentage"),
    flagWord(0x010, "muscle-mass"),      flagWord(0x020, "fat-free-mass"),
    flagWord(0x040, "soft-lean-mass"),   flagWord(0x080, "body-water"),
    flagWord(0x100, "impedance"),        flagWord(0x200, "weight"),
    flagWord(0x400, "height"),
};

const Resolution& massResolutionOf(std::uint32_t feature) {
    return massResolution(feature >> 11U & 0x0FU);
}
const Resolution& heightResolutionOf(std::uint32_t feature) {
    return heightResolution(feature >> 15U & 0x07U);
}

/// One of the further values as it came.
struct Further {
    const FurtherValue* row;
    std::uint16_t raw;
};

std::vector<Further> readFurther(ByteReader& reader, std::uint16_t flags) {
    std::vector<Further> values;
    for (const auto& row : kFurtherValues) {
        if ((flags & row.flag) == 0) continue;
        values.push_back({&row, reader.u16(codes::observation(row.term).word)});
    }
    return values;
}

Quantity quantityOf(const Further& further, bool imperial, std::uint32_t feature) {
    switch (further.row->measure) {
        case Measure::energy:
            return {decimal(further.raw, 0), "kJ"};
        case Measure::percentage:
            return {decimal(further.raw, -1), "%"};
        case Measure::impedance:
            return {decimal(further.raw, -1), "Ohm"};
        case Measure::height:
            return heightOf(further.raw, imperial, heightResolutionOf(feature));
        case Measure::mass:
            break;
    }
    return massOf(further.raw, imperial, massResolutionOf(feature));
}

/// The weight is what a scale is for; without it the body fat is.
void addFat(Measurement& measurement, std::uint16_t fat, bool hasWeight) {
    const auto number = zeroIsNotComputed(decimal(fat, -1));
    const auto add = hasWeight ? addSecondary : addObservation;
    add(measurement, codes::Term::bodyFat, number, "%");
}

void addFurther(Measurement& measurement, const std::vector<Further>& values, bool imperial,
                std::uint32_t feature, bool weightOnly) {
    for (const auto& further : values) {
        const bool isWeight = further.row->flag == kHasWeight;
        if (isWeight != weightOnly) continue;
        const auto [number, unit] = quantityOf(further, imperial, feature);
        const auto add = isWeight ? addObservation : addSecondary;
        add(measurement, further.row->term, knownNumber(further.raw, number), unit);
    }
}

DecodeResult decodeMeasurement(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    const auto flags = reader.u16("flags");
    const bool hasWeight = (flags & kHasWeight) != 0;
    measurement.reading.set_kind(hasWeight ? "weight" : "body-composition");
    const auto fat = reader.u16("body fat");
    if ((flags & kHasTime) != 0) readTimeStamp(reader, measurement);
    if ((flags & kHasUser) != 0) readUserSlot(reader, measurement);
    const auto values = readFurther(reader, flags);
    const bool announced = (flags & kMultiplePackets) != 0;
    measurement.part = Part{Part::Kind::composition, weighingOf(measurement), announced};

    // 3.2.1.2: the second packet has the field, which says nothing there.
    const bool fatIsElsewhere = fat == kUnsuccessful && announced && !values.empty();
    const bool imperial = (flags & kImperial) != 0;
    const auto feature = scaleFeature(options);
    addFurther(measurement, values, imperial, feature, true);
    if (!fatIsElsewhere) addFat(measurement, fat, hasWeight);
    addFurther(measurement, values, imperial, feature, false);
    // Scales send such values for memory places that no weighing has filled.
    const bool isEmpty =
        (fat == 0 || fatIsElsewhere) &&
        std::ranges::all_of(values, [](const auto& each) { return each.raw == 0; });
    if (fat == kUnsuccessful && !fatIsElsewhere) {
        refuse(measurement, v1::REFUSED_FAILED, "body fat");
    } else if (isEmpty) {
        refuse(measurement, v1::REFUSED_EMPTY);
    }
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeFeature(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto feature = reader.u32("feature");
    std::vector<Field> fields{{"features", flagWords(feature, kFeatureWords)}};
    addMassResolution(fields, "mass", massResolutionOf(feature));
    addHeightResolution(fields, heightResolutionOf(feature));
    return conclude(std::move(fields), reader, options, true);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A9C, "Body Composition Measurement", Role::measurement,
                       decodeMeasurement},
    CharacteristicSpec{0x2A9B, "Body Composition Feature", Role::feature, decodeFeature},
    kDateTimeCharacteristic,
};

constexpr Profile kProfile{0x181B, "body-composition", "Body Composition", kCharacteristics};

}  // namespace

const Profile& bodyCompositionProfile() {
    return kProfile;
}

}  // namespace vitalgate::profiles
