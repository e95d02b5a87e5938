#include "adapters/profiles/device_time.hpp"

#include <array>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/e2e_crc.hpp"
#include "adapters/profiles/elapsed_time.hpp"
#include "adapters/profiles/registry.hpp"

// Device Time Service 1.0: 2B8E to 2B91.
namespace vitalgate::profiles {

namespace {

namespace chr = std::chrono;

constexpr std::size_t kCrcOctets = 2;
constexpr std::int64_t kFractionsPerSecond = 65536;

constexpr std::uint16_t kFeatureCrc = 0x0001;
constexpr std::uint16_t kFeatureLog = 0x0002;
constexpr std::uint16_t kFeatureFractions = 0x0004;
constexpr std::uint16_t kFeatureDisplayedFormats = 0x0010;
constexpr std::uint16_t kFeatureUserTime = 0x0040;
constexpr std::uint16_t kFeatureAuthorisation = 0x0080;
constexpr std::uint16_t kFeatureDrift = 0x0100;
constexpr std::uint16_t kFeature1900 = 0x0200;
constexpr std::uint16_t kFeature2000 = 0x0400;
constexpr std::array kFeatureWords{
    flagWord(kFeatureCrc, "e2e-crc"),
    flagWord(kFeatureLog, "time-change-logging"),
    flagWord(kFeatureFractions, "second-fractions"),
    flagWord(0x0008, "displayed-to-user"),
    flagWord(kFeatureDisplayedFormats, "displayed-formats"),
    flagWord(0x0020, "displayed-formats-changeable"),
    flagWord(kFeatureUserTime, "separate-user-timeline"),
    flagWord(kFeatureAuthorisation, "authorisation-required"),
    flagWord(kFeatureDrift, "drift-tracking"),
    flagWord(kFeature1900, "epoch-1900"),
    flagWord(kFeature2000, "epoch-2000"),
    flagWord(0x0800, "propose-adjustment-limit"),
    flagWord(0x1000, "retrieve-adjustments"),
};

constexpr std::uint16_t kStatusFault = 0x0001;
constexpr std::uint16_t kStatusUtcAligned = 0x0002;
constexpr std::uint16_t kStatusWantsProposal = 0x0008;
constexpr std::uint16_t kStatus2000 = 0x0010;
constexpr std::array kStatusWords{
    flagWord(kStatusFault, "time-fault"),
    flagWord(kStatusUtcAligned, "utc-aligned"),
    flagWord(0x0004, "local-time-synchronised"),
    flagWord(kStatusWantsProposal, "proposal-requested"),
    flagWord(kStatus2000, "epoch-2000"),
    flagWord(0x0020, "non-logged-change-active"),
    flagWord(0x0040, "log-consolidation-active"),
};

enum Operation : std::uint8_t {
    proposeUpdate = 2,
    forceUpdate = 3,
    proposeAdjustmentLimit = 4,
    retrieveAdjustments = 5,
    reportAdjustments = 7,
    answer = 9,
};
constexpr std::array<std::string_view, 10> kOperations{"unknown",
                                                       "unknown",
                                                       "propose-time-update",
                                                       "force-time-update",
                                                       "propose-adjustment-limit",
                                                       "retrieve-adjustments",
                                                       "unknown",
                                                       "adjustments",
                                                       "unknown",
                                                       "answer"};
constexpr std::array<std::string_view, 8> kAnswers{"unknown",         "success", "unsupported",
                                                   "invalid-operand", "failed",  "rejected",
                                                   "unknown",         "busy"};

constexpr std::uint16_t kUpdateUtcAligned = 0x0001;
constexpr std::uint16_t kUpdateExternal = 0x0008;
constexpr std::uint16_t kUpdate2000 = 0x0040;
constexpr std::uint16_t kUpdateNoFractions = 0x0080;
constexpr std::array kUpdateWords{
    flagWord(kUpdateUtcAligned, "utc-aligned"),
    flagWord(0x0002, "qualified-local-time"),
    flagWord(0x0004, "manual"),
    flagWord(kUpdateExternal, "external-reference"),
    flagWord(0x0010, "time-zone-change"),
    flagWord(0x0020, "daylight-saving-change"),
    flagWord(kUpdate2000, "epoch-2000"),
    flagWord(kUpdateNoFractions, "second-fractions-not-valid"),
};

constexpr std::array kRejectionWords{
    flagWord(0x0001, "unrealistic"),
    flagWord(0x0002, "not-authorised"),
    flagWord(0x0004, "operand-out-of-range"),
    flagWord(0x0008, "not-utc-aligned"),
    flagWord(0x0010, "accuracy-out-of-range"),
    flagWord(0x0020, "source-of-lower-quality"),
    flagWord(0x0040, "wrong-epoch"),
    flagWord(0x0100, "lack-of-precision"),
    flagWord(0x0200, "time-rejected-offset-accepted"),
    flagWord(0x0400, "offset-rejected-time-accepted"),
};

chr::local_days epochOf(bool since2000) {
    return chr::local_days{chr::year{since2000 ? 2000 : 1900} / chr::January / 1};
}

LocalDateTime calendarOf(std::uint32_t seconds, bool since2000) {
    return toLocalDateTime(epochOf(since2000) + chr::seconds{seconds});
}

/// Reads the CRC, if there is one; false if it is not that of all octets after it.
bool readLeadingCrc(ByteReader& reader, ByteView value, bool hasCrc) {
    if (!hasCrc) return true;
    const auto said = reader.u16("E2E-CRC");
    return reader.failure() || said == e2eCrc(value.subspan(kCrcOctets));
}

/// The length counts first: octets that are missing make another CRC.
std::optional<DecodeError> endError(const ByteReader& reader, bool isRight) {
    if (auto error = lengthError(reader, false)) return error;
    return isRight ? std::nullopt : std::optional{checksumError(0)};
}

Bytes withLeadingCrc(const ByteWriter& value, bool hasCrc) {
    if (!hasCrc) return value.bytes();
    return ByteWriter().u16(e2eCrc(value.bytes())).octets(value.bytes()).bytes();
}

/// What `read` reads behind the CRC, if that is all of the value.
template <class Read>
auto readWhole(ByteReader reader, ByteView value, bool hasCrc, Read read)
    -> std::expected<decltype(read(reader)), DecodeError> {
    const bool isRight = readLeadingCrc(reader, value, hasCrc);
    auto content = read(reader);
    return unlessWrong(std::move(content), endError(reader, isRight));
}

struct FeatureValue {
    DeviceTimeFeature feature;
    bool hasRightCrc = true;
};

FeatureValue readFeature(ByteReader& reader, ByteView value) {
    // The field is always there; without the CRC it is 0xFFFF, which nobody needs to check.
    const bool isRight = readLeadingCrc(reader, value, true);
    FeatureValue read;
    auto& feature = read.feature;
    feature.bits = reader.u16("feature");
    const auto has = [&](std::uint16_t bit) { return (feature.bits & bit) != 0; };
    feature.hasCrc = has(kFeatureCrc);
    feature.hasLog = has(kFeatureLog);
    feature.hasFractions = has(kFeatureFractions);
    feature.hasDisplayedFormats = has(kFeatureDisplayedFormats);
    feature.hasUserTime = has(kFeatureUserTime);
    feature.needsAuthorisation = has(kFeatureAuthorisation);
    feature.tracksDrift = has(kFeatureDrift);
    feature.takes1900 = has(kFeature1900);
    feature.takes2000 = has(kFeature2000);
    read.hasRightCrc = isRight || !feature.hasCrc;
    return read;
}

DeviceTimeFeature featureOf(const DecodeOptions& options) {
    return deviceTimeFeature(options.feature).value_or(DeviceTimeFeature{});
}

DeviceTime readDeviceTime(ByteReader& reader, const DeviceTimeFeature& feature) {
    DeviceTime time;
    const auto seconds = reader.u32("base time");
    time.utcOffset = readLocalOffset(reader);
    const auto status = reader.u16("status");
    const bool since2000 = (status & kStatus2000) != 0;
    time.baseTime = calendarOf(seconds, since2000);
    time.isFaulty = (status & kStatusFault) != 0;
    time.isUtcAligned = (status & kStatusUtcAligned) != 0;
    time.wantsProposal = (status & kStatusWantsProposal) != 0;
    time.words = flagWords(status, kStatusWords);
    if (feature.hasUserTime) time.userTime = calendarOf(reader.u32("user time"), since2000);
    if (feature.tracksDrift) time.accumulatedDriftSeconds = reader.u16("accumulated drift");
    if (feature.hasLog) time.nextLogNumber = reader.u16("next sequence number");
    if (feature.hasFractions) {
        time.fraction =
            Duration{chr::seconds{reader.u16("second fractions")}} / kFractionsPerSecond;
    }
    return time;
}

DecodeResult decodeFeatureFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto read = readFeature(reader, bytes);
    std::vector<Field> fields{{"features", flagWords(read.feature.bits, kFeatureWords)}};
    return unlessWrong(std::move(fields), endError(reader, read.hasRightCrc));
}

std::vector<Field> readParameters(ByteReader& reader, const DeviceTimeFeature& feature) {
    std::vector<Field> fields;
    fields.push_back(
        {"resolution", reader.u16("clock resolution") / double(kFractionsPerSecond), 6});
    if (feature.tracksDrift) {
        fields.push_back({"driftLimitS", double(reader.u16("drift limit"))});
        fields.push_back({"daysUntilSyncLoss", double(reader.u16("days until loss of sync"))});
    }
    if (feature.hasLog) {
        fields.push_back({"adjustmentLimitS", double(reader.u16("non-logged adjustment limit"))});
    }
    if (feature.hasDisplayedFormats) {
        // Its codes are in no source at hand.
        fields.push_back({"displayedFormats", toHex(reader.octets(2, "displayed formats"))});
    }
    return fields;
}

DecodeResult decodeParameterFields(ByteView bytes, const DecodeOptions& options) {
    const auto feature = featureOf(options);
    return readWhole(ByteReader(bytes, options.trace), bytes, feature.hasCrc,
                     [&](ByteReader& reader) { return readParameters(reader, feature); });
}

DecodeResult decodeTimeFields(ByteView bytes, const DecodeOptions& options) {
    const auto feature = featureOf(options);
    const auto time =
        readWhole(ByteReader(bytes, options.trace), bytes, feature.hasCrc,
                  [&](ByteReader& reader) { return readDeviceTime(reader, feature); });
    if (!time) return std::unexpected(time.error());
    std::vector<Field> fields{{"baseTime", time->baseTime.text()}};
    if (const auto local = time->local()) fields.push_back({"deviceTime", local->text()});
    fields.push_back(offsetField("utcOffsetMin", time->utcOffset));
    if (feature.hasFractions) {
        fields.push_back({"fraction", double(time->fraction.count()) / 1e9, 6});
    }
    fields.push_back({"status", time->words});
    if (time->userTime) fields.push_back({"userTime", time->userTime->text()});
    if (time->accumulatedDriftSeconds) {
        fields.push_back({"accumulatedDriftS", double(*time->accumulatedDriftSeconds)});
    }
    if (time->nextLogNumber) fields.push_back({"nextLogNumber", double(*time->nextLogNumber)});
    return fields;
}

void readUpdate(ByteReader& reader, const DeviceTimeFeature& feature, std::vector<Field>& fields) {
    const auto flags = reader.u16("time update flags");
    const auto seconds = reader.u32("base time");
    const auto offset = readLocalOffset(reader);
    const auto source = reader.u8("time source");
    const auto accuracy = reader.u8("time accuracy");
    if (reader.failure()) return;
    fields.push_back({"baseTime", calendarOf(seconds, (flags & kUpdate2000) != 0).text()});
    fields.push_back(offsetField("utcOffsetMin", offset));
    fields.push_back({"flags", flagWords(flags, kUpdateWords)});
    fields.push_back({"timeSource", std::string(timeSourceWord(source))});
    fields.push_back({"accuracyEighths", double(accuracy)});
    if (feature.hasFractions) {
        const double fraction = reader.u16("second fractions") / double(kFractionsPerSecond);
        fields.push_back({"fraction", fraction, 6});
    }
}

DeviceTimeAnswer readAnswer(ByteReader& reader) {
    DeviceTimeAnswer out;
    out.operation = reader.u8("requested op code");
    out.code = reader.u8("response code");
    if (out.code == kDeviceTimeRejected) {
        out.rejections = flagWords(reader.u16("rejection flags"), kRejectionWords);
    }
    return out;
}

void readOperand(ByteReader& reader, std::uint8_t operation, const DeviceTimeFeature& feature,
                 std::vector<Field>& fields) {
    if (operation == proposeUpdate || operation == forceUpdate) {
        readUpdate(reader, feature, fields);
    } else if (operation == proposeAdjustmentLimit) {
        fields.push_back({"adjustmentLimitS", double(reader.u16("adjustment limit"))});
    } else if (operation == answer) {
        auto out = readAnswer(reader);
        fields.push_back({"requested", std::string(wordOf(kOperations, out.operation))});
        fields.push_back({"answer", std::string(wordOf(kAnswers, out.code))});
        if (out.code == kDeviceTimeRejected) {
            fields.push_back({"rejections", std::move(out.rejections)});
        }
    } else if (operation != retrieveAdjustments && reader.remaining() > 0) {
        // Reserved op codes, and the report of adjustments, whose layout is in no source at hand.
        fields.push_back({"octets", toHex(reader.octets(reader.remaining(), "operand"))});
    }
}

std::vector<Field> readControl(ByteReader& reader, const DeviceTimeFeature& feature) {
    const auto operation = reader.u8("op code");
    std::vector<Field> fields{{"operation", std::string(wordOf(kOperations, operation))}};
    readOperand(reader, operation, feature, fields);
    return fields;
}

DecodeResult decodeControlFields(ByteView bytes, const DecodeOptions& options) {
    const auto feature = featureOf(options);
    return readWhole(ByteReader(bytes, options.trace), bytes, feature.hasCrc,
                     [&](ByteReader& reader) { return readControl(reader, feature); });
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{kDeviceTimeFeature, "Device Time Feature", Role::feature,
                       decodeFeatureFields},
    CharacteristicSpec{kDeviceTimeParameters, "Device Time Parameters", Role::conversation,
                       decodeParameterFields},
    CharacteristicSpec{kDeviceTime, "Device Time", Role::clock, decodeTimeFields},
    CharacteristicSpec{kDeviceTimeControlPoint, "Device Time Control Point", Role::control,
                       decodeControlFields},
};

constexpr Profile kProfile{0x1847, "", "Device Time", kCharacteristics};

}  // namespace

const Profile& deviceTimeProfile() {
    return kProfile;
}

std::optional<DeviceTimeFeature> deviceTimeFeature(ByteView value) {
    ByteReader reader(value);
    const auto read = readFeature(reader, value);
    if (endError(reader, read.hasRightCrc)) return std::nullopt;
    return read.feature;
}

std::optional<LocalDateTime> DeviceTime::local() const {
    if (!utcOffset) return std::nullopt;
    return toLocalDateTime(toLocal(baseTime) + *utcOffset);
}

std::expected<DeviceTime, DecodeError> decodeDeviceTime(ByteView value,
                                                        const DeviceTimeFeature& feature) {
    return readWhole(ByteReader(value), value, feature.hasCrc,
                     [&](ByteReader& reader) { return readDeviceTime(reader, feature); });
}

std::optional<Bytes> proposeTime(const TimeProposal& proposal, const DeviceTimeFeature& feature) {
    const bool since2000 = feature.takes2000 || !feature.takes1900;
    const auto epoch = chr::sys_days{epochOf(since2000).time_since_epoch()};
    const auto second = chr::floor<chr::seconds>(proposal.time);
    const auto elapsed = (second - epoch).count();
    if (elapsed < 0 || elapsed > 0xFFFFFFFF) return std::nullopt;
    const auto flags = kUpdateUtcAligned | kUpdateExternal | (since2000 ? kUpdate2000 : 0) |
                       (feature.hasFractions ? 0 : kUpdateNoFractions);
    ByteWriter request;
    request.u8(proposeUpdate).u16(static_cast<std::uint16_t>(flags));
    request.u32(static_cast<std::uint32_t>(elapsed));
    request.octets(encodeLocalOffset(proposal.zone, proposal.daylightSaving));
    request.u8(proposal.source).u8(proposal.accuracy);
    if (feature.hasFractions) {
        const auto fraction = (proposal.time - second) * kFractionsPerSecond / chr::seconds{1};
        request.u16(static_cast<std::uint16_t>(fraction));
    }
    return withLeadingCrc(request, feature.hasCrc);
}

std::expected<DeviceTimeAnswer, DecodeError> decodeDeviceTimeAnswer(
    ByteView value, const DeviceTimeFeature& feature) {
    ByteReader reader(value);
    const bool isRight = readLeadingCrc(reader, value, feature.hasCrc);
    const auto operation = reader.u8("op code");
    if (!reader.failure() && operation != answer) {
        return std::unexpected(DecodeError{v1::REFUSED_MALFORMED, "op code",
                                           static_cast<std::uint32_t>(reader.offset() - 1),
                                           "op code: it is that of no answer"});
    }
    auto out = readAnswer(reader);
    return unlessWrong(std::move(out), endError(reader, isRight));
}

std::string_view deviceTimeAnswerWord(std::uint8_t code) {
    return wordOf(kAnswers, code);
}

}  // namespace vitalgate::profiles
