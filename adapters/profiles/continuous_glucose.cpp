#include "adapters/profiles/continuous_glucose.hpp"

#include <array>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/e2e_crc.hpp"
#include "adapters/profiles/glucose_control_point.hpp"
#include "adapters/profiles/glucose_sample.hpp"
#include "adapters/profiles/record_access.hpp"
#include "adapters/profiles/registry.hpp"

// Continuous Glucose Monitoring Service 1.0.1: 2AA7 to 2AAC, 2A52.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kHasTrend = 0x01;
constexpr std::uint8_t kHasQuality = 0x02;
constexpr std::uint8_t kHasWarning = 0x20;
constexpr std::uint8_t kHasCalibration = 0x40;
constexpr std::uint8_t kHasStatus = 0x80;
constexpr std::size_t kCrcOctets = 2;

/// What a flag adds to the octets that every record has: size, flags, concentration, time offset.
constexpr std::size_t kLeastRecord = 6;
struct OptionalPart {
    std::uint8_t flag;
    std::size_t octets;
};
constexpr std::array kOptionalParts{
    OptionalPart{kHasStatus, 1}, OptionalPart{kHasCalibration, 1}, OptionalPart{kHasWarning, 1},
    OptionalPart{kHasTrend, 2},  OptionalPart{kHasQuality, 2},
};

/// The annunciation: status, calibration and temperature, warning, from the low octet to the high
/// one. That is their order in the value, which is not that of their flags.
constexpr std::uint32_t kStopped = 0x000001;
constexpr std::uint32_t kSensorFaults = 0x00002C;  // type incorrect, malfunction, general fault
constexpr std::uint32_t kBelowRange = 0x400000;
constexpr std::uint32_t kAboveRange = 0x800000;
constexpr std::array kStatusWords{
    FlagWord{kStopped, kStopped, "session-stopped"},
    FlagWord{0x000002, 0x000002, "battery-low"},
    FlagWord{0x000004, 0x000004, "sensor-type-incorrect"},
    FlagWord{0x000008, 0x000008, "sensor-malfunction"},
    FlagWord{0x000010, 0x000010, "device-alert"},
    FlagWord{0x000020, 0x000020, "device-fault"},
    FlagWord{0x000100, 0x000100, "time-synchronisation-required"},
    FlagWord{0x000200, 0x000200, "calibration-not-allowed"},
    FlagWord{0x000400, 0x000400, "calibration-recommended"},
    FlagWord{0x000800, 0x000800, "calibration-required"},
    FlagWord{0x001000, 0x001000, "temperature-high"},
    FlagWord{0x002000, 0x002000, "temperature-low"},
    FlagWord{0x010000, 0x010000, "below-patient-low"},
    FlagWord{0x020000, 0x020000, "above-patient-high"},
    FlagWord{0x040000, 0x040000, "below-hypo"},
    FlagWord{0x080000, 0x080000, "above-hyper"},
    FlagWord{0x100000, 0x100000, "fall-rate-exceeded"},
    FlagWord{0x200000, 0x200000, "rise-rate-exceeded"},
    FlagWord{kBelowRange, kBelowRange, "result-below-range"},
    FlagWord{kAboveRange, kAboveRange, "result-above-range"},
};

constexpr std::uint32_t kFeatureCalibration = 0x000001;
constexpr std::uint32_t kFeatureCrc = 0x001000;
constexpr std::uint32_t kFeatureSessions = 0x004000;
constexpr std::array kFeatureWords{
    FlagWord{kFeatureCalibration, kFeatureCalibration, "calibration"},
    FlagWord{0x000002, 0x000002, "patient-alerts"},
    FlagWord{0x000004, 0x000004, "hypo-alert"},
    FlagWord{0x000008, 0x000008, "hyper-alert"},
    FlagWord{0x000010, 0x000010, "rate-alerts"},
    FlagWord{0x000020, 0x000020, "device-alert"},
    FlagWord{0x000040, 0x000040, "sensor-malfunction-detection"},
    FlagWord{0x000080, 0x000080, "temperature-range-detection"},
    FlagWord{0x000100, 0x000100, "result-range-detection"},
    FlagWord{0x000200, 0x000200, "battery-low-detection"},
    FlagWord{0x000400, 0x000400, "sensor-type-detection"},
    FlagWord{0x000800, 0x000800, "device-fault-detection"},
    FlagWord{kFeatureCrc, kFeatureCrc, "e2e-crc"},
    FlagWord{0x002000, 0x002000, "multiple-bonds"},
    FlagWord{kFeatureSessions, kFeatureSessions, "multiple-sessions"},
    FlagWord{0x008000, 0x008000, "trend"},
    FlagWord{0x010000, 0x010000, "quality"},
};

struct Record {
    Number concentration;
    std::uint16_t minutes = 0;
    std::uint32_t annunciation = 0;
    std::optional<Number> trend;
    std::optional<Number> quality;
    bool hasRightCrc = true;

    [[nodiscard]] bool hasStatus(std::uint32_t bits) const { return (annunciation & bits) != 0; }
};

std::size_t recordOctets(std::uint8_t flags, bool hasCrc) {
    std::size_t octets = kLeastRecord + (hasCrc ? kCrcOctets : 0);
    for (const auto& part : kOptionalParts) {
        if ((flags & part.flag) != 0) octets += part.octets;
    }
    return octets;
}

/// Nothing, or why a record with these two first octets cannot be read.
std::optional<DecodeError> sizeError(const ByteReader& reader, ByteView value, std::size_t start,
                                     std::uint8_t size, std::size_t demanded) {
    if (auto error = lengthError(reader, true)) return error;
    const auto octet = static_cast<std::uint32_t>(start);
    if (size > value.size() - start) {
        const ReadFailure failure{"record", start, size, value.size()};
        return DecodeError{v1::REFUSED_TRUNCATED, "record", octet, failure.message()};
    }
    if (size == demanded) return std::nullopt;
    return DecodeError{
        v1::REFUSED_MALFORMED, "size", octet,
        fmt::format("size: octet {} says another length than the record's flags demand", start)};
}

Record readRecord(ByteReader& reader, ByteView value, std::size_t start, std::uint8_t flags,
                  bool hasCrc) {
    Record record;
    record.concentration = readShortFloat(reader, "concentration");
    record.minutes = reader.u16("time offset");
    if ((flags & kHasStatus) != 0) record.annunciation |= reader.u8("status");
    if ((flags & kHasCalibration) != 0) {
        record.annunciation |= std::uint32_t{reader.u8("calibration and temperature")} << 8U;
    }
    if ((flags & kHasWarning) != 0) {
        record.annunciation |= std::uint32_t{reader.u8("warning")} << 16U;
    }
    if ((flags & kHasTrend) != 0) record.trend = readShortFloat(reader, "trend");
    if ((flags & kHasQuality) != 0) record.quality = readShortFloat(reader, "quality");
    if (hasCrc) record.hasRightCrc = readCrc(reader, value, start);
    return record;
}

/// By the warning, or by what stands in the place of a number: the device shows "HIGH" or "LOW".
v1::Comparator comparatorOf(const Record& record) {
    const auto& concentration = record.concentration;
    const auto absent = concentration ? v1::ABSENT_UNSPECIFIED : concentration.error();
    if (record.hasStatus(kAboveRange) || absent == v1::ABSENT_POSITIVE_INFINITY) {
        return v1::COMPARATOR_ABOVE;
    }
    if (record.hasStatus(kBelowRange) || absent == v1::ABSENT_NEGATIVE_INFINITY) {
        return v1::COMPARATOR_BELOW;
    }
    return v1::COMPARATOR_UNSPECIFIED;
}

/// That a result is beyond the range counts more than the number that a device sends with it.
void addGlucose(Measurement& measurement, const Record& record, const GlucoseFeature& feature) {
    const auto term = glucoseTerm(feature.type).value_or(codes::Term::glucoseInterstitial);
    const auto comparator = comparatorOf(record);
    const auto add = comparator == v1::COMPARATOR_UNSPECIFIED ? addObservation : addSecondary;
    auto& observation = add(measurement, term, record.concentration, "mg/dL");
    if (comparator != v1::COMPARATOR_UNSPECIFIED) observation.set_comparator(comparator);
    setBodySite(measurement, glucoseSite(feature.location));
    // Without a concentration there is no measurement, whatever stands beside it.
    const bool isGlucose = observation.has_value() || comparator != v1::COMPARATOR_UNSPECIFIED;
    if (!isGlucose) return refuse(measurement, v1::REFUSED_FAILED, "concentration");
    if (record.trend) {
        addSecondary(measurement, codes::Term::glucoseTrend, *record.trend, "mg/dL/min");
    }
    if (record.quality) {
        addSecondary(measurement, codes::Term::glucoseQuality, *record.quality, "%");
    }
}

Measurement describe(const Record& record, const GlucoseFeature& feature) {
    Measurement measurement;
    measurement.reading.set_kind("glucose-continuous");
    if (!record.hasRightCrc) {
        // Nothing of it is believed, not even its number.
        refuse(measurement, v1::REFUSED_CHECKSUM, "E2E-CRC");
        return measurement;
    }
    measurement.sessionMinutes = record.minutes;
    measurement.reading.mutable_source()->set_record_number(record.minutes);
    addStatus(measurement, record.annunciation, kStatusWords);
    if (feature.type == kControlSolutionType) {
        refuse(measurement, v1::REFUSED_CONTROL_SOLUTION);
    } else if (record.hasStatus(kSensorFaults)) {
        refuse(measurement, v1::REFUSED_SENSOR_FAULT, "status");
    } else if (record.hasStatus(kBelowRange) && record.hasStatus(kAboveRange)) {
        refuse(measurement, v1::REFUSED_CONTRADICTORY, "warning");
    } else {
        addGlucose(measurement, record, feature);
    }
    return measurement;
}

GlucoseFeature featureOf(const DecodeOptions& options) {
    return glucoseFeature(options.feature).value_or(GlucoseFeature{});
}

DecodeResult decodeMeasurements(ByteView bytes, const DecodeOptions& options) {
    const auto feature = featureOf(options);
    ByteReader reader(bytes, options.trace);
    std::vector<Measurement> measurements;
    do {
        const auto start = reader.offset();
        const auto size = reader.u8("size");
        const auto flags = reader.u8("flags");
        const auto demanded = recordOctets(flags, feature.hasCrc);
        if (auto error = sizeError(reader, bytes, start, size, demanded)) {
            return std::unexpected(std::move(*error));
        }
        const auto record = readRecord(reader, bytes, start, flags, feature.hasCrc);
        auto measurement = describe(record, feature);
        const auto octets = bytes.subspan(start, size);
        measurement.embedded = Embedded{kGlucoseRecords, {octets.begin(), octets.end()}};
        measurements.push_back(std::move(measurement));
    } while (reader.remaining() > 0);
    return conclude(std::move(measurements), reader, options);
}

/// The end of a value that is no measurement: its CRC, if it has one, and nothing more.
std::optional<DecodeError> endError(ByteReader& reader, ByteView value, bool hasCrc) {
    const auto end = reader.offset();
    const bool isRight = !hasCrc || readCrc(reader, value);
    if (auto error = lengthError(reader, false)) return error;
    return isRight ? std::nullopt : std::optional{checksumError(end)};
}

GlucoseFeature readFeature(ByteReader& reader) {
    GlucoseFeature feature;
    feature.bits = reader.u24("feature");
    feature.hasCrc = (feature.bits & kFeatureCrc) != 0;
    feature.knowsCalibration = (feature.bits & kFeatureCalibration) != 0;
    feature.hasSessions = (feature.bits & kFeatureSessions) != 0;
    const auto both = reader.u8("type and location");
    feature.type = both & 0x0FU;
    feature.location = both >> 4U;
    return feature;
}

/// The field is always there; without the CRC it is 0xFFFF, which nobody needs to check.
std::optional<DecodeError> featureEndError(ByteReader& reader, ByteView value, bool hasCrc) {
    if (hasCrc) return endError(reader, value, true);
    reader.u16("E2E-CRC");
    return lengthError(reader, false);
}

DecodeResult decodeFeature(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto feature = readFeature(reader);
    if (auto error = featureEndError(reader, bytes, feature.hasCrc)) {
        return std::unexpected(std::move(*error));
    }
    return std::vector<Field>{
        {"features", flagWords(feature.bits, kFeatureWords)},
        {"type", std::string(glucoseTypeWord(feature.type))},
        {"location", std::string(glucoseLocationWord(feature.location))},
    };
}

SessionStatus readStatus(ByteReader& reader) {
    SessionStatus status;
    status.minutes = reader.u16("time offset");
    std::uint32_t bits = reader.u8("status");
    bits |= std::uint32_t{reader.u8("calibration and temperature")} << 8U;
    bits |= std::uint32_t{reader.u8("warning")} << 16U;
    status.stopped = (bits & kStopped) != 0;
    status.words = flagWords(bits, kStatusWords);
    return status;
}

SessionStart readStart(ByteReader& reader, ByteView value) {
    SessionStart start;
    start.time = readDateTime(reader);
    const auto end = reader.offset();
    reader.u8("time zone");
    reader.u8("daylight saving offset");
    if (!reader.failure()) start.utcOffset = decodeLocalOffset(value.subspan(end, 2));
    return start;
}

DecodeResult decodeStatusFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    auto status = readStatus(reader);
    if (auto error = endError(reader, bytes, featureOf(options).hasCrc)) {
        return std::unexpected(std::move(*error));
    }
    return std::vector<Field>{{"sessionMinutes", double(status.minutes)},
                              {"status", std::move(status.words)}};
}

DecodeResult decodeStartFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto start = readStart(reader, bytes);
    if (auto error = endError(reader, bytes, featureOf(options).hasCrc)) {
        return std::unexpected(std::move(*error));
    }
    std::vector<Field> fields{{"sessionStart", start.time.text()}};
    if (start.utcOffset) fields.push_back({"utcOffsetMin", double(start.utcOffset->count())});
    return fields;
}

DecodeResult decodeRunTimeFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto hours = reader.u16("run time");
    if (auto error = endError(reader, bytes, featureOf(options).hasCrc)) {
        return std::unexpected(std::move(*error));
    }
    return std::vector<Field>{{"runTimeHours", double(hours)}};
}

DecodeResult decodeControl(ByteView bytes, const DecodeOptions& options) {
    return glucoseControlFields(bytes, options, featureOf(options).hasCrc);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{kGlucoseRecords, "CGM Measurement", Role::measurement, decodeMeasurements},
    CharacteristicSpec{kGlucoseFeature, "CGM Feature", Role::feature, decodeFeature},
    CharacteristicSpec{kGlucoseStatus, "CGM Status", Role::conversation, decodeStatusFields},
    CharacteristicSpec{kGlucoseSessionStart, "CGM Session Start Time", Role::conversation,
                       decodeStartFields},
    CharacteristicSpec{kGlucoseRunTime, "CGM Session Run Time", Role::conversation,
                       decodeRunTimeFields},
    CharacteristicSpec{kGlucoseControlPoint, "CGM Specific Ops Control Point", Role::control,
                       decodeControl},
    kRecordAccessCharacteristic,
};

constexpr Profile kProfile{0x181F, "glucose-continuous", "Continuous Glucose Monitoring",
                           kCharacteristics};

}  // namespace

const Profile& continuousGlucoseProfile() {
    return kProfile;
}

std::optional<GlucoseFeature> glucoseFeature(ByteView value) {
    ByteReader reader(value);
    const auto feature = readFeature(reader);
    if (featureEndError(reader, value, feature.hasCrc)) return std::nullopt;
    return feature;
}

std::expected<SessionStart, DecodeError> decodeSessionStart(ByteView value, bool hasCrc) {
    ByteReader reader(value);
    const auto start = readStart(reader, value);
    if (auto error = endError(reader, value, hasCrc)) return std::unexpected(std::move(*error));
    return start;
}

Bytes encodeSessionStart(const LocalDateTime& time, std::chrono::minutes zone,
                         std::chrono::minutes daylightSaving, bool hasCrc) {
    ByteWriter writer;
    writer.octets(encodeDateTime(time)).octets(encodeLocalOffset(zone, daylightSaving));
    return hasCrc ? withCrc(writer.bytes()) : writer.bytes();
}

std::expected<SessionStatus, DecodeError> decodeSessionStatus(ByteView value, bool hasCrc) {
    ByteReader reader(value);
    auto status = readStatus(reader);
    if (auto error = endError(reader, value, hasCrc)) return std::unexpected(std::move(*error));
    return status;
}

std::expected<std::chrono::hours, DecodeError> decodeRunTime(ByteView value, bool hasCrc) {
    ByteReader reader(value);
    const std::chrono::hours hours{reader.u16("run time")};
    if (auto error = endError(reader, value, hasCrc)) return std::unexpected(std::move(*error));
    return hours;
}

}  // namespace vitalgate::profiles
