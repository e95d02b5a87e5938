#include "adapters/session/device_clock.hpp"

#include <charconv>
#include <vector>

namespace vitalgate::session {

namespace {

namespace chr = std::chrono;
using chr::milliseconds;

/// Between the calendars' range and that of nanoseconds in 64 bits.
constexpr int kFirstYear = 1970;
constexpr int kLastYear = 2199;

constexpr milliseconds kAgrees = chr::seconds{2};       ///< calendars count whole seconds
constexpr milliseconds kJump = chr::seconds{60};        ///< more than any clock drifts
constexpr milliseconds kFutureLimit = chr::minutes{2};  ///< drift since the comparison
constexpr milliseconds kOldestUncompared = chr::days{400};
constexpr milliseconds kUntrustedHub = chr::hours{1};

constexpr chr::sys_days kOldest{chr::year{2000} / 1 / 1};
constexpr chr::sys_days kLatest{chr::year{kLastYear} / 12 / 31};
constexpr chr::sys_days kHubIsRight{chr::year{2025} / 1 / 1};

/// In milliseconds no date of these years overflows.
using MilliTime = chr::sys_time<milliseconds>;

MilliTime milli(WallTime time) {
    return chr::floor<milliseconds>(time);
}

bool isUntrusted(const Moment& moment) {
    return moment.trust == ClockTrust::unsynchronised;
}

/// A calendar that runs on evenly.
MilliTime evenly(chr::local_seconds local, chr::seconds zoneOffset, milliseconds ahead) {
    return MilliTime{local.time_since_epoch()} - zoneOffset - ahead;
}

MilliTime inFrame(const LocalDateTime& said, const ClockFrame& frame) {
    return evenly(toLocal(said), frame.zoneOffset, frame.ahead);
}

/// A calendar that follows the zone. In the hour that comes twice the offset of `near` decides.
MilliTime followingZone(const LocalDateTime& said, chr::seconds near, const TimeZone& zone) {
    const auto local = toLocal(said);
    const auto same = evenly(local, near, milliseconds{0});
    if (zone.offset(WallTime{same}) == near) return same;
    return milli(zone.toUtc(local));
}

MeasuredTime asReceived(const Moment& received, v1::DeviceClock clock, v1::ClockFault fault) {
    clock.set_fault(fault);
    return {received.wall, v1::TIME_RECEIVED, std::move(clock)};
}

/// Nothing if the moment can be true. `judged`: the hub's clock is good enough to say so.
std::optional<v1::ClockFault> momentFault(MilliTime at, const Moment& received, bool judged) {
    if (at < kOldest || at > kLatest) return v1::CLOCK_FAULT_ABSURD;
    if (judged && at > milli(received.wall) + kFutureLimit) return v1::CLOCK_FAULT_FUTURE;
    return std::nullopt;
}

MeasuredTime placeUncompared(const LocalDateTime& said, const Moment& received,
                             const TimeZone& zone) {
    const auto at = followingZone(said, zone.offset(received.wall), zone);
    const bool judged = !isUntrusted(received);
    if (auto fault = momentFault(at, received, judged)) return asReceived(received, {}, *fault);
    // A hub whose clock was not set is behind, never ahead by years: such a date is old by any
    // clock.
    if (at < milli(received.wall) - kOldestUncompared) {
        return asReceived(received, {}, v1::CLOCK_FAULT_ABSURD);
    }
    return {WallTime{at}, v1::TIME_DEVICE, v1::DeviceClock{}};
}

std::string frameText(const ClockFrame& frame) {
    return fmt::format("{} {} {} {} {} {}", frame.ahead.count(), frame.zoneOffset.count(),
                       milli(frame.compared.wall).time_since_epoch().count(),
                       static_cast<int>(frame.compared.trust), frame.compared.boot,
                       chr::floor<milliseconds>(frame.compared.uptime.time_since_epoch()).count());
}

/// Empty if the text is anything but whole numbers between single spaces.
std::vector<std::int64_t> numbers(std::string_view text) {
    std::vector<std::int64_t> found;
    const auto* at = text.data();
    const auto* end = at + text.size();
    while (at != end) {
        std::int64_t number = 0;
        const auto [next, error] = std::from_chars(at, end, number);
        if (error != std::errc{} || (next != end && *next != ' ')) return {};
        found.push_back(number);
        at = next == end ? end : next + 1;
    }
    return found;
}

ClockFrame frameFrom(const std::vector<std::int64_t>& from, std::size_t at) {
    ClockFrame frame;
    frame.ahead = milliseconds{from[at]};
    frame.zoneOffset = chr::seconds{from[at + 1]};
    frame.compared.wall = WallTime{MilliTime{milliseconds{from[at + 2]}}};
    frame.compared.trust = static_cast<ClockTrust>(from[at + 3]);
    frame.compared.boot = static_cast<std::uint32_t>(from[at + 4]);
    frame.compared.uptime = SteadyTime{milliseconds{from[at + 5]}};
    return frame;
}

bool isTrusted(const std::optional<ClockFrame>& frame) {
    return frame && !isUntrusted(frame->compared);
}

}  // namespace

ClockFrame compareClocks(chr::local_time<Duration> shown, const Moment& hub, const TimeZone& zone) {
    const auto offset = zone.offset(hub.wall);
    const auto ahead = shown.time_since_epoch() - offset - hub.wall.time_since_epoch();
    return {chr::round<milliseconds>(ahead), offset, hub};
}

std::optional<v1::ClockFault> calendarFault(const LocalDateTime& time) {
    if (time.year == 0 && time.month == 0 && time.day == 0) return v1::CLOCK_FAULT_UNSET;
    if (time.year == 0 || time.month == 0 || time.day == 0) return v1::CLOCK_FAULT_PARTIAL;
    const bool isReal = time.isComplete() && time.year >= kFirstYear && time.year <= kLastYear;
    return isReal ? std::nullopt : std::optional(v1::CLOCK_FAULT_ABSURD);
}

void DeviceClock::compare(const ClockFrame& frame) {
    if (current_ &&
        chr::abs(frame.ahead + frame.zoneOffset - current_->ahead - current_->zoneOffset) > kJump) {
        earlier_ = current_;
        changed_ = current_->compared.wall;
        changedByHub_ = false;
    }
    current_ = frame;
}

void DeviceClock::setByHub(const ClockFrame& frame) {
    earlier_ = current_;
    changed_ = frame.compared.wall;
    changedByHub_ = true;
    current_ = frame;
}

const ClockFrame* DeviceClock::frameOf(const LocalDateTime& said, const Moment& received) const {
    const auto usable = [&](const std::optional<ClockFrame>& frame) {
        return frame && (isTrusted(frame) || isUntrusted(received));
    };
    if (!usable(current_)) return nullptr;
    if (!changed_) return &*current_;
    const auto now = milli(received.wall) + kAgrees;
    const auto at = inFrame(said, *current_);
    const bool isBefore = at < milli(*changed_) - kAgrees;
    if (!isBefore && at <= now) return &*current_;
    if (usable(earlier_) && inFrame(said, *earlier_) <= now) return &*earlier_;
    return isBefore ? nullptr : &*current_;
}

MeasuredTime DeviceClock::place(const std::optional<LocalDateTime>& said, bool clockNotSet,
                                const Moment& received, const TimeZone& zone) const {
    if (!said) return {received.wall, v1::TIME_RECEIVED, std::nullopt};
    if (clockNotSet) return asReceived(received, {}, v1::CLOCK_FAULT_UNSET);
    if (auto fault = calendarFault(*said)) return asReceived(received, {}, *fault);
    const auto* frame = frameOf(*said, received);
    if (frame == nullptr) return placeUncompared(*said, received, zone);

    const bool agrees = chr::abs(frame->ahead) <= kAgrees;
    const auto at = agrees ? followingZone(*said, frame->zoneOffset, zone) : inFrame(*said, *frame);
    const bool judged = isUntrusted(frame->compared) == isUntrusted(received);
    if (auto fault = momentFault(at, received, judged)) {
        return asReceived(received, messageOf(*frame), *fault);
    }
    return {WallTime{at}, agrees ? v1::TIME_DEVICE : v1::TIME_CORRECTED, messageOf(*frame)};
}

v1::DeviceClock DeviceClock::messageOf(const ClockFrame& frame) const {
    v1::DeviceClock message;
    message.set_ahead_ms(frame.ahead.count());
    toStamp(frame.compared, *message.mutable_compared());
    message.set_set_after(changedByHub_ && earlier_ && &frame == &*earlier_);
    return message;
}

std::optional<v1::DeviceClock> DeviceClock::message() const {
    if (!current_) return std::nullopt;
    return messageOf(*current_);
}

std::string DeviceClock::bookmark() const {
    if (!isTrusted(current_)) return {};
    auto text = frameText(*current_);
    if (!changed_) return text;
    text +=
        fmt::format(" {} {}", milli(*changed_).time_since_epoch().count(), changedByHub_ ? 1 : 0);
    if (isTrusted(earlier_)) text += " " + frameText(*earlier_);
    return text;
}

DeviceClock DeviceClock::fromBookmark(std::string_view text) {
    // The frame, since when it holds and by whom, and the frame before.
    constexpr std::size_t kFrame = 6;
    constexpr std::size_t kChanged = kFrame + 2;
    constexpr std::size_t kBoth = kChanged + kFrame;
    DeviceClock clock;
    const auto from = numbers(text);
    if (from.size() != kFrame && from.size() != kChanged && from.size() != kBoth) return clock;
    clock.current_ = frameFrom(from, 0);
    if (from.size() >= kChanged) {
        clock.changed_ = WallTime{MilliTime{milliseconds{from[kFrame]}}};
        clock.changedByHub_ = from[kFrame + 1] != 0;
    }
    if (from.size() == kBoth) clock.earlier_ = frameFrom(from, kChanged);
    return clock;
}

bool shouldSetClock(std::optional<milliseconds> ahead, std::optional<Duration> limit,
                    const Moment& now) {
    if (!limit || now.wall < kHubIsRight) return false;
    if (!ahead) return !isUntrusted(now);
    const auto off = chr::abs(*ahead);
    return off > *limit && (!isUntrusted(now) || off > kUntrustedHub);
}

}  // namespace vitalgate::session
