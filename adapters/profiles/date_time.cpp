#include "adapters/profiles/date_time.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"

// Current Time Service 1.1, Date Time of the GATT Specification Supplement.
namespace vitalgate::profiles {

namespace {

namespace chr = std::chrono;

constexpr std::array<std::string_view, 8> kWeekdays{"unknown",  "monday", "tuesday",  "wednesday",
                                                    "thursday", "friday", "saturday", "sunday"};

constexpr std::array kAdjustReasons{
    FlagWord{kAdjustedByHand, kAdjustedByHand, "manual"},
    FlagWord{kAdjustedFromReference, kAdjustedFromReference, "external-reference"},
    FlagWord{kAdjustedForZone, kAdjustedForZone, "time-zone-change"},
    FlagWord{kAdjustedForDaylightSaving, kAdjustedForDaylightSaving, "daylight-saving-change"},
};

constexpr int kMinutesPerQuarter = 15;
constexpr int kWesternmostQuarter = -48;
constexpr int kEasternmostQuarter = 56;

struct DaylightSaving {
    std::uint8_t code;
    int minutes;
};
constexpr std::array<DaylightSaving, 4> kDaylightSaving{{{0, 0}, {2, 30}, {4, 60}, {8, 120}}};

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

/// In minutes; nothing where the part is unknown or reserved.
struct LocalTime {
    std::optional<int> zone;
    std::optional<int> daylightSaving;
};

LocalTime readLocalTime(ByteReader& reader) {
    const int quarters = reader.s8("time zone");
    const auto code = reader.u8("daylight saving offset");
    LocalTime time;
    if (quarters >= kWesternmostQuarter && quarters <= kEasternmostQuarter) {
        time.zone = quarters * kMinutesPerQuarter;
    }
    const auto row = std::ranges::find(kDaylightSaving, code, &DaylightSaving::code);
    if (row != kDaylightSaving.end()) time.daylightSaving = row->minutes;
    return time;
}

DecodeResult localTimeFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto time = readLocalTime(reader);
    std::vector<Field> fields;
    if (time.zone) fields.push_back({"timeZoneMin", static_cast<double>(*time.zone)});
    if (time.daylightSaving) {
        fields.push_back({"daylightSavingMin", static_cast<double>(*time.daylightSaving)});
    }
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A2B, "Current Time", Role::clock, currentTimeFields},
    CharacteristicSpec{kLocalTimeInformation, "Local Time Information", Role::information,
                       localTimeFields},
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
    const auto time = readLocalTime(reader);
    if (lengthError(reader, false) || !time.zone || !time.daylightSaving) return std::nullopt;
    return chr::minutes{*time.zone + *time.daylightSaving};
}

Bytes encodeLocalOffset(chr::minutes zone, chr::minutes daylightSaving) {
    constexpr std::int8_t kUnknownZone = -128;
    constexpr std::uint8_t kUnknownDaylightSaving = 255;
    const auto quarters = zone.count() / kMinutesPerQuarter;
    const bool isZone = zone.count() % kMinutesPerQuarter == 0 && quarters >= kWesternmostQuarter &&
                        quarters <= kEasternmostQuarter;
    const auto row =
        std::ranges::find(kDaylightSaving, daylightSaving.count(), &DaylightSaving::minutes);
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(isZone ? quarters : kUnknownZone));
    writer.u8(row != kDaylightSaving.end() ? row->code : kUnknownDaylightSaving);
    return writer.bytes();
}

std::expected<LocalDateTime, DecodeError> decodeDateTime(ByteView bytes) {
    ByteReader reader(bytes);
    const auto time = readDateTime(reader);
    if (auto error = lengthError(reader, false)) return std::unexpected(std::move(*error));
    return time;
}

}  // namespace vitalgate::profiles
