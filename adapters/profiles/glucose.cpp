#include <array>
#include <chrono>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/glucose_context.hpp"
#include "adapters/profiles/glucose_sample.hpp"
#include "adapters/profiles/record_access.hpp"
#include "adapters/profiles/registry.hpp"

// Glucose Service 1.0: 2A18, 2A34, 2A51, 2A52.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kHasOffset = 0x01;
constexpr std::uint8_t kHasConcentration = 0x02;
constexpr std::uint8_t kMolPerLitre = 0x04;
constexpr std::uint8_t kHasStatus = 0x08;
constexpr std::uint8_t kContextFollows = 0x10;

/// Of the time offset: the person's time is further off than the field can say.
constexpr std::int16_t kOffsetOverrun = 0x7FFF;
constexpr std::int16_t kOffsetUnderrun = -0x8000;

constexpr int kMolToMillimol = 3;
constexpr int kKilogramPerLitreToMilligramPerDecilitre = 5;

constexpr std::uint16_t kAboveRange = 0x020;
constexpr std::uint16_t kBelowRange = 0x040;
constexpr std::uint16_t kTimeFault = 0x800;

constexpr std::array kStatusWords{
    flagWord(0x001, "battery-low"),
    flagWord(0x002, "sensor-malfunction"),
    flagWord(0x004, "sample-insufficient"),
    flagWord(0x008, "strip-insertion-error"),
    flagWord(0x010, "strip-type-incorrect"),
    flagWord(kAboveRange, "result-above-range"),
    flagWord(kBelowRange, "result-below-range"),
    flagWord(0x080, "temperature-high"),
    flagWord(0x100, "temperature-low"),
    flagWord(0x200, "read-interrupted"),
    flagWord(0x400, "device-fault"),
    flagWord(kTimeFault, "time-fault"),
};

/// States in which a number is none of a person. The first row that is true is the reason. At a
/// temperature beyond the meter's range a result is not valid.
struct StatusRefusal {
    std::uint16_t bits;
    v1::MeasurementRefusal reason;
};
constexpr std::array kStatusRefusals{
    StatusRefusal{0x402, v1::REFUSED_SENSOR_FAULT},  // sensor malfunction, device fault
    StatusRefusal{0x39C, v1::REFUSED_FAILED},        // sample, strip, temperature, pulled too soon
};

constexpr std::array kFeatureWords{
    flagWord(0x001, "battery-low-detection"),
    flagWord(0x002, "sensor-malfunction-detection"),
    flagWord(0x004, "sample-size-detection"),
    flagWord(0x008, "strip-insertion-detection"),
    flagWord(0x010, "strip-type-detection"),
    flagWord(0x020, "result-range-detection"),
    flagWord(0x040, "temperature-range-detection"),
    flagWord(0x080, "read-interrupt-detection"),
    flagWord(0x100, "device-fault-detection"),
    flagWord(0x200, "time-fault-detection"),
    flagWord(0x400, "multiple-bonds"),
};

struct Sample {
    Number concentration;
    std::string_view unit;
    std::uint8_t type = 0;
    std::uint8_t location = 0;
};

struct Frame {
    std::uint16_t sequence = 0;
    LocalDateTime baseTime;
    std::int16_t offsetMinutes = 0;
    std::optional<Sample> sample;
    std::uint16_t status = 0;
    bool contextFollows = false;

    [[nodiscard]] bool hasStatus(std::uint16_t bits) const { return (status & bits) != 0; }
};

Sample readSample(ByteReader& reader, bool inMoles) {
    Sample sample;
    const int power = inMoles ? kMolToMillimol : kKilogramPerLitreToMilligramPerDecilitre;
    sample.concentration = readShortFloat(reader, "concentration", power);
    sample.unit = inMoles ? "mmol/L" : "mg/dL";
    const auto both = reader.u8("type and location");
    sample.type = both & 0x0FU;
    sample.location = both >> 4U;
    return sample;
}

Frame readFrame(ByteReader& reader) {
    Frame frame;
    const auto flags = reader.u8("flags");
    frame.sequence = reader.u16("sequence number");
    frame.baseTime = readDateTime(reader);
    if ((flags & kHasOffset) != 0) frame.offsetMinutes = reader.s16("time offset");
    if ((flags & kHasConcentration) != 0) {
        frame.sample = readSample(reader, (flags & kMolPerLitre) != 0);
    }
    if ((flags & kHasStatus) != 0) frame.status = reader.u16("status");
    frame.contextFollows = (flags & kContextFollows) != 0;
    return frame;
}

/// What the person sees is the time of the meter's inner clock and the offset.
void setTimes(Measurement& measurement, const Frame& frame) {
    const bool isBeyond =
        frame.offsetMinutes == kOffsetOverrun || frame.offsetMinutes == kOffsetUnderrun;
    measurement.clockNotSet = isBeyond || frame.hasStatus(kTimeFault);
    if (isBeyond || !frame.baseTime.isComplete()) {
        setDeviceTime(measurement, frame.baseTime);
    } else {
        const std::chrono::minutes offset{frame.offsetMinutes};
        setDeviceTime(measurement, toLocalDateTime(toLocal(frame.baseTime) + offset));
    }
}

void addGlucose(Measurement& measurement, const Frame& frame, codes::Term term) {
    const auto& sample = *frame.sample;
    const DeviceRange range{frame.hasStatus(kAboveRange), frame.hasStatus(kBelowRange)};
    addConcentration(measurement, term, sample.concentration, sample.unit, range);
    setBodySite(measurement, codes::findSite(codes::sampleLocations(), sample.location));
}

/// Why there is no value of a person, and in which field that stands.
struct Refusal {
    v1::MeasurementRefusal reason;
    std::string_view field;
};

std::optional<Refusal> refusalOf(const Frame& frame) {
    if (frame.sample && isControlSolution(frame.sample->type, frame.sample->location)) {
        return Refusal{v1::REFUSED_CONTROL_SOLUTION, {}};
    }
    for (const auto& row : kStatusRefusals) {
        if (frame.hasStatus(row.bits)) return Refusal{row.reason, {}};
    }
    if (!frame.sample) return Refusal{v1::REFUSED_EMPTY, {}};
    if (!glucoseTerm(frame.sample->type)) return Refusal{v1::REFUSED_UNKNOWN_FORMAT, "type"};
    if (frame.hasStatus(kAboveRange) && frame.hasStatus(kBelowRange)) {
        return Refusal{v1::REFUSED_CONTRADICTORY, "status"};
    }
    return std::nullopt;
}

DecodeResult decodeMeasurement(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto frame = readFrame(reader);
    Measurement measurement;
    measurement.reading.set_kind("glucose");
    measurement.reading.mutable_source()->set_record_number(frame.sequence);
    measurement.part = glucosePart(Part::Kind::glucose, frame.sequence, frame.contextFollows);
    setTimes(measurement, frame);
    addStatus(measurement, frame.status, kStatusWords);
    if (const auto refusal = refusalOf(frame)) {
        refuse(measurement, refusal->reason, refusal->field);
    } else {
        addGlucose(measurement, frame, *glucoseTerm(frame.sample->type));
    }
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeFeature(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    std::vector<Field> fields{{"features", flagWords(reader.u16("feature"), kFeatureWords)}};
    return conclude(std::move(fields), reader, options, true);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A18, "Glucose Measurement", Role::measurement, decodeMeasurement},
    CharacteristicSpec{0x2A34, "Glucose Measurement Context", Role::measurement,
                       decodeGlucoseContext},
    CharacteristicSpec{0x2A51, "Glucose Feature", Role::feature, decodeFeature},
    kRecordAccessCharacteristic,
    kDateTimeCharacteristic,
};

constexpr Profile kProfile{0x1808, "glucose", "Glucose", kCharacteristics};

}  // namespace

const Profile& glucoseProfile() {
    return kProfile;
}

}  // namespace vitalgate::profiles
