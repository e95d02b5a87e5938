#include "adapters/profiles/elapsed_time.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"

// Elapsed Time Service 1.0: 2BF2.
namespace vitalgate::profiles {

namespace {

namespace chr = std::chrono;

constexpr std::uint8_t kTickCounter = 0x01;
constexpr std::uint8_t kUtc = 0x02;
constexpr unsigned kResolutionShift = 2;
constexpr std::uint8_t kResolutionMask = 0x03;
constexpr std::uint8_t kUsesOffset = 0x10;
constexpr std::uint8_t kCurrentTimeline = 0x20;

constexpr std::uint8_t kNeedsToBeSet = 0x01;
constexpr std::uint8_t kFollowsDaylightSaving = 0x01;
constexpr std::uint8_t kFollowsZone = 0x02;

constexpr std::array<Duration, 4> kResolutions{chr::seconds{1}, chr::milliseconds{100},
                                               chr::milliseconds{1}, chr::microseconds{100}};

constexpr std::array<std::string_view, 8> kSources{
    "unknown", "network-time-protocol", "gps",      "radio-time-signal",
    "manual",  "atomic-clock",          "cellular", "not-synchronised"};

constexpr chr::local_days kEpoch = chr::local_days{chr::year{2000} / chr::January / 1};
constexpr auto kEnd = chr::local_days{chr::year{10000} / chr::January / 1};
constexpr std::uint64_t kLargestCount = 0xFFFFFFFFFFFF;

std::uint64_t countsPerSecond(const ElapsedTime& time) {
    return static_cast<std::uint64_t>(chr::seconds{1} / time.resolution);
}

std::uint8_t flagsOf(const ElapsedTime& time) {
    const auto row = std::ranges::find(kResolutions, time.resolution);
    const auto code = static_cast<std::uint8_t>(row - kResolutions.begin());
    return static_cast<std::uint8_t>((time.isTickCounter ? kTickCounter : 0) |
                                     (time.isUtc ? kUtc : 0) | code << kResolutionShift |
                                     (time.usesOffset ? kUsesOffset : 0) |
                                     (time.isCurrentTimeline ? kCurrentTimeline : 0));
}

ElapsedClock readClock(ByteReader& reader) {
    ElapsedClock clock;
    clock.time = readElapsedTime(reader);
    clock.needsToBeSet = (reader.u8("clock status") & kNeedsToBeSet) != 0;
    const auto capabilities = reader.u8("clock capabilities");
    clock.followsDaylightSaving = (capabilities & kFollowsDaylightSaving) != 0;
    clock.followsZone = (capabilities & kFollowsZone) != 0;
    return clock;
}

DecodeResult decodeClockFields(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto clock = readClock(reader);
    const auto& time = clock.time;
    std::vector<Field> fields{
        {"deviceTime", elapsedTimeText(time)},
        {"resolutionMs", double(time.resolution / chr::microseconds{1}) / 1000,
         time.resolution < chr::milliseconds{1} ? 1U : 0U}};
    if (const auto calendar = calendarOf(time)) {
        fields.push_back({"fraction", double(calendar->fraction.count()) / 1e9, 4});
        fields.push_back({"utc", time.isUtc});
    }
    if (time.usesOffset) fields.push_back(offsetField("utcOffsetMin", time.utcOffset));
    fields.push_back({"timeSource", std::string(timeSourceWord(time.source))});
    fields.push_back({"currentTimeline", time.isCurrentTimeline});
    fields.push_back({"needsToBeSet", clock.needsToBeSet});
    fields.push_back({"followsDaylightSaving", clock.followsDaylightSaving});
    fields.push_back({"followsZone", clock.followsZone});
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{kCurrentElapsedTime, "Current Elapsed Time", Role::clock, decodeClockFields},
};

constexpr Profile kProfile{0x183F, "", "Elapsed Time", kCharacteristics};

}  // namespace

const Profile& elapsedTimeProfile() {
    return kProfile;
}

std::string_view timeSourceWord(std::uint8_t source) {
    return source < kSources.size() ? kSources[source] : kSources[kTimeSourceUnknown];
}

ElapsedTime readElapsedTime(ByteReader& reader) {
    ElapsedTime time;
    const auto flags = reader.u8("time flags");
    time.isTickCounter = (flags & kTickCounter) != 0;
    time.isUtc = !time.isTickCounter && (flags & kUtc) != 0;
    time.resolution = kResolutions[flags >> kResolutionShift & kResolutionMask];
    time.usesOffset = !time.isTickCounter && (flags & kUsesOffset) != 0;
    time.isCurrentTimeline = (flags & kCurrentTimeline) != 0;
    time.count = reader.u48("time value");
    time.source = reader.u8("time source");
    const auto quarters = reader.s8("offset from UTC");
    if (time.usesOffset) time.utcOffset = offsetOfQuarters(quarters);
    return time;
}

std::optional<ElapsedCalendar> calendarOf(const ElapsedTime& time) {
    if (time.isTickCounter) return std::nullopt;
    const auto perSecond = countsPerSecond(time);
    const auto seconds = time.count / perSecond;
    if (seconds >= static_cast<std::uint64_t>(chr::seconds{kEnd - kEpoch}.count())) {
        return std::nullopt;
    }
    const auto whole = kEpoch + chr::seconds{static_cast<std::int64_t>(seconds)};
    const auto rest = static_cast<std::int64_t>(time.count % perSecond);
    return ElapsedCalendar{toLocalDateTime(whole), rest * time.resolution};
}

std::string elapsedTimeText(const ElapsedTime& time) {
    const auto calendar = calendarOf(time);
    return calendar ? calendar->time.text() : fmt::format("ticks:{}", time.count);
}

std::expected<ElapsedClock, DecodeError> decodeElapsedClock(ByteView value) {
    ByteReader reader(value);
    const auto clock = readClock(reader);
    if (auto error = lengthError(reader, false)) return std::unexpected(std::move(*error));
    return clock;
}

std::optional<Bytes> encodeElapsedTime(WallTime now, chr::minutes utcOffset,
                                       const ElapsedTime& like, std::uint8_t source) {
    const chr::sys_days epoch{kEpoch.time_since_epoch()};
    auto elapsed = now - epoch;
    if (!like.isUtc) elapsed += utcOffset;
    const auto quarters = quartersOf(utcOffset);
    if (like.isTickCounter || elapsed < Duration{0}) return std::nullopt;
    if (like.usesOffset && !quarters) return std::nullopt;
    const auto count = static_cast<std::uint64_t>(elapsed / like.resolution);
    if (count > kLargestCount) return std::nullopt;
    auto written = like;
    written.isCurrentTimeline = true;
    ByteWriter writer;
    writer.u8(flagsOf(written)).u48(count).u8(source);
    writer.u8(like.usesOffset ? static_cast<std::uint8_t>(*quarters) : std::uint8_t{0});
    return writer.bytes();
}

}  // namespace vitalgate::profiles
