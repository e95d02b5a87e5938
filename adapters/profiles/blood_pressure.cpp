#include "adapters/profiles/blood_pressure.hpp"

#include <array>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/enhanced_blood_pressure.hpp"
#include "adapters/profiles/record_access.hpp"
#include "adapters/profiles/registry.hpp"

// Blood Pressure Service 1.1.1: 2A35, 2A36, 2A49, 2B34 to 2B36.
namespace vitalgate::profiles {

namespace {

constexpr std::uint16_t kCrcFeature = 0x040;

constexpr std::array kStatusWords{
    flagWord(0x01, "body-movement"),
    flagWord(0x02, "cuff-loose"),
    flagWord(0x04, "irregular-pulse"),
    FlagWord{0x18, 0x08, "pulse-rate-above-range"},
    FlagWord{0x18, 0x10, "pulse-rate-below-range"},
    flagWord(0x20, "improper-position"),
};

constexpr std::array kFeatureWords{
    flagWord(0x001, "body-movement-detection"),
    flagWord(0x002, "cuff-fit-detection"),
    flagWord(0x004, "irregular-pulse-detection"),
    flagWord(0x008, "pulse-rate-range-detection"),
    flagWord(0x010, "position-detection"),
    flagWord(0x020, "multiple-bonds"),
    flagWord(kCrcFeature, "e2e-crc"),
    flagWord(0x080, "user-data-service"),
    flagWord(0x100, "user-facing-time"),
};

/// The pressure that cannot be beside the others; empty if all can. A mean that no person has says
/// nothing about them.
std::string_view contradiction(const Number& systolic, const Number& diastolic,
                               const Number& mean) {
    if (!systolic || !diastolic) return {};
    if (diastolic->value >= systolic->value) return "diastolic";
    const bool isBetween =
        !mean || (mean->value >= diastolic->value && mean->value <= systolic->value);
    return isBetween ? std::string_view{} : "mean";
}

/// What is no pressure.
Measurement describeCircumstances(const BloodPressureFrame& frame) {
    Measurement measurement;
    measurement.reading.set_kind("blood-pressure");
    if (frame.time) setDeviceTime(measurement, *frame.time);
    if (frame.user) setUserSlot(measurement, *frame.user);
    addStatus(measurement, frame.status, kStatusWords);
    return measurement;
}

std::string_view unitOf(const BloodPressureFrame& frame) {
    return frame.inKilopascal ? "kPa" : "mm[Hg]";
}

DecodeResult decodeMeasurement(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto frame = readBloodPressure(reader, decoderQuirk(options.quirk));
    return conclude(describeBloodPressure(frame), reader, options);
}

DecodeResult decodeIntermediate(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto frame = readBloodPressure(reader, decoderQuirk(options.quirk));
    return conclude(describeCuffPressure(frame), reader, options);
}

DecodeResult decodeFeature(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    std::vector<Field> fields{{"features", flagWords(reader.u16("feature"), kFeatureWords)}};
    return conclude(std::move(fields), reader, options, true);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A35, "Blood Pressure Measurement", Role::measurement, decodeMeasurement},
    CharacteristicSpec{0x2B34, "Enhanced Blood Pressure Measurement", Role::measurement,
                       decodeEnhancedBloodPressure, 0x2A35},
    CharacteristicSpec{0x2B36, "Blood Pressure Record", Role::measurement,
                       decodeBloodPressureRecord},
    CharacteristicSpec{0x2A36, "Intermediate Cuff Pressure", Role::intermediate,
                       decodeIntermediate},
    CharacteristicSpec{0x2B35, "Enhanced Intermediate Cuff Pressure", Role::intermediate,
                       decodeEnhancedCuffPressure, 0x2A36},
    CharacteristicSpec{0x2A49, "Blood Pressure Feature", Role::feature, decodeFeature},
    kRecordAccessCharacteristic,
    kDateTimeCharacteristic,
};

constexpr Profile kProfile{0x1810, "blood-pressure", "Blood Pressure", kCharacteristics};

}  // namespace

const Profile& bloodPressureProfile() {
    return kProfile;
}

Measurement describeBloodPressure(const BloodPressureFrame& frame) {
    auto measurement = describeCircumstances(frame);
    const auto& panel = codes::observation(codes::Term::bloodPressure);
    measurement.reading.mutable_type()->set_code(std::string(panel.code));
    measurement.reading.mutable_type()->set_mdc(panel.mdc);
    measurement.reading.mutable_type()->set_loinc(std::string(panel.loinc));
    const auto mean = zeroIsNotComputed(frame.mean);
    const auto unit = unitOf(frame);
    // A mean alone is what the measurement was made for.
    const bool isMeanAlone = !frame.systolic && !frame.diastolic;
    const auto addMean = isMeanAlone ? addObservation : addSecondary;
    addObservation(measurement, codes::Term::systolicPressure, frame.systolic, unit);
    addObservation(measurement, codes::Term::diastolicPressure, frame.diastolic, unit);
    const bool hasMean = addMean(measurement, codes::Term::meanPressure, mean, unit).has_value();
    const Number believedMean = hasMean ? mean : std::unexpected(v1::ABSENT_UNSPECIFIED);
    if (frame.hasPulse) {
        addSecondary(measurement, codes::Term::cuffPulseRate, zeroIsNotComputed(frame.pulse),
                     "/min");
    }
    if (isMeanAlone && !mean) refuse(measurement, v1::REFUSED_FAILED);
    const auto field = contradiction(frame.systolic, frame.diastolic, believedMean);
    if (!field.empty()) refuse(measurement, v1::REFUSED_CONTRADICTORY, field);
    return measurement;
}

Measurement describeCuffPressure(const BloodPressureFrame& frame) {
    auto measurement = describeCircumstances(frame);
    measurement.intermediate = true;
    addObservation(measurement, codes::Term::cuffPressure, frame.systolic, unitOf(frame));
    return measurement;
}

bool hasRecordCrc(ByteView feature) {
    ByteReader reader(feature);
    return (reader.u16("feature") & kCrcFeature) != 0;
}

}  // namespace vitalgate::profiles
