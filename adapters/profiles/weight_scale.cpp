#include <array>
#include <cmath>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/mass_fields.hpp"
#include "adapters/profiles/quirks.hpp"
#include "adapters/profiles/registry.hpp"

// Weight Scale Service 1.0: 2A9D, 2A9E.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kImperial = 0x01;
constexpr std::uint8_t kHasTime = 0x02;
constexpr std::uint8_t kHasUser = 0x04;
constexpr std::uint8_t kHasBodyMass = 0x08;
constexpr std::uint8_t kReservedFlags = 0xF0;
constexpr std::uint16_t kUnsuccessful = 0xFFFF;

/// Weight and height are rounded before the scale shows them, and some scales round the BMI.
constexpr double kBodyMassTolerance = 0.1;

constexpr std::array kFeatureWords{
    flagWord(0x01, "time-stamp"),
    flagWord(0x02, "multiple-users"),
    flagWord(0x04, "body-mass-index"),
};

const Resolution& weightResolution(std::uint32_t feature) {
    return massResolution(feature >> 3U & 0x0FU);
}
const Resolution& heightResolutionOf(std::uint32_t feature) {
    return heightResolution(feature >> 7U & 0x07U);
}

Quantity weightOf(std::uint16_t raw, bool imperial, const DecodeOptions& options) {
    const auto& resolution = weightResolution(scaleFeature(options));
    const bool inTenths = imperial && decoderQuirk(options.quirk).poundsInTenths;
    return inTenths ? massOfTenths(raw, resolution) : massOf(raw, imperial, resolution);
}

void readBodyMass(ByteReader& reader, Measurement& measurement, bool imperial,
                  const DecodeOptions& options) {
    const auto rawIndex = reader.u16("BMI");
    const auto rawHeight = reader.u16("height");
    const Number index = decimal(rawIndex, -1);
    const auto height = heightOf(rawHeight, imperial, heightResolutionOf(scaleFeature(options)));
    addSecondary(measurement, codes::Term::bodyMassIndex, knownNumber(rawIndex, index), "kg/m2");
    addSecondary(measurement, codes::Term::bodyHeight, knownNumber(rawHeight, height.number),
                 height.unit);
}

/// In our unit; nothing if there is no number, or one that no person has.
std::optional<double> plausibleNumber(const Measurement& measurement, codes::Term term) {
    const auto& row = codes::observation(term);
    for (const auto& each : measurement.reading.observations()) {
        const bool isNumber = each.code() == row.code && each.has_value();
        if (isNumber && codes::isPlausible(row, each.value())) return each.value();
    }
    return std::nullopt;
}

/// The BMI is another than weight / height^2.
bool contradicts(const Measurement& measurement) {
    const auto weight = plausibleNumber(measurement, codes::Term::bodyWeight);
    const auto height = plausibleNumber(measurement, codes::Term::bodyHeight);
    const auto index = plausibleNumber(measurement, codes::Term::bodyMassIndex);
    if (!weight || !height || !index) return false;
    const double expected = *weight / (*height * *height);
    return std::abs(*index - expected) > kBodyMassTolerance * expected;
}

DecodeResult decodeMeasurement(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    measurement.reading.set_kind("weight");
    const auto flags = reader.u8("flags");
    const bool imperial = (flags & kImperial) != 0;
    const auto raw = reader.u16("weight");
    const auto weight = weightOf(raw, imperial, options);
    addObservation(measurement, codes::Term::bodyWeight, weight.number, weight.unit);
    if ((flags & kHasTime) != 0) readTimeStamp(reader, measurement);
    if ((flags & kHasUser) != 0) readUserSlot(reader, measurement);
    if ((flags & kHasBodyMass) != 0) readBodyMass(reader, measurement, imperial, options);
    measurement.part = Part{Part::Kind::weight, weighingOf(measurement), false};
    const bool isBelowZero =
        (flags & kReservedFlags) != 0 && decoderQuirk(options.quirk).reservedIsBelowZero;
    if (raw == kUnsuccessful) {
        refuse(measurement, v1::REFUSED_FAILED, "weight");
    } else if (isBelowZero) {
        refuse(measurement, v1::REFUSED_IMPLAUSIBLE, "weight");
    } else if (contradicts(measurement)) {
        refuse(measurement, v1::REFUSED_CONTRADICTORY, "BMI");
    }
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeFeature(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto feature = reader.u32("feature");
    std::vector<Field> fields{{"features", flagWords(feature, kFeatureWords)}};
    addMassResolution(fields, "weight", weightResolution(feature));
    addHeightResolution(fields, heightResolutionOf(feature));
    return conclude(std::move(fields), reader, options, true);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A9D, "Weight Measurement", Role::measurement, decodeMeasurement},
    CharacteristicSpec{0x2A9E, "Weight Scale Feature", Role::feature, decodeFeature},
    kDateTimeCharacteristic,
};

constexpr Profile kProfile{0x181D, "weight", "Weight Scale", kCharacteristics};

}  // namespace

const Profile& weightScaleProfile() {
    return kProfile;
}

}  // namespace vitalgate::profiles
