#include <algorithm>
#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/record_access.hpp"
#include "adapters/profiles/registry.hpp"

// Pulse Oximeter Service 1.0: 2A5E, 2A5F, 2A60, 2A52.
namespace vitalgate::profiles {

namespace {

constexpr std::uint16_t kSpotCheck = 0x2A5E;
constexpr std::uint8_t kSpotHasTime = 0x01;
constexpr std::uint8_t kSpotClockNotSet = 0x10;

constexpr std::uint8_t kContinuousHasFast = 0x01;
constexpr std::uint8_t kContinuousHasSlow = 0x02;

/// The flags of what both kinds of value end with.
struct EndFlags {
    std::uint8_t measurementStatus;
    std::uint8_t sensorStatus;
    std::uint8_t perfusion;
};
constexpr EndFlags kSpotEnd{0x02, 0x04, 0x08};
constexpr EndFlags kContinuousEnd{0x04, 0x08, 0x10};

constexpr std::uint32_t kFromStorage = 0x0200;
constexpr std::uint32_t kDemonstration = 0x0400;
constexpr std::uint32_t kTest = 0x0800;
constexpr std::uint32_t kCalibrating = 0x1000;
constexpr std::uint32_t kUnavailable = 0x2000;
constexpr std::uint32_t kQuestionable = 0x4000;
constexpr std::uint32_t kInvalid = 0x8000;
constexpr std::array kMeasurementWords{
    flagWord(0x0020, "measurement-ongoing"),
    flagWord(0x0040, "early-estimate"),
    flagWord(0x0080, "validated"),
    flagWord(0x0100, "fully-qualified"),
    flagWord(kFromStorage, "from-storage"),
    flagWord(kDemonstration, "demonstration"),
    flagWord(kTest, "test"),
    flagWord(kCalibrating, "calibrating"),
    flagWord(kUnavailable, "measurement-unavailable"),
    flagWord(kQuestionable, "questionable-measurement"),
    flagWord(kInvalid, "invalid-measurement"),
};

constexpr std::uint32_t kMalfunction = 0x0002;
constexpr std::uint32_t kInadequate = 0x0008;
constexpr std::uint32_t kNonPulsatile = 0x0080;
constexpr std::uint32_t kQuestionablePulse = 0x0100;
constexpr std::uint32_t kUnconnected = 0x0800;
constexpr std::uint32_t kDisplaced = 0x2000;
constexpr std::uint32_t kSensorFault = 0x4000;
constexpr std::uint32_t kDisconnected = 0x8000;
constexpr std::array kSensorWords{
    flagWord(0x0001, "extended-display-update"),
    flagWord(kMalfunction, "equipment-malfunction"),
    flagWord(0x0004, "signal-irregular"),
    flagWord(kInadequate, "signal-inadequate"),
    flagWord(0x0010, "signal-poor"),
    flagWord(0x0020, "low-perfusion"),
    flagWord(0x0040, "signal-erratic"),
    flagWord(kNonPulsatile, "signal-non-pulsatile"),
    flagWord(kQuestionablePulse, "questionable-pulse"),
    flagWord(0x0200, "signal-analysis-ongoing"),
    flagWord(0x0400, "sensor-interference"),
    flagWord(kUnconnected, "sensor-not-on-person"),
    flagWord(0x1000, "unknown-sensor"),
    flagWord(kDisplaced, "sensor-displaced"),
    flagWord(kSensorFault, "sensor-malfunction"),
    flagWord(kDisconnected, "sensor-disconnected"),
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
    // Nothing that a saturation could be computed from. A signal that is poor, irregular or of a
    // low perfusion gives a number, with its word.
    Refusal{kInadequate | kNonPulsatile, v1::REFUSED_UNSTABLE},
    Refusal{kQuestionablePulse, v1::REFUSED_QUESTIONABLE},
};

constexpr std::uint32_t kFeatureMeasurementStatus = 0x0001;
constexpr std::uint32_t kFeatureSensorStatus = 0x0002;
constexpr std::array kFeatureWords{
    flagWord(kFeatureMeasurementStatus, "measurement-status"),
    flagWord(kFeatureSensorStatus, "sensor-status"),
    flagWord(0x0004, "measurement-storage"),
    flagWord(0x0008, "time-stamp"),
    flagWord(0x0010, "fast-metric"),
    flagWord(0x0020, "slow-metric"),
    flagWord(0x0040, "pulse-amplitude-index"),
    flagWord(0x0080, "multiple-bonds"),
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

void judge(Measurement& measurement, std::uint32_t measurementStatus, std::uint32_t sensorStatus) {
    if (const auto reason = refusalOf(measurementStatus, kMeasurementRefusals)) {
        refuse(measurement, *reason, "measurement status");
    } else if (const auto fault = refusalOf(sensorStatus, kSensorRefusals)) {
        refuse(measurement, *fault, "device and sensor status");
    } else if (!isMeasured(measurement)) {
        refuse(measurement, v1::REFUSED_FAILED, "SpO2");
    }
}

/// Gives the measurement status.
std::uint32_t readEnd(ByteReader& reader, Measurement& measurement, std::uint8_t flags,
                      const EndFlags& which) {
    const auto has = [flags](std::uint8_t flag) { return (flags & flag) != 0; };
    const std::uint32_t status =
        has(which.measurementStatus) ? reader.u16("measurement status") : 0U;
    const std::uint32_t sensor =
        has(which.sensorStatus) ? reader.u24("device and sensor status") : 0U;
    if (has(which.perfusion)) {
        addSecondary(measurement, codes::Term::perfusionIndex,
                     readShortFloat(reader, "pulse amplitude index"), "%");
    }
    addStatus(measurement, status, kMeasurementWords);
    addStatus(measurement, sensor, kSensorWords);
    if ((status & kFromStorage) != 0) measurement.reading.mutable_source()->set_stored(true);
    judge(measurement, status, sensor);
    return status;
}

/// A measurement is the same one when it comes from the memory: then a bit says so, and there may
/// be a status only for the sake of that bit.
Embedded asMeasured(ByteView bytes, std::uint8_t flags, std::uint32_t status) {
    constexpr std::size_t kTime = 5;
    constexpr std::size_t kTimeOctets = 7;
    constexpr std::size_t kStatusOctets = 2;
    const auto rest = kTime + ((flags & kSpotHasTime) != 0 ? kTimeOctets : 0);
    const bool hasStatus = (flags & kSpotEnd.measurementStatus) != 0;
    const auto kept = static_cast<std::uint16_t>(status & ~kFromStorage);
    const auto without = static_cast<std::uint8_t>(flags & ~kSpotEnd.measurementStatus);
    ByteWriter payload;
    payload.u8(kept != 0 ? flags : without).octets(bytes.subspan(1, rest - 1));
    if (kept != 0) payload.u16(kept);
    payload.octets(bytes.subspan(rest + (hasStatus ? kStatusOctets : 0)));
    return {kSpotCheck, payload.bytes()};
}

DecodeResult decodeSpotCheck(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    measurement.reading.set_kind("pulse-oximetry");
    const auto flags = reader.u8("flags");
    readPair(reader, measurement);
    if ((flags & kSpotHasTime) != 0) readTimeStamp(reader, measurement);
    measurement.clockNotSet = (flags & kSpotClockNotSet) != 0;
    const auto status = readEnd(reader, measurement, flags, kSpotEnd);
    if (!reader.failure()) measurement.embedded = asMeasured(bytes, flags, status);
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeContinuous(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    measurement.reading.set_kind("pulse-oximetry");
    measurement.continuous = true;
    const auto flags = reader.u8("flags");
    readPair(reader, measurement);
    if ((flags & kContinuousHasFast) != 0) readAveraged(reader, measurement, "fast");
    if ((flags & kContinuousHasSlow) != 0) readAveraged(reader, measurement, "slow");
    readEnd(reader, measurement, flags, kContinuousEnd);
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
    CharacteristicSpec{kSpotCheck, "PLX Spot-Check Measurement", Role::measurement,
                       decodeSpotCheck},
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
