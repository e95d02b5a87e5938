#include <algorithm>
#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/record_access.hpp"
#include "adapters/profiles/registry.hpp"

// Pulse Oximeter Service 1.0: 2A5E, 2A5F, 2A60, 2A52.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kSpotHasTime = 0x01;
constexpr std::uint8_t kSpotHasMeasurementStatus = 0x02;
constexpr std::uint8_t kSpotHasSensorStatus = 0x04;
constexpr std::uint8_t kSpotHasPerfusion = 0x08;
constexpr std::uint8_t kSpotClockNotSet = 0x10;

constexpr std::uint8_t kContinuousHasFast = 0x01;
constexpr std::uint8_t kContinuousHasSlow = 0x02;
constexpr std::uint8_t kContinuousHasMeasurementStatus = 0x04;
constexpr std::uint8_t kContinuousHasSensorStatus = 0x08;
constexpr std::uint8_t kContinuousHasPerfusion = 0x10;

constexpr std::uint32_t kFromStorage = 0x0200;
constexpr std::uint32_t kDemonstration = 0x0400;
constexpr std::uint32_t kTest = 0x0800;
constexpr std::uint32_t kCalibrating = 0x1000;
constexpr std::uint32_t kUnavailable = 0x2000;
constexpr std::uint32_t kQuestionable = 0x4000;
constexpr std::uint32_t kInvalid = 0x8000;
constexpr std::array kMeasurementWords{
    FlagWord{0x0020, 0x0020, "measurement-ongoing"},
    FlagWord{0x0040, 0x0040, "early-estimate"},
    FlagWord{0x0080, 0x0080, "validated"},
    FlagWord{0x0100, 0x0100, "fully-qualified"},
    FlagWord{kFromStorage, kFromStorage, "from-storage"},
    FlagWord{kDemonstration, kDemonstration, "demonstration"},
    FlagWord{kTest, kTest, "test"},
    FlagWord{kCalibrating, kCalibrating, "calibrating"},
    FlagWord{kUnavailable, kUnavailable, "measurement-unavailable"},
    FlagWord{kQuestionable, kQuestionable, "questionable-measurement"},
    FlagWord{kInvalid, kInvalid, "invalid-measurement"},
};

constexpr std::uint32_t kMalfunction = 0x0002;
constexpr std::uint32_t kUnconnected = 0x0800;
constexpr std::uint32_t kDisplaced = 0x2000;
constexpr std::uint32_t kSensorFault = 0x4000;
constexpr std::uint32_t kDisconnected = 0x8000;
constexpr std::array kSensorWords{
    FlagWord{0x0001, 0x0001, "extended-display-update"},
    FlagWord{kMalfunction, kMalfunction, "equipment-malfunction"},
    FlagWord{0x0004, 0x0004, "signal-irregular"},
    FlagWord{0x0008, 0x0008, "signal-inadequate"},
    FlagWord{0x0010, 0x0010, "signal-poor"},
    FlagWord{0x0020, 0x0020, "low-perfusion"},
    FlagWord{0x0040, 0x0040, "signal-erratic"},
    FlagWord{0x0080, 0x0080, "signal-non-pulsatile"},
    FlagWord{0x0100, 0x0100, "questionable-pulse"},
    FlagWord{0x0200, 0x0200, "signal-analysis-ongoing"},
    FlagWord{0x0400, 0x0400, "sensor-interference"},
    FlagWord{kUnconnected, kUnconnected, "sensor-not-on-person"},
    FlagWord{0x1000, 0x1000, "unknown-sensor"},
    FlagWord{kDisplaced, kDisplaced, "sensor-displaced"},
    FlagWord{kSensorFault, kSensorFault, "sensor-malfunction"},
    FlagWord{kDisconnected, kDisconnected, "sensor-disconnected"},
};

/// States in which a number is none of a patient. The first row that is true is the reason.
struct Refusal {
    std::uint32_t bits;
    v1::MeasurementRefusal reason;
};
constexpr std::array kMeasurementRefusals{
    Refusal{kDemonstration, v1::REFUSED_DEMO},
    Refusal{kTest, v1::REFUSED_TEST},
    Refusal{kCalibrating, v1::REFUSED_CALIBRATING},
    Refusal{kUnavailable, v1::REFUSED_UNAVAILABLE},
    Refusal{kQuestionable, v1::REFUSED_QUESTIONABLE},
    Refusal{kInvalid, v1::REFUSED_INVALID},
};
constexpr std::array kSensorRefusals{
    Refusal{kUnconnected | kDisplaced | kDisconnected, v1::REFUSED_NO_CONTACT},
    Refusal{kMalfunction | kSensorFault, v1::REFUSED_SENSOR_FAULT},
};

constexpr std::uint32_t kFeatureMeasurementStatus = 0x0001;
constexpr std::uint32_t kFeatureSensorStatus = 0x0002;
constexpr std::array kFeatureWords{
    FlagWord{kFeatureMeasurementStatus, kFeatureMeasurementStatus, "measurement-status"},
    FlagWord{kFeatureSensorStatus, kFeatureSensorStatus, "sensor-status"},
    FlagWord{0x0004, 0x0004, "measurement-storage"},
    FlagWord{0x0008, 0x0008, "time-stamp"},
    FlagWord{0x0010, 0x0010, "fast-metric"},
    FlagWord{0x0020, 0x0020, "slow-metric"},
    FlagWord{0x0040, 0x0040, "pulse-amplitude-index"},
    FlagWord{0x0080, 0x0080, "multiple-bonds"},
};

struct Status {
    std::uint32_t measurement = 0;
    std::uint32_t sensor = 0;
};

void readPair(ByteReader& reader, Measurement& measurement) {
    addObservation(measurement, codes::Term::oxygenSaturation, readShortFloat(reader, "SpO2"), "%");
    addSecondary(measurement, codes::Term::oximeterPulseRate,
                 zeroIsNotComputed(readShortFloat(reader, "pulse rate")), "/min");
}

/// The same over a shorter or a longer time than the pair that every value has.
void readAveraged(ByteReader& reader, Measurement& measurement, std::string_view word) {
    const auto saturation = readShortFloat(reader, fmt::format("SpO2, {}", word));
    const auto pulse = readShortFloat(reader, fmt::format("pulse rate, {}", word));
    addSecondary(measurement, codes::Term::oxygenSaturation, saturation, "%")
        .add_status(std::string(word));
    addSecondary(measurement, codes::Term::oximeterPulseRate, zeroIsNotComputed(pulse), "/min")
        .add_status(std::string(word));
}

void readPerfusion(ByteReader& reader, Measurement& measurement) {
    addSecondary(measurement, codes::Term::perfusionIndex,
                 readShortFloat(reader, "pulse amplitude index"), "%");
}

template <std::size_t N>
std::optional<v1::MeasurementRefusal> refusalOf(std::uint32_t bits,
                                                const std::array<Refusal, N>& table) {
    for (const auto& row : table) {
        if ((bits & row.bits) != 0) return row.reason;
    }
    return std::nullopt;
}

/// A perfusion alone says nothing of saturation and pulse.
bool isMeasured(const Measurement& measurement) {
    const auto& perfusion = codes::observation(codes::Term::perfusionIndex);
    return std::ranges::any_of(measurement.reading.observations(), [&](const auto& each) {
        return each.has_value() && each.code() != perfusion.code;
    });
}

void applyStatus(Measurement& measurement, const Status& status) {
    addStatus(measurement, status.measurement, kMeasurementWords);
    addStatus(measurement, status.sensor, kSensorWords);
    if ((status.measurement & kFromStorage) != 0) {
        measurement.reading.mutable_source()->set_stored(true);
    }
    if (const auto reason = refusalOf(status.measurement, kMeasurementRefusals)) {
        refuse(measurement, *reason, "measurement status");
    } else if (const auto fault = refusalOf(status.sensor, kSensorRefusals)) {
        refuse(measurement, *fault, "device and sensor status");
    } else if (!isMeasured(measurement)) {
        refuse(measurement, v1::REFUSED_FAILED, "SpO2");
    }
}

DecodeResult decodeSpotCheck(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    measurement.reading.set_kind("pulse-oximetry");
    const auto flags = reader.u8("flags");
    const auto has = [flags](std::uint8_t flag) { return (flags & flag) != 0; };
    Status status;
    readPair(reader, measurement);
    if (has(kSpotHasTime)) readTimeStamp(reader, measurement);
    if (has(kSpotHasMeasurementStatus)) status.measurement = reader.u16("measurement status");
    if (has(kSpotHasSensorStatus)) status.sensor = reader.u24("device and sensor status");
    if (has(kSpotHasPerfusion)) readPerfusion(reader, measurement);
    measurement.clockNotSet = has(kSpotClockNotSet);
    applyStatus(measurement, status);
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeContinuous(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    measurement.reading.set_kind("pulse-oximetry");
    measurement.continuous = true;
    const auto flags = reader.u8("flags");
    const auto has = [flags](std::uint8_t flag) { return (flags & flag) != 0; };
    Status status;
    readPair(reader, measurement);
    if (has(kContinuousHasFast)) readAveraged(reader, measurement, "fast");
    if (has(kContinuousHasSlow)) readAveraged(reader, measurement, "slow");
    if (has(kContinuousHasMeasurementStatus)) {
        status.measurement = reader.u16("measurement status");
    }
    if (has(kContinuousHasSensorStatus)) status.sensor = reader.u24("device and sensor status");
    if (has(kContinuousHasPerfusion)) readPerfusion(reader, measurement);
    applyStatus(measurement, status);
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeFeatures(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto features = reader.u16("supported features");
    std::vector<Field> fields{{"features", flagWords(features, kFeatureWords)}};
    if ((features & kFeatureMeasurementStatus) != 0) {
        const auto bits = reader.u16("supported measurement status");
        fields.push_back({"measurementStatus", flagWords(bits, kMeasurementWords)});
    }
    if ((features & kFeatureSensorStatus) != 0) {
        const auto bits = reader.u24("supported device and sensor status");
        fields.push_back({"sensorStatus", flagWords(bits, kSensorWords)});
    }
    return conclude(std::move(fields), reader, options, true);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A5E, "PLX Spot-Check Measurement", Role::measurement, decodeSpotCheck},
    CharacteristicSpec{0x2A5F, "PLX Continuous Measurement", Role::measurement, decodeContinuous},
    CharacteristicSpec{0x2A60, "PLX Features", Role::feature, decodeFeatures},
    kRecordAccessCharacteristic,
};

constexpr Profile kProfile{0x1822, "pulse-oximetry", "Pulse Oximeter", kCharacteristics};

}  // namespace

const Profile& pulseOximeterProfile() {
    return kProfile;
}

}  // namespace vitalgate::profiles
