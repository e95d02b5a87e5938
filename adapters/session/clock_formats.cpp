#include "adapters/session/clock_formats.hpp"

#include <fmt/ranges.h>

#include "adapters/profiles/device_time.hpp"
#include "adapters/profiles/elapsed_time.hpp"

namespace vitalgate::session {

namespace {

namespace chr = std::chrono;

constexpr std::uint16_t kCurrentTime = 0x2A2B;
constexpr std::uint16_t kDeviceTimeService = 0x1847;
/// In 1/8 s: what NTP gives at home, and the way over the radio.
constexpr std::uint8_t kWithinOneSecond = 8;

profiles::CurrentTime shownAt(const LocalDateTime& time, Duration fraction,
                              chr::seconds toLocalTime) {
    profiles::CurrentTime shown;
    if (!time.isComplete()) {
        shown.time = time;
        return shown;
    }
    return profiles::currentTimeAt(toLocal(time) + toLocalTime + fraction, 0);
}

Result<profiles::CurrentTime> elapsed(ByteView value, chr::seconds offset) {
    const auto clock = profiles::decodeElapsedClock(value);
    if (!clock) return fail(ErrorKind::malformed, "{}", clock.error().message);
    const auto calendar = profiles::calendarOf(clock->time);
    if (!calendar) return fail(ErrorKind::unsupported, "it counts ticks and shows no time");
    if (!clock->time.isUtc) return shownAt(calendar->time, calendar->fraction, chr::seconds{0});
    const chr::seconds own = clock->time.utcOffset ? *clock->time.utcOffset : offset;
    return shownAt(calendar->time, calendar->fraction, own);
}

Result<profiles::DeviceTimeFeature> featureOf(const Database& database) {
    const auto* profile = profiles::findService(Uuid(kDeviceTimeService));
    const auto feature = profiles::deviceTimeFeature(database.feature(*profile));
    if (!feature) return fail(ErrorKind::malformed, "its features are not known");
    return *feature;
}

Result<profiles::CurrentTime> deviceTime(ByteView value, const Database& database,
                                         chr::seconds offset) {
    const auto feature = featureOf(database);
    if (!feature) return std::unexpected(feature.error());
    const auto time = profiles::decodeDeviceTime(value, *feature);
    if (!time) return fail(ErrorKind::malformed, "{}", time.error().message);
    // A clock that has lost its time shows one all the same.
    if (time->isFaulty) return profiles::CurrentTime{};
    // Measurements bear the time that the person sees, where it is another one.
    if (time->userTime) return shownAt(*time->userTime, Duration{}, chr::seconds{0});
    const chr::seconds own = time->utcOffset ? *time->utcOffset : offset;
    return shownAt(time->baseTime, time->fraction, own);
}

}  // namespace

Result<profiles::CurrentTime> decodeClock(std::uint16_t characteristic, ByteView value,
                                          const Database& database, chr::seconds offset) {
    if (characteristic == profiles::kCurrentElapsedTime) return elapsed(value, offset);
    if (characteristic == profiles::kDeviceTime) return deviceTime(value, database, offset);
    if (characteristic == kCurrentTime) {
        const auto time = profiles::decodeCurrentTime(value);
        if (!time) return fail(ErrorKind::malformed, "{}", time.error().message);
        return *time;
    }
    const auto time = profiles::decodeDateTime(value);
    if (!time) return fail(ErrorKind::malformed, "{}", time.error().message);
    profiles::CurrentTime current;
    current.time = *time;
    return current;
}

Result<Bytes> encodeClock(std::uint16_t characteristic, WallTime now, const TimeZone& zone,
                          ByteView shown) {
    if (characteristic == profiles::kCurrentElapsedTime) {
        const auto like = profiles::decodeElapsedClock(shown);
        if (!like) return fail(ErrorKind::malformed, "{}", like.error().message);
        const auto offset = chr::floor<chr::minutes>(zone.offset(now));
        auto value =
            profiles::encodeElapsedTime(now, offset, like->time, profiles::kTimeSourceNetwork);
        if (!value) return fail(ErrorKind::unsupported, "it counts ticks and cannot be set");
        return std::move(*value);
    }
    const auto time = profiles::currentTimeAt(zone.toLocal(now), profiles::kAdjustedFromReference);
    return characteristic == kCurrentTime ? profiles::encodeCurrentTime(time)
                                          : profiles::encodeDateTime(time.time);
}

Result<Bytes> timeProposal(const Database& database, WallTime now, const TimeZone& zone) {
    const auto feature = featureOf(database);
    if (!feature) return std::unexpected(feature.error());
    profiles::TimeProposal proposal;
    proposal.time = now;
    proposal.zone = chr::floor<chr::minutes>(zone.offset(now));
    proposal.source = profiles::kTimeSourceNetwork;
    proposal.accuracy = kWithinOneSecond;
    auto request = profiles::proposeTime(proposal, *feature);
    if (!request) return fail(ErrorKind::unsupported, "its calendar does not hold this time");
    return std::move(*request);
}

/// The operation stands behind a CRC, where there is one; the request's first octet may be that.
bool isTimeAnswer(ByteView value, std::uint8_t /*request*/) {
    return !value.empty();
}

Status proposalTaken(ByteView answer, const Database& database) {
    const auto feature = featureOf(database);
    if (!feature) return std::unexpected(feature.error());
    const auto decoded = profiles::decodeDeviceTimeAnswer(answer, *feature);
    if (!decoded) return fail(ErrorKind::malformed, "{}", decoded.error().message);
    if (decoded->code == profiles::kDeviceTimeSuccess) return {};
    return fail(ErrorKind::refused, "the device answers {} {}",
                profiles::deviceTimeAnswerWord(decoded->code), fmt::join(decoded->rejections, " "));
}

}  // namespace vitalgate::session
