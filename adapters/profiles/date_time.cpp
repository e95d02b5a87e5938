#include "adapters/profiles/date_time.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/elapsed_time.hpp"
#include "adapters/profiles/registry.hpp"

// Current Time Service 1.1, Date Time of the GATT Specification Supplement.
namespace vitalgate::profiles {

namespace {

namespace chr = std::chrono;

constexpr std::array<std::string_view, 8> kWeekdays{"unknown",  "monday", "tuesday",  "wednesday",
                                                    "thursday", "friday", "saturday", "sunday"};

constexpr std::array kAdjustReasons{
    flagWord(kAdjustedByHand, "manual"),
    flagWord(kAdjustedFromReference, "external-reference"),
    flagWord(kAdjustedForZone, "time-zone-change"),
    flagWord(kAdjustedForDaylightSaving, "daylight-saving-change"),
};

constexpr chr::minutes kQuarter{15};
constexpr int kWesternmostQuarter = -48;
constexpr int kEasternmostQuarter = 56;

struct DaylightSaving {
    std::uint8_t code;
    chr::minutes offset;
};
constexpr std::array kDaylightSaving{
    DaylightSaving{0, chr::minutes{0}}, DaylightSaving{2, chr::minutes{30}},
    DaylightSaving{4, chr::minutes{60}}, DaylightSaving{8, chr::minutes{120}}};

CurrentTime readCurrentTime(ByteReader& reader) {
    CurrentTime time;
    time.time = readDateTime(reader);
    time.dayOfWeek = reader.u8("day of week");
    time.fraction256 = reader.u8("fraction of a second");
    time.adjustReason = reader.u8("adjust reason");
    return time;
}

/// The decoders of the table give named fields; sessions use the typed ones.
DecodeResult currentTimeFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto time = readCurrentTime(reader);
    const auto day = time.dayOfWeek < kWeekdays.size() ? time.dayOfWeek : 0U;
    std::vector<Field> fields{
        {"deviceTime", time.time.text()},
        {"dayOfWeek", std::string(kWeekdays[day])},
        {"fraction", time.fraction256 / 256.0, 8},
        {"adjustReasons", flagWords(time.adjustReason, kAdjustReasons)},
    };
    return conclude(std::move(fields), reader, options);
}

/// Nothing where the part is unknown or reserved.
struct LocalTime {
    std::optional<chr::minutes> zone;
    std::optional<chr::minutes> daylightSaving;
};

LocalTime readLocalTime(ByteReader& reader) {
    LocalTime time;
    time.zone = offsetOfQuarters(reader.s8("time zone"));
    const auto code = reader.u8("daylight saving offset");
    const auto row = std::ranges::find(kDaylightSaving, code, &DaylightSaving::code);
    if (row != kDaylightSaving.end()) time.daylightSaving = row->offset;
    return time;
}

DecodeResult localTimeFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto time = readLocalTime(reader);
    std::vector<Field> fields{offsetField("timeZoneMin", time.zone),
                              offsetField("daylightSavingMin", time.daylightSaving)};
    return conclude(std::move(fields), reader, options);
}

/// Time Accuracy, in steps of 1/8 s.
Field accuracyField(std::uint8_t eighths) {
    constexpr std::uint8_t kOutOfRange = 254;
    constexpr std::uint8_t kUnknown = 255;
    if (eighths == kUnknown) return noNumber("accuracyS");
    if (eighths == kOutOfRange) return {"accuracyS", std::string("out-of-range")};
    return {"accuracyS", eighths / 8.0, 3};
}

DecodeResult referenceTimeFields(ByteView bytes, const DecodeOptions& options) {
    constexpr std::uint8_t kOrMoreDays = 255;
    constexpr std::uint8_t kHoursPerDay = 24;
    ByteReader reader(bytes, options.trace);
    const auto source = reader.u8("time source");
    const auto accuracy = reader.u8("time accuracy");
    const auto days = reader.u8("days since update");
    const auto hours = reader.u8("hours since update");
    std::vector<Field> fields{
        {"timeSource", std::string(timeSourceWord(source))},
        accuracyField(accuracy),
        days == kOrMoreDays ? Field{"daysSinceUpdate", std::string("255-or-more")}
                            : Field{"daysSinceUpdate", double(days)},
        // Also 255, which says the same as in the days.
        hours < kHoursPerDay ? Field{"hoursSinceUpdate", double(hours)}
                             : noNumber("hoursSinceUpdate"),
    };
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A2B, "Current Time", Role::clock, currentTimeFields},
    CharacteristicSpec{kLocalTimeInformation, "Local Time Information", Role::information,
                       localTimeFields},
    CharacteristicSpec{0x2A14, "Reference Time Information", Role::conversation,
                       referenceTimeFields},
};

constexpr Profile kProfile{0x1805, "", "Current Time", kCharacteristics};

}  // namespace

const Profile& currentTimeProfile() {
    return kProfile;
}

DecodeResult dateTimeFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    std::vector<Field> fields{{"deviceTime", readDateTime(reader).text()}};
    return conclude(std::move(fields), reader, options);
}

CurrentTime currentTimeAt(chr::local_time<Duration> local, std::uint8_t adjustReason) {
    const auto seconds = chr::floor<chr::seconds>(local);
    const chr::weekday day{chr::floor<chr::days>(local)};
    const auto fraction = (local - seconds) * 256 / chr::seconds{1};
    return {toLocalDateTime(seconds), static_cast<std::uint8_t>(day.iso_encoding()),
            static_cast<std::uint8_t>(fraction), adjustReason};
}

Bytes encodeDateTime(const LocalDateTime& time) {
    ByteWriter writer;
    writer.u16(time.year).u8(time.month).u8(time.day);
    writer.u8(time.hour).u8(time.minute).u8(time.second);
    return writer.bytes();
}

Bytes encodeCurrentTime(const CurrentTime& time) {
    ByteWriter writer;
    writer.octets(encodeDateTime(time.time));
    writer.u8(time.dayOfWeek).u8(time.fraction256).u8(time.adjustReason);
    return writer.bytes();
}

std::expected<CurrentTime, DecodeError> decodeCurrentTime(ByteView bytes) {
    ByteReader reader(bytes);
    const auto time = readCurrentTime(reader);
    if (auto error = lengthError(reader, false)) return std::unexpected(std::move(*error));
    return time;
}

std::optional<chr::minutes> decodeLocalOffset(ByteView bytes) {
    ByteReader reader(bytes);
    const auto offset = readLocalOffset(reader);
    if (lengthError(reader, false)) return std::nullopt;
    return offset;
}

std::optional<chr::minutes> readLocalOffset(ByteReader& reader) {
    const auto time = readLocalTime(reader);
    if (reader.failure() || !time.zone || !time.daylightSaving) return std::nullopt;
    return *time.zone + *time.daylightSaving;
}

Bytes encodeLocalOffset(chr::minutes zone, chr::minutes daylightSaving) {
    constexpr std::int8_t kUnknownZone = -128;
    constexpr std::uint8_t kUnknownDaylightSaving = 255;
    const auto row = std::ranges::find(kDaylightSaving, daylightSaving, &DaylightSaving::offset);
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(quartersOf(zone).value_or(kUnknownZone)));
    writer.u8(row != kDaylightSaving.end() ? row->code : kUnknownDaylightSaving);
    return writer.bytes();
}

std::optional<chr::minutes> offsetOfQuarters(int quarters) {
    if (quarters < kWesternmostQuarter || quarters > kEasternmostQuarter) return std::nullopt;
    return quarters * kQuarter;
}

std::optional<std::int8_t> quartersOf(chr::minutes offset) {
    const auto quarters = static_cast<int>(offset / kQuarter);
    if (offset % kQuarter != chr::minutes{0} || !offsetOfQuarters(quarters)) return std::nullopt;
    return static_cast<std::int8_t>(quarters);
}

std::expected<LocalDateTime, DecodeError> decodeDateTime(ByteView bytes) {
    ByteReader reader(bytes);
    const auto time = readDateTime(reader);
    if (auto error = lengthError(reader, false)) return std::unexpected(std::move(*error));
    return time;
}

}  // namespace vitalgate::profiles
