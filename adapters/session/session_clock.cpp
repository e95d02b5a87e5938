#include "adapters/profiles/device_time.hpp"
#include "adapters/profiles/elapsed_time.hpp"
#include "adapters/session/clock_formats.hpp"
#include "adapters/session/session.hpp"

// The part of a conversation that reads and sets the device's clock.
namespace vitalgate::session {

namespace {

/// Of a clock that is set by a command where the configuration leaves clocks alone.
constexpr Duration kNearEnough = std::chrono::seconds{30};

/// Half of the least step between two zones.
constexpr std::chrono::milliseconds kSameZone = std::chrono::minutes{7};

ClockFrame frameOf(const profiles::CurrentTime& shown, const Moment& now, const TimeZone& zone) {
    const auto fraction = Duration{std::chrono::seconds{1}} * shown.fraction256 / 256;
    return compareClocks(toLocal(shown.time) + fraction, now, zone);
}

std::int64_t wholeSeconds(std::chrono::milliseconds time) {
    return std::chrono::round<std::chrono::seconds>(time).count();
}

}  // namespace

asio::awaitable<Status> Session::compareClock() {
    const auto clock = database_.clock();
    const auto target = database_.settableClock();
    const bool settable = settings_.setClock && target;
    descriptor_.set_clock_settable(settable);

    std::optional<ClockFrame> compared;
    if (clock) {
        const auto shown = co_await readClock(*clock);
        if (!shown && endsConversation(shown.error())) co_return std::unexpected(shown.error());
        if (!shown) log_.info("clock not read: {}", shown.error().message);
        if (shown && calendarFault(shown->time)) log_.info("clock is not set");
        if (shown && !calendarFault(shown->time)) {
            compared = compareWith(*shown);
            deviceClock_.compare(*compared);
            log_.debug("clock is {} s ahead", wholeSeconds(compared->ahead));
            describe();
        }
    }
    const auto ahead = compared ? std::optional(compared->ahead) : std::nullopt;
    if (!settable || !shouldSetClock(ahead, options_.setDeviceClocks, clock_.now())) {
        co_return Status{};
    }
    co_return co_await setClock(*target, compared);
}

/// What the device says of its zone holds until its clock shows the configured one's time: people
/// set the clock that they see, and leave the zone as it came from the factory.
ClockFrame Session::compareWith(const profiles::CurrentTime& shown) {
    const auto now = clock_.now();
    const auto own = frameOf(shown, now, zone_);
    const auto configured = frameOf(shown, now, options_.zone);
    if (std::chrono::abs(own.ahead) <= kSameZone ||
        std::chrono::abs(configured.ahead) > kSameZone) {
        return own;
    }
    zone_ = options_.zone;
    return configured;
}

/// A configured zone that agrees stays, for it knows summer and winter too.
void Session::takeZone(ByteView localTimeInformation) {
    const auto ahead = profiles::decodeLocalOffset(localTimeInformation);
    if (ahead && options_.zone.offset(clock_.wall()) != *ahead) zone_ = TimeZone::fixed(*ahead);
}

asio::awaitable<Result<profiles::CurrentTime>> Session::readClock(Endpoint clock) {
    const auto value = co_await calls_.read(clock.characteristic);
    if (!value) co_return std::unexpected(value.error());
    co_return decodeClock(clock.spec->uuid, *value, database_, zone_.offset(clock_.wall()));
}

/// `compared`: what the clock showed just now, if it was read. What is known of the clock is
/// committed before it is set: the measurements that the device has stored bear that time, and the
/// connection may end at any moment.
asio::awaitable<Status> Session::setClock(Endpoint clock, std::optional<ClockFrame> compared) {
    clockNotSet_.reset();
    deviceClock_.aboutToSet();
    if (deviceClock_.current()) {
        Append knownOfClock;  // commit() adds it
        const auto kept = co_await commit(knownOfClock);
        if (!kept) co_return kept;
    }
    // The zone of the people who see it, whatever the device takes for its own.
    zone_ = options_.zone;
    const auto written = co_await writeClock(clock);
    if (!written && endsConversation(written.error())) co_return written;

    const auto taken = co_await verifyClock(written);
    if (!taken) co_return std::unexpected(taken.error());
    if (!*taken) {
        clockNotSet_ =
            written ? Error{ErrorKind::refused, "the device shows another time"} : written.error();
        log_.warning("clock not set: {}", clockNotSet_->message);
        describe();
        co_return Status{};
    }
    log_.info("clock set");
    describe();
    Append append;
    append.events.push_back(
        clockEvent(compared ? std::optional(toMessage(*compared)) : std::nullopt));
    co_return co_await commit(append);
}

/// By the means of the clock's own profile.
asio::awaitable<Status> Session::writeClock(Endpoint clock) {
    const auto uuid = clock.spec->uuid;
    if (uuid == profiles::kDeviceTimeControlPoint) co_return co_await proposeTime(clock);
    Bytes shown;
    if (uuid == profiles::kCurrentElapsedTime) {
        const auto read = co_await calls_.read(clock.characteristic);
        if (!read) co_return std::unexpected(read.error());
        shown = *read;
    }
    auto value = encodeClock(uuid, clock_.wall(), zone_, shown);
    if (!value) co_return std::unexpected(value.error());
    co_return co_await calls_.write(clock.characteristic, std::move(*value));
}

/// A clock of the Device Time Service is asked, and may say no.
asio::awaitable<Status> Session::proposeTime(Endpoint controlPoint) {
    auto request = timeProposal(database_, clock_.wall(), zone_);
    if (!request) co_return std::unexpected(request.error());
    const auto value = co_await ask(controlPoint, std::move(*request), isTimeAnswer);
    if (!value) co_return std::unexpected(value.error());
    co_return proposalTaken(*value, database_);
}

/// Reads the clock again: a refusal may mean that only a part of the value was not taken (error
/// 0x80 of the Current Time Service), and success need not mean that it was. Whatever it shows now
/// is what measurements bear from now on.
asio::awaitable<Result<bool>> Session::verifyClock(Status written) {
    const ClockFrame exact{{}, zone_.offset(clock_.wall()), clock_.now()};
    const auto clock = database_.clock();
    if (clock) {
        const auto shown = co_await readClock(*clock);
        if (!shown && endsConversation(shown.error())) co_return std::unexpected(shown.error());
        if (shown && calendarFault(shown->time)) co_return false;
        if (shown) {
            const auto frame = frameOf(*shown, clock_.now(), zone_);
            const auto limit = options_.setDeviceClocks.value_or(kNearEnough);
            const bool taken = std::chrono::abs(frame.ahead) <= limit;
            if (taken) deviceClock_.setByHub(frame);
            if (!taken) deviceClock_.compare(frame);
            co_return taken;
        }
    }
    if (written) deviceClock_.setByHub(exact);
    co_return written.has_value();
}

v1::Event Session::clockEvent(const std::optional<v1::DeviceClock>& before) const {
    v1::Event event;
    toStamp(clock_.now(), *event.mutable_occurred());
    event.set_severity(v1::SEVERITY_INFO);
    event.set_device(settings_.id);
    event.set_text("the hub has set the device's clock");
    auto& change = *event.mutable_clock();
    if (before) {
        change.set_step_ms(-before->ahead_ms());
        *change.mutable_device_clock() = *before;
    }
    change.mutable_device_clock()->set_set_after(true);
    return event;
}

}  // namespace vitalgate::session
