#include "adapters/profiles/blood_pressure_frame.hpp"

#include <chrono>

#include "adapters/profiles/date_time.hpp"

namespace vitalgate::profiles {

namespace {

namespace chr = std::chrono;

constexpr std::uint8_t kKilopascal = 0x01;
constexpr std::uint8_t kHasTime = 0x02;
constexpr std::uint8_t kHasPulse = 0x04;
constexpr std::uint8_t kHasUser = 0x08;
constexpr std::uint8_t kHasStatus = 0x10;
/// Of the enhanced values alone.
constexpr std::uint8_t kHasUserFacingTime = 0x20;
constexpr std::uint8_t kSince2000 = 0x40;

std::uint16_t swapped(std::uint16_t raw) {
    return static_cast<std::uint16_t>(raw >> 8U | raw << 8U);
}

Number readPulse(ByteReader& reader, std::uint8_t flags, const DecoderQuirk& quirk) {
    if ((flags & kHasPulse) == 0) return std::unexpected(v1::ABSENT_NOT_RECORDED);
    const auto raw = reader.u16("pulse");
    return shortFloat(quirk.bigEndianPulseAndStatus ? swapped(raw) : raw);
}

std::optional<std::uint8_t> readUser(ByteReader& reader, std::uint8_t flags,
                                     const DecoderQuirk& quirk) {
    if ((flags & kHasUser) == 0 && !quirk.userAlwaysPresent) return std::nullopt;
    return reader.u8("user");
}

std::uint16_t readStatus(ByteReader& reader, std::uint8_t flags, const DecoderQuirk& quirk) {
    if ((flags & kHasStatus) == 0) return 0;
    const auto raw = reader.u16("status");
    return quirk.bigEndianPulseAndStatus ? swapped(raw) : raw;
}

std::optional<LocalDateTime> readTime(ByteReader& reader, std::uint8_t flags) {
    if ((flags & kHasTime) == 0) return std::nullopt;
    return readDateTime(reader);
}

/// One of the two times of an enhanced value.
std::optional<LocalDateTime> readSeconds(ByteReader& reader, std::uint8_t flags, std::uint8_t flag,
                                         std::string_view field) {
    constexpr chr::local_days kEpoch1900{chr::year{1900} / 1 / 1};
    constexpr chr::local_days kEpoch2000{chr::year{2000} / 1 / 1};
    if ((flags & flag) == 0) return std::nullopt;
    const auto epoch = (flags & kSince2000) != 0 ? kEpoch2000 : kEpoch1900;
    return toLocalDateTime(epoch + chr::seconds{reader.u32(field)});
}

/// What follows the pressures, which two kinds of value have.
void readEnhancedRest(ByteReader& reader, std::uint8_t flags, BloodPressureFrame& frame) {
    const DecoderQuirk none{};
    frame.inKilopascal = (flags & kKilopascal) != 0;
    frame.time = readSeconds(reader, flags, kHasTime, "time stamp");
    frame.hasPulse = (flags & kHasPulse) != 0;
    frame.pulse = readPulse(reader, flags, none);
    frame.user = readUser(reader, flags, none);
    frame.status = readStatus(reader, flags, none);
    const auto shown = readSeconds(reader, flags, kHasUserFacingTime, "user-facing time");
    if (shown) frame.time = shown;
}

}  // namespace

// The fields of a braced list are read in the order in which they are written.
BloodPressureFrame readBloodPressure(ByteReader& reader, const DecoderQuirk& quirk) {
    const auto flags = reader.u8("flags");
    return {.inKilopascal = (flags & kKilopascal) != 0,
            .systolic = readShortFloat(reader, "systolic"),
            .diastolic = readShortFloat(reader, "diastolic"),
            .mean = readShortFloat(reader, "mean"),
            .time = readTime(reader, flags),
            .hasPulse = (flags & kHasPulse) != 0,
            .pulse = readPulse(reader, flags, quirk),
            .user = readUser(reader, flags, quirk),
            .status = readStatus(reader, flags, quirk)};
}

BloodPressureFrame readEnhancedBloodPressure(ByteReader& reader) {
    const auto flags = reader.u8("flags");
    BloodPressureFrame frame;
    frame.systolic = readShortFloat(reader, "systolic");
    frame.diastolic = readShortFloat(reader, "diastolic");
    frame.mean = readShortFloat(reader, "mean");
    readEnhancedRest(reader, flags, frame);
    return frame;
}

BloodPressureFrame readEnhancedCuffPressure(ByteReader& reader) {
    const auto flags = reader.u8("flags");
    BloodPressureFrame frame;
    frame.systolic = readShortFloat(reader, "cuff pressure");
    frame.diastolic = std::unexpected(v1::ABSENT_NOT_A_NUMBER);
    frame.mean = std::unexpected(v1::ABSENT_NOT_A_NUMBER);
    readEnhancedRest(reader, flags, frame);
    return frame;
}

}  // namespace vitalgate::profiles
