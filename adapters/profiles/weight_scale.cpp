#include <array>
#include <cmath>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
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
/// Of BMI and height: the specification names no such value, devices send it for "not known".
constexpr std::uint16_t kNotKnown = 0xFFFF;

/// Weight and height are rounded before the scale shows them, and some scales round the BMI.
constexpr double kBodyMassTolerance = 0.1;

constexpr std::array kFeatureWords{
    FlagWord{0x01, 0x01, "time-stamp"},
    FlagWord{0x02, 0x02, "multiple-users"},
    FlagWord{0x04, 0x04, "body-mass-index"},
};

/// What the scale can tell apart, and the decimals that say so. Row 0: not specified.
struct Resolution {
    double metric;
    std::uint32_t metricDecimals;
    double imperial;
    std::uint32_t imperialDecimals;
};
constexpr std::array<Resolution, 8> kWeightResolutions{{{0, 3, 0, 2},
                                                        {0.5, 1, 1, 0},
                                                        {0.2, 1, 0.5, 1},
                                                        {0.1, 1, 0.2, 1},
                                                        {0.05, 2, 0.1, 1},
                                                        {0.02, 2, 0.05, 2},
                                                        {0.01, 2, 0.02, 2},
                                                        {0.005, 3, 0.01, 2}}};
constexpr std::array<Resolution, 4> kHeightResolutions{
    {{0, 3, 0, 1}, {0.01, 2, 1, 0}, {0.005, 3, 0.5, 1}, {0.001, 3, 0.1, 1}}};

std::size_t weightResolution(std::uint32_t feature) {
    return feature >> 3U & 0x0FU;
}
std::size_t heightResolution(std::uint32_t feature) {
    return feature >> 7U & 0x07U;
}

/// A reserved code is "not specified".
template <std::size_t N>
const Resolution& at(const std::array<Resolution, N>& table, std::size_t code) {
    return table[code < N ? code : 0];
}

std::uint32_t featureOf(const DecodeOptions& options) {
    ByteReader reader(options.feature);
    return reader.u32("feature");
}

/// A multiple of the field's step as a decimal number, with no more decimals than the scale claims;
/// digits that say something stay, whatever it claims.
Decimal measured(std::int32_t mantissa, std::uint32_t fieldDecimals, std::uint32_t claimed) {
    auto decimals = fieldDecimals;
    while (decimals > claimed && mantissa % 10 == 0) {
        mantissa /= 10;
        --decimals;
    }
    return decimal(mantissa, -static_cast<int>(decimals));
}

Decimal weightOf(std::uint16_t raw, bool imperial, const DecodeOptions& options) {
    const auto& resolution = at(kWeightResolutions, weightResolution(featureOf(options)));
    if (!imperial) return measured(raw * 5, 3, resolution.metricDecimals);
    const std::uint32_t step = decoderQuirk(options.quirk).poundsInTenths ? 1 : 2;
    return measured(raw, step, resolution.imperialDecimals);
}

Number knownNumber(std::uint16_t raw, const Number& number) {
    if (raw == kNotKnown) return std::unexpected(v1::ABSENT_RESERVED_VALUE);
    return zeroIsNotComputed(number);
}

void readBodyMass(ByteReader& reader, Measurement& measurement, bool imperial,
                  const DecodeOptions& options) {
    const auto rawIndex = reader.u16("BMI");
    const auto rawHeight = reader.u16("height");
    const Number index = decimal(rawIndex, -1);
    const auto& resolution = at(kHeightResolutions, heightResolution(featureOf(options)));
    const Number height = imperial ? measured(rawHeight, 1, resolution.imperialDecimals)
                                   : measured(rawHeight, 3, resolution.metricDecimals);
    addSecondary(measurement, codes::Term::bodyMassIndex, knownNumber(rawIndex, index), "kg/m2");
    addSecondary(measurement, codes::Term::bodyHeight, knownNumber(rawHeight, height),
                 imperial ? "[in_i]" : "m");
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
    ByteReader reader(bytes);
    Measurement measurement;
    measurement.reading.set_kind("weight");
    const auto flags = reader.u8("flags");
    const bool imperial = (flags & kImperial) != 0;
    const auto raw = reader.u16("weight");
    addObservation(measurement, codes::Term::bodyWeight, weightOf(raw, imperial, options),
                   imperial ? "[lb_av]" : "kg");
    if ((flags & kHasTime) != 0) readTimeStamp(reader, measurement);
    if ((flags & kHasUser) != 0) readUserSlot(reader, measurement);
    if ((flags & kHasBodyMass) != 0) readBodyMass(reader, measurement, imperial, options);
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
    ByteReader reader(bytes);
    const auto feature = reader.u32("feature");
    std::vector<Field> fields{{"features", flagWords(feature, kFeatureWords)}};
    const auto& weight = at(kWeightResolutions, weightResolution(feature));
    if (weight.metric > 0) {
        fields.push_back({"weightResolutionKg", weight.metric, weight.metricDecimals});
        fields.push_back({"weightResolutionLb", weight.imperial, weight.imperialDecimals});
    }
    const auto& height = at(kHeightResolutions, heightResolution(feature));
    if (height.metric > 0) {
        fields.push_back({"heightResolutionM", height.metric, height.metricDecimals});
        fields.push_back({"heightResolutionIn", height.imperial, height.imperialDecimals});
    }
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
