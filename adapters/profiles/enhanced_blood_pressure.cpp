#include "adapters/profiles/enhanced_blood_pressure.hpp"

#include <algorithm>

#include "adapters/profiles/blood_pressure.hpp"
#include "adapters/profiles/e2e_crc.hpp"
#include "adapters/profiles/segments.hpp"

namespace vitalgate::profiles {

namespace {

constexpr std::uint16_t kMeasurement = 0x2A35;
constexpr std::uint16_t kEnhancedMeasurement = 0x2B34;
constexpr std::size_t kCrcOctets = 2;

/// A measurement inside a segment, and where it stands in the value.
struct Record {
    std::uint8_t header = 0;
    std::uint16_t sequence = 0;
    std::uint16_t uuid = 0;
    std::size_t start = 0;
    ByteView embedded;
    bool hasCrc = false;
    bool hasRightCrc = true;
};

Record readRecord(ByteReader& reader, ByteView value, const DecodeOptions& options) {
    Record record;
    record.header = reader.u8("segmentation header");
    record.sequence = reader.u16("sequence number");
    record.uuid = reader.u16("UUID of the record");
    record.start = reader.offset();
    record.hasCrc = hasRecordCrc(options.feature);
    const auto crcOctets = record.hasCrc ? kCrcOctets : 0;
    const auto rest = reader.remaining();
    record.embedded = reader.octets(rest - std::min(rest, crcOctets), "record");
    if (record.hasCrc) record.hasRightCrc = readCrc(reader, value);
    return record;
}

using ReadFrame = BloodPressureFrame (*)(ByteReader&, const DecoderQuirk&);

ReadFrame readerOf(std::uint16_t uuid) {
    if (uuid == kMeasurement) return readBloodPressure;
    if (uuid == kEnhancedMeasurement) {
        return [](ByteReader& reader, const DecoderQuirk& /*quirk*/) {
            return readEnhancedBloodPressure(reader);
        };
    }
    return nullptr;
}

/// Puts the embedded fields in the place of the octets that they are.
void unfold(std::vector<FieldSpan>& trace, std::size_t start,
            const std::vector<FieldSpan>& embedded) {
    const auto octets = std::ranges::find(trace, start, &FieldSpan::offset);
    trace.insert(trace.erase(octets), embedded.begin(), embedded.end());
}

/// Reads the record where it stands, so that fields and errors are told by their place in the whole
/// value.
DecodeResult decodeEmbedded(const Record& record, ByteView value, const DecodeOptions& options,
                            ReadFrame readFrame) {
    std::vector<FieldSpan> trace;
    ByteReader reader(value.first(record.start + record.embedded.size()),
                      options.trace != nullptr ? &trace : nullptr);
    reader.octets(record.start, "what precedes the record");
    trace.clear();
    const auto frame = readFrame(reader, decoderQuirk(options.quirk));
    if (options.trace != nullptr) unfold(*options.trace, record.start, trace);
    auto decoded = conclude(describeBloodPressure(frame), reader, options);
    if (!decoded && record.hasCrc) decoded.error().message += " (its CRC not counted)";
    return decoded;
}

Measurement refusedRecord() {
    Measurement measurement;
    measurement.reading.set_kind("blood-pressure");
    refuse(measurement, v1::REFUSED_CHECKSUM);
    return measurement;
}

}  // namespace

DecodeResult decodeEnhancedBloodPressure(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto frame = readEnhancedBloodPressure(reader);
    return conclude(describeBloodPressure(frame), reader, options);
}

DecodeResult decodeEnhancedCuffPressure(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto frame = readEnhancedCuffPressure(reader);
    return conclude(describeCuffPressure(frame), reader, options);
}

DecodeResult decodeBloodPressureRecord(ByteView value, const DecodeOptions& options) {
    ByteReader reader(value, options.trace);
    const auto record = readRecord(reader, value, options);
    if (reader.failure()) return std::unexpected(*lengthError(reader, true));
    if (!isWhole(record.header)) {
        return std::unexpected(DecodeError{v1::REFUSED_TRUNCATED, "segmentation header", 0,
                                           "segmentation header: octet 0 says that other segments "
                                           "belong to the value"});
    }
    if (!record.hasRightCrc) return Decoded{refusedRecord()};
    const auto readFrame = readerOf(record.uuid);
    if (readFrame == nullptr) {
        return std::unexpected(DecodeError{v1::REFUSED_UNKNOWN_FORMAT, "UUID of the record", 3,
                                           "UUID of the record: octets 3 to 4 name no blood "
                                           "pressure"});
    }
    auto decoded = decodeEmbedded(record, value, options, readFrame);
    if (!decoded) return decoded;
    auto& measurement = std::get<Measurement>(*decoded);
    measurement.reading.mutable_source()->set_record_number(record.sequence);
    measurement.reading.mutable_source()->set_stored(true);
    measurement.embedded =
        Embedded{record.uuid, Bytes(record.embedded.begin(), record.embedded.end())};
    return decoded;
}

}  // namespace vitalgate::profiles
