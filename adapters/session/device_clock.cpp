#include "adapters/session/device_clock.hpp"

#include <charconv>
#include <utility>
#include <vector>

namespace vitalgate::session {

namespace {

namespace chr = std::chrono;
using chr::milliseconds;

/// Between the calendars' range and that of nanoseconds in 64 bits.
constexpr int kFirstYear = 1970;
constexpr int kLastYear = 2199;

constexpr milliseconds kAgrees = chr::seconds{2};  ///< calendars count whole seconds
constexpr milliseconds kJump = chr::seconds{60};   ///< more than any clock drifts
constexpr milliseconds kTellsStanding = chr::minutes{1};
constexpr milliseconds kFutureLimit = chr::minutes{2};  ///< drift since the comparison
/// No measurement waits for longer, and no hub that shows a year of this program is as far behind.
constexpr milliseconds kFarthest = chr::days{400};
constexpr milliseconds kUntrustedHub = chr::hours{1};

/// Of a change between a time that the hub knew and one that it does not: nobody knows when.
constexpr WallTime kLongAgo{};
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
    const auto now = milli(received.wall);
    // A hub whose clock was not set is behind, never ahead by years: such a date is old by any
    // clock.
    if (at < kOldest || at > kLatest || at < now - kFarthest) return v1::CLOCK_FAULT_ABSURD;
    const bool isFuture =
        judged ? at > now + kFutureLimit : now >= kHubIsRight && at > now + kFarthest;
    return isFuture ? std::optional(v1::CLOCK_FAULT_FUTURE) : std::nullopt;
}

MeasuredTime placeUncompared(const LocalDateTime& said, const Moment& received,
                             const TimeZone& zone) {
    const auto at = followingZone(said, zone.offset(received.wall), zone);
    const bool judged = !isUntrusted(received);
    if (auto fault = momentFault(at, received, judged)) return asReceived(received, {}, *fault);
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

/// Made in another boot by a hub that did not know the time: it says nothing any more.
bool isWorthless(const std::optional<ClockFrame>& frame, std::uint32_t boot) {
    return frame && isUntrusted(frame->compared) && frame->compared.boot != boot;
}

/// The device's calendar minus UTC, as the hub knew it.
milliseconds difference(const ClockFrame& frame) {
    return frame.ahead + frame.zoneOffset;
}

/// When the kernel started, by the wall clock of that moment.
WallTime startBy(const Moment& moment) {
    return moment.wall - moment.uptime.time_since_epoch();
}

/// It has shown less than half of the time that has passed; `before` if too little has to tell.
bool standsStill(const ClockFrame& from, const ClockFrame& to, bool before) {
    if (isUntrusted(from.compared) != isUntrusted(to.compared)) return before;
    const auto passed = to.compared.wall - from.compared.wall;
    if (passed < kTellsStanding) return before;
    return passed + difference(to) - difference(from) < passed / 2;
}

ClockFrame shifted(ClockFrame frame, Duration step, ClockTrust trust) {
    frame.ahead -= chr::round<milliseconds>(step);
    frame.compared.wall += step;
    frame.compared.trust = trust;
    return frame;
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

v1::DeviceClock toMessage(const ClockFrame& frame) {
    v1::DeviceClock message;
    message.set_ahead_ms(frame.ahead.count());
    toStamp(frame.compared, *message.mutable_compared());
    return message;
}

/// The same in the time that the hub knows now, if it did not know it in this boot before.
DeviceClock DeviceClock::inTimeOf(const Moment& now) const {
    auto known = *this;
    const bool isNews = current_ && isUntrusted(current_->compared) && !isUntrusted(now) &&
                        current_->compared.boot == now.boot;
    if (!isNews) return known;
    const auto step = startBy(now) - startBy(current_->compared);
    if (changed_ && *changed_ != kLongAgo) *known.changed_ += step;
    if (earlier_ && !isTrusted(earlier_)) known.earlier_ = shifted(*earlier_, step, now.trust);
    known.current_ = shifted(*current_, step, now.trust);
    return known;
}

void DeviceClock::compare(const ClockFrame& frame) {
    *this = inTimeOf(frame.compared);
    const bool begun = std::exchange(setting_, false);
    if (!current_) {
        current_ = frame;
        return;
    }
    const auto moved = difference(frame) - difference(*current_);
    // Better by far: not by its drift.
    const bool isSet = begun && chr::abs(frame.ahead) < chr::abs(current_->ahead) / 2;
    // To a hub that is behind a device seems further ahead than it is, never less.
    const bool provesNothing =
        isTrusted(current_) && isUntrusted(frame.compared) && moved >= -kJump;
    if (provesNothing && !isSet) return;
    if (!isSet) standing_ = standsStill(*current_, frame, standing_);
    if (chr::abs(moved) > (isSet ? kAgrees : kJump)) {
        earlier_ = current_;
        const bool sameTime = isUntrusted(current_->compared) == isUntrusted(frame.compared);
        changed_ = sameTime ? current_->compared.wall : kLongAgo;
        changedByHub_ = isSet;
    }
    current_ = frame;
}

void DeviceClock::setByHub(const ClockFrame& frame) {
    *this = inTimeOf(frame.compared);
    earlier_ = current_;
    changed_ = frame.compared.wall;
    changedByHub_ = true;
    setting_ = false;
    current_ = frame;
}

const ClockFrame* DeviceClock::frameOf(const LocalDateTime& said, const Moment& received) const {
    const auto usable = [&](const std::optional<ClockFrame>& frame) {
        return frame && (isTrusted(frame) || isUntrusted(received));
    };
    if (!usable(current_)) return nullptr;
    if (!changed_) return &*current_;
    // A comparison of better days says nothing of what this hub takes for the future.
    const bool judged = isUntrusted(current_->compared) == isUntrusted(received);
    const auto now = judged ? milli(received.wall) + kAgrees : MilliTime::max();
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
    return inTimeOf(received).placeDate(*said, received, zone);
}

MeasuredTime DeviceClock::placeDate(const LocalDateTime& said, const Moment& received,
                                    const TimeZone& zone) const {
    const auto* frame = frameOf(said, received);
    if (frame == nullptr) return placeUncompared(said, received, zone);

    const bool agrees = chr::abs(frame->ahead) <= kAgrees;
    const auto at = agrees ? followingZone(said, frame->zoneOffset, zone) : inFrame(said, *frame);
    const bool judged = isUntrusted(frame->compared) == isUntrusted(received);
    if (auto fault = momentFault(at, received, judged)) {
        return asReceived(received, messageOf(*frame), *fault);
    }
    return {WallTime{at}, agrees ? v1::TIME_DEVICE : v1::TIME_CORRECTED, messageOf(*frame)};
}

v1::DeviceClock DeviceClock::messageOf(const ClockFrame& frame) const {
    auto message = toMessage(frame);
    message.set_set_after(changedByHub_ && earlier_ && &frame == &*earlier_);
    return message;
}

std::optional<v1::DeviceClock> DeviceClock::message() const {
    if (!current_) return std::nullopt;
    return messageOf(*current_);
}

std::string DeviceClock::bookmark() const {
    if (!current_) return {};
    auto text = frameText(*current_);
    if (changed_) {
        const auto since = milli(*changed_).time_since_epoch().count();
        text += fmt::format(" {} {}", since, changedByHub_ ? 1 : 0);
        if (earlier_) text += " " + frameText(*earlier_);
    }
    if (setting_) text += " 1";
    return text;
}

DeviceClock DeviceClock::fromBookmark(std::string_view text, std::uint32_t boot) {
    // The frame, since when it holds and by whom, and the frame before. One number more: the hub
    // was about to set the clock.
    constexpr std::size_t kFrame = 6;
    constexpr std::size_t kChanged = kFrame + 2;
    constexpr std::size_t kBoth = kChanged + kFrame;
    DeviceClock clock;
    auto from = numbers(text);
    const bool setting = from.size() % 2 != 0 && from.back() == 1;
    if (setting) from.pop_back();
    if (from.size() != kFrame && from.size() != kChanged && from.size() != kBoth) return clock;
    clock.current_ = frameFrom(from, 0);
    if (from.size() >= kChanged) {
        clock.changed_ = WallTime{MilliTime{milliseconds{from[kFrame]}}};
        clock.changedByHub_ = from[kFrame + 1] != 0;
    }
    if (from.size() == kBoth) clock.earlier_ = frameFrom(from, kChanged);
    clock.setting_ = setting;
    if (isWorthless(clock.earlier_, boot)) clock.earlier_.reset();
    if (!isWorthless(clock.current_, boot)) return clock;
    DeviceClock before;
    before.current_ = clock.earlier_;
    return before;
}

bool shouldSetClock(std::optional<milliseconds> ahead, std::optional<Duration> limit,
                    const Moment& now) {
    if (!limit || now.wall < kHubIsRight) return false;
    if (isUntrusted(now)) return ahead && *ahead < -std::max<Duration>(*limit, kUntrustedHub);
    return !ahead || chr::abs(*ahead) > *limit;
}

}  // namespace vitalgate::session
