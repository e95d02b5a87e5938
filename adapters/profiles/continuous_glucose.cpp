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
constexpr std::uint32_t kBelowRange = 0x400000;
constexpr std::uint32_t kAboveRange = 0x800000;
constexpr std::array kStatusWords{
    flagWord(kStopped, "session-stopped"),
    flagWord(0x000002, "battery-low"),
    flagWord(0x000004, "sensor-type-incorrect"),
    flagWord(0x000008, "sensor-malfunction"),
    flagWord(0x000010, "device-alert"),
    flagWord(0x000020, "device-fault"),
    flagWord(0x000100, "time-synchronisation-required"),
    flagWord(0x000200, "calibration-not-allowed"),
    flagWord(0x000400, "calibration-recommended"),
    flagWord(0x000800, "calibration-required"),
    flagWord(0x001000, "temperature-high"),
    flagWord(0x002000, "temperature-low"),
    flagWord(0x010000, "below-patient-low"),
    flagWord(0x020000, "above-patient-high"),
    flagWord(0x040000, "below-hypo"),
    flagWord(0x080000, "above-hyper"),
    flagWord(0x100000, "fall-rate-exceeded"),
    flagWord(0x200000, "rise-rate-exceeded"),
    flagWord(kBelowRange, "result-below-range"),
    flagWord(kAboveRange, "result-above-range"),
};

constexpr std::uint32_t kFeatureCalibration = 0x000001;
constexpr std::uint32_t kFeatureCrc = 0x001000;
constexpr std::uint32_t kFeatureSessions = 0x004000;
constexpr std::array kFeatureWords{
    flagWord(kFeatureCalibration, "calibration"),
    flagWord(0x000002, "patient-alerts"),
    flagWord(0x000004, "hypo-alert"),
    flagWord(0x000008, "hyper-alert"),
    flagWord(0x000010, "rate-alerts"),
    flagWord(0x000020, "device-alert"),
    flagWord(0x000040, "sensor-malfunction-detection"),
    flagWord(0x000080, "temperature-range-detection"),
    flagWord(0x000100, "result-range-detection"),
    flagWord(0x000200, "battery-low-detection"),
    flagWord(0x000400, "sensor-type-detection"),
    flagWord(0x000800, "device-fault-detection"),
    flagWord(kFeatureCrc, "e2e-crc"),
    flagWord(0x002000, "multiple-bonds"),
    flagWord(kFeatureSessions, "multiple-sessions"),
    flagWord(0x008000, "trend"),
    flagWord(0x010000, "quality"),
};

/// States in which a number is none of a person. The first row that is true is the reason.
struct Refusal {
    std::uint32_t bits;
    v1::MeasurementRefusal reason;
    std::string_view field;
};
constexpr std::array kRefusals{
    // Type incorrect, malfunction, general fault.
    Refusal{0x00002C, v1::REFUSED_SENSOR_FAULT, "status"},
    // Without a session the sensor measures nothing, and the time offset has no start.
    Refusal{kStopped, v1::REFUSED_UNAVAILABLE, "status"},
    // The sensor is too warm or too cold for a valid result.
    Refusal{0x003000, v1::REFUSED_FAILED, "calibration and temperature"},
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

/// What the records are of, and where the sensor sits, as the feature value says.
struct SampleKind {
    std::optional<codes::Term> term;
    const codes::BodySite* site = nullptr;
    bool isControlSolution = false;
};

/// A sensor that does not say what it measures does it in the interstitial fluid, as they all do.
SampleKind sampleKind(const std::optional<GlucoseFeature>& feature) {
    if (!feature) return {.term = codes::Term::glucoseInterstitial};
    return {glucoseTerm(feature->type), glucoseSite(feature->location),
            isControlSolution(feature->type, feature->location)};
}

void addGlucose(Measurement& measurement, const Record& record, const SampleKind& sample) {
    const DeviceRange range{record.hasStatus(kAboveRange), record.hasStatus(kBelowRange)};
    const auto& observation =
        addConcentration(measurement, *sample.term, record.concentration, "mg/dL", range);
    // Without a concentration there is no measurement, whatever stands beside it.
    const bool isGlucose =
        observation.has_value() || observation.comparator() != v1::COMPARATOR_UNSPECIFIED;
    if (!isGlucose) return refuse(measurement, v1::REFUSED_FAILED, "concentration");
    if (record.trend) {
        addSecondary(measurement, codes::Term::glucoseTrend, *record.trend, "mg/dL/min");
    }
    if (record.quality) {
        addSecondary(measurement, codes::Term::glucoseQuality, *record.quality, "%");
    }
    setBodySite(measurement, sample.site);
}

/// Why there is no value of a person, and in which field that stands.
std::optional<Refusal> refusalOf(const Record& record, const SampleKind& sample) {
    if (sample.isControlSolution) return Refusal{0, v1::REFUSED_CONTROL_SOLUTION, {}};
    if (!sample.term) return Refusal{0, v1::REFUSED_UNKNOWN_FORMAT, "type"};
    for (const auto& row : kRefusals) {
        if (record.hasStatus(row.bits)) return row;
    }
    if (record.hasStatus(kBelowRange) && record.hasStatus(kAboveRange)) {
        return Refusal{0, v1::REFUSED_CONTRADICTORY, "warning"};
    }
    return std::nullopt;
}

Measurement describe(const Record& record, const SampleKind& sample) {
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
    if (const auto refusal = refusalOf(record, sample)) {
        refuse(measurement, refusal->reason, refusal->field);
    } else {
        addGlucose(measurement, record, sample);
    }
    return measurement;
}

bool endsWithCrc(const std::optional<GlucoseFeature>& feature) {
    return feature && feature->hasCrc;
}

DecodeResult decodeMeasurements(ByteView bytes, const DecodeOptions& options) {
    const auto feature = glucoseFeature(options.feature);
    const auto sample = sampleKind(feature);
    const bool hasCrc = endsWithCrc(feature);
    ByteReader reader(bytes, options.trace);
    std::vector<Measurement> measurements;
    do {
        const auto start = reader.offset();
        const auto size = reader.u8("size");
        const auto flags = reader.u8("flags");
        const auto demanded = recordOctets(flags, hasCrc);
        if (auto error = sizeError(reader, bytes, start, size, demanded)) {
            return std::unexpected(std::move(*error));
        }
        const auto record = readRecord(reader, bytes, start, flags, hasCrc);
        auto measurement = describe(record, sample);
        const auto octets = bytes.subspan(start, size);
        measurement.embedded = Embedded{kGlucoseRecords, {octets.begin(), octets.end()}};
        measurements.push_back(std::move(measurement));
    } while (reader.remaining() > 0);
    return conclude(std::move(measurements), reader, options);
}

/// What `read` reads of a value that is no measurement, if that is all of it.
template <class Content>
std::expected<Content, DecodeError> readWhole(ByteReader reader, ByteView value, bool hasCrc,
                                              Content (*read)(ByteReader&)) {
    auto content = read(reader);
    return unlessWrong(std::move(content), endError(reader, value, hasCrc));
}
/// The same, with a trace.
template <class Content>
std::expected<Content, DecodeError> readWhole(ByteView value, const DecodeOptions& options,
                                              Content (*read)(ByteReader&)) {
    return readWhole(ByteReader(value, options.trace), value,
                     endsWithCrc(glucoseFeature(options.feature)), read);
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
    std::vector<Field> fields{
        {"features", flagWords(feature.bits, kFeatureWords)},
        {"type", std::string(glucoseTypeWord(feature.type))},
        {"location", std::string(glucoseLocationWord(feature.location))},
    };
    return unlessWrong(std::move(fields), featureEndError(reader, bytes, feature.hasCrc));
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

SessionStart readStart(ByteReader& reader) {
    SessionStart start;
    start.time = readDateTime(reader);
    start.utcOffset = readLocalOffset(reader);
    return start;
}

std::chrono::hours readRunTime(ByteReader& reader) {
    return std::chrono::hours{reader.u16("run time")};
}

DecodeResult decodeStatusFields(ByteView bytes, const DecodeOptions& options) {
    const auto status = readWhole(bytes, options, readStatus);
    if (!status) return std::unexpected(status.error());
    return std::vector<Field>{{"sessionMinutes", double(status->minutes)},
                              {"status", status->words}};
}

DecodeResult decodeStartFields(ByteView bytes, const DecodeOptions& options) {
    const auto start = readWhole(bytes, options, readStart);
    if (!start) return std::unexpected(start.error());
    return std::vector<Field>{{"sessionStart", start->time.text()},
                              offsetField("utcOffsetMin", start->utcOffset)};
}

DecodeResult decodeRunTimeFields(ByteView bytes, const DecodeOptions& options) {
    const auto time = readWhole(bytes, options, readRunTime);
    if (!time) return std::unexpected(time.error());
    return std::vector<Field>{{"runTimeHours", double(time->count())}};
}

DecodeResult decodeControl(ByteView bytes, const DecodeOptions& options) {
    return glucoseControlFields(bytes, options, endsWithCrc(glucoseFeature(options.feature)));
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
    return readWhole(ByteReader(value), value, hasCrc, readStart);
}

Bytes encodeSessionStart(const LocalDateTime& time, std::chrono::minutes zone,
                         std::chrono::minutes daylightSaving, bool hasCrc) {
    ByteWriter writer;
    writer.octets(encodeDateTime(time)).octets(encodeLocalOffset(zone, daylightSaving));
    return hasCrc ? withCrc(writer.bytes()) : writer.bytes();
}

std::expected<SessionStatus, DecodeError> decodeSessionStatus(ByteView value, bool hasCrc) {
    return readWhole(ByteReader(value), value, hasCrc, readStatus);
}

std::expected<std::chrono::hours, DecodeError> decodeRunTime(ByteView value, bool hasCrc) {
    return readWhole(ByteReader(value), value, hasCrc, readRunTime);
}

}  // namespace vitalgate::profiles
