#include <array>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/quirks.hpp"
#include "adapters/profiles/registry.hpp"

// Blood Pressure Service 1.1.1: 2A35, 2A36, 2A49.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kKilopascal = 0x01;
constexpr std::uint8_t kHasTime = 0x02;
constexpr std::uint8_t kHasPulse = 0x04;
constexpr std::uint8_t kHasUser = 0x08;
constexpr std::uint8_t kHasStatus = 0x10;

constexpr std::array kStatusWords{
    FlagWord{0x01, 0x01, "body-movement"},          FlagWord{0x02, 0x02, "cuff-loose"},
    FlagWord{0x04, 0x04, "irregular-pulse"},        FlagWord{0x18, 0x08, "pulse-rate-above-range"},
    FlagWord{0x18, 0x10, "pulse-rate-below-range"}, FlagWord{0x20, 0x20, "improper-position"},
};

constexpr std::array kFeatureWords{
    FlagWord{0x001, 0x001, "body-movement-detection"},
    FlagWord{0x002, 0x002, "cuff-fit-detection"},
    FlagWord{0x004, 0x004, "irregular-pulse-detection"},
    FlagWord{0x008, 0x008, "pulse-rate-range-detection"},
    FlagWord{0x010, 0x010, "position-detection"},
    FlagWord{0x020, 0x020, "multiple-bonds"},
    FlagWord{0x040, 0x040, "e2e-crc"},
    FlagWord{0x080, 0x080, "user-data-service"},
    FlagWord{0x100, 0x100, "user-facing-time"},
};

struct Pressures {
    Number systolic;  ///< of an intermediate value: the cuff's pressure now
    Number diastolic;
    Number mean;
    std::string_view unit;
};

std::uint16_t swapped(std::uint16_t raw) {
    return static_cast<std::uint16_t>(raw >> 8U | raw << 8U);
}

/// Both kinds of value have one layout; what follows the pressures goes into `measurement`.
struct Frame {
    Pressures pressures;
    std::optional<Number> pulse;
};

Frame readFrame(ByteReader& reader, const DecoderQuirk& quirk, Measurement& measurement) {
    const auto flags = reader.u8("flags");
    Frame frame;
    frame.pressures.systolic = readShortFloat(reader, "systolic");
    frame.pressures.diastolic = readShortFloat(reader, "diastolic");
    frame.pressures.mean = zeroIsNotComputed(readShortFloat(reader, "mean"));
    frame.pressures.unit = (flags & kKilopascal) != 0 ? "kPa" : "mm[Hg]";
    const auto u16 = [&](std::string_view field) {
        const auto raw = reader.u16(field);
        return quirk.bigEndianPulse ? swapped(raw) : raw;
    };
    if ((flags & kHasTime) != 0) readTimeStamp(reader, measurement);
    if ((flags & kHasPulse) != 0) frame.pulse = shortFloat(u16("pulse"));
    if ((flags & kHasUser) != 0 || quirk.userAlwaysPresent) readUserSlot(reader, measurement);
    if ((flags & kHasStatus) != 0) {
        for (auto& word : flagWords(u16("status"), kStatusWords)) {
            measurement.reading.add_status(std::move(word));
        }
    }
    return frame;
}

/// The pressure that cannot be beside the others; empty if all can.
std::string_view contradiction(const Pressures& pressures) {
    const auto& [systolic, diastolic, mean, unit] = pressures;
    if (!systolic || !diastolic) return {};
    if (diastolic->value >= systolic->value) return "diastolic";
    const bool isBetween =
        !mean || (mean->value >= diastolic->value && mean->value <= systolic->value);
    return isBetween ? std::string_view{} : "mean";
}

DecodeResult decodeMeasurement(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes);
    Measurement measurement;
    measurement.reading.set_kind("blood-pressure");
    const auto frame = readFrame(reader, decoderQuirk(options.quirk), measurement);
    const auto& panel = codes::observation(codes::Term::bloodPressure);
    measurement.reading.mutable_type()->set_code(std::string(panel.code));
    measurement.reading.mutable_type()->set_mdc(panel.mdc);
    measurement.reading.mutable_type()->set_loinc(std::string(panel.loinc));
    const auto& [systolic, diastolic, mean, unit] = frame.pressures;
    addObservation(measurement, codes::Term::systolicPressure, systolic, unit);
    addObservation(measurement, codes::Term::diastolicPressure, diastolic, unit);
    addSecondary(measurement, codes::Term::meanPressure, mean, unit);
    if (frame.pulse) {
        addSecondary(measurement, codes::Term::cuffPulseRate, zeroIsNotComputed(*frame.pulse),
                     "/min");
    }
    if (!systolic && !diastolic && !mean) {
        refuse(measurement, v1::REFUSED_FAILED);
    }
    if (const auto field = contradiction(frame.pressures); !field.empty()) {
        refuse(measurement, v1::REFUSED_CONTRADICTORY, field);
    }
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeIntermediate(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes);
    Measurement measurement;
    measurement.reading.set_kind("blood-pressure");
    measurement.intermediate = true;
    const auto frame = readFrame(reader, decoderQuirk(options.quirk), measurement);
    addObservation(measurement, codes::Term::cuffPressure, frame.pressures.systolic,
                   frame.pressures.unit);
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeFeature(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes);
    std::vector<Field> fields{{"features", flagWords(reader.u16("feature"), kFeatureWords)}};
    return conclude(std::move(fields), reader, options, true);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A35, "Blood Pressure Measurement", Role::measurement, decodeMeasurement},
    CharacteristicSpec{0x2A36, "Intermediate Cuff Pressure", Role::intermediate,
                       decodeIntermediate},
    CharacteristicSpec{0x2A49, "Blood Pressure Feature", Role::feature, decodeFeature},
    kDateTimeCharacteristic,
};

constexpr Profile kProfile{0x1810, "blood-pressure", "Blood Pressure", kCharacteristics};

}  // namespace

const Profile& bloodPressureProfile() {
    return kProfile;
}

}  // namespace vitalgate::profiles
