#include <algorithm>
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

v1::Observation* find(Measurement& measurement, codes::Term term) {
    auto& observations = *measurement.reading.mutable_observations();
    const auto at =
        std::ranges::find(observations, codes::observation(term).code,
                          [](const auto& each) { return std::string_view(each.code()); });
    const bool isNumber = at != observations.end() && at->has_value();
    return isNumber ? &*at : nullptr;
}

/// A BMI that is not weight / height^2: nobody can tell whether it or the height is of another
/// person, so both go.
void leaveOutContradiction(Measurement& measurement) {
    const auto* weight = find(measurement, codes::Term::bodyWeight);
    auto* height = find(measurement, codes::Term::bodyHeight);
    auto* index = find(measurement, codes::Term::bodyMassIndex);
    if (weight == nullptr || height == nullptr || index == nullptr) return;
    const double expected = weight->value() / (height->value() * height->value());
    if (std::abs(index->value() - expected) <= kBodyMassTolerance * expected) return;
    setImplausible(*index);
    setImplausible(*height);
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
    } else {
        leaveOutContradiction(measurement);
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
