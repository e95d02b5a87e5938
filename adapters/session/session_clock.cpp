#include "adapters/profiles/date_time.hpp"
#include "adapters/session/session.hpp"

// The part of a conversation that reads and sets the device's clock.
namespace vitalgate::session {

namespace {

constexpr std::uint16_t kCurrentTime = 0x2A2B;

Result<profiles::CurrentTime> decodeClock(std::uint16_t characteristic, ByteView value) {
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

Bytes encodeClock(std::uint16_t characteristic, std::chrono::local_time<Duration> local) {
    const auto time = profiles::currentTimeAt(local, profiles::kAdjustedFromReference);
    return characteristic == kCurrentTime ? profiles::encodeCurrentTime(time)
                                          : profiles::encodeDateTime(time.time);
}

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
    if (!clock) co_return Status{};
    const bool settable = settings_.setClock && clock->characteristic.canWrite;
    descriptor_.set_clock_settable(settable);

    std::optional<std::chrono::milliseconds> ahead;
    if (clock->characteristic.canRead) {
        const auto shown = co_await readClock(*clock);
        if (!shown && endsConversation(shown.error())) co_return std::unexpected(shown.error());
        if (!shown) log_.info("clock not read: {}", shown.error().message);
        if (shown && calendarFault(shown->time)) log_.info("clock is not set");
        if (shown && !calendarFault(shown->time)) {
            deviceClock_.compare(frameOf(*shown, clock_.now(), options_.zone));
            ahead = deviceClock_.current()->ahead;
            log_.debug("clock is {} s ahead", wholeSeconds(*ahead));
            describe();
        }
    }
    if (!settable || !shouldSetClock(ahead, options_.setDeviceClocks, clock_.now())) {
        co_return Status{};
    }
    co_return co_await setClock(*clock, ahead.has_value());
}

asio::awaitable<Result<profiles::CurrentTime>> Session::readClock(Endpoint clock) {
    const auto value = co_await calls_.read(clock.characteristic);
    if (!value) co_return std::unexpected(value.error());
    co_return decodeClock(clock.spec->uuid, *value);
}

/// `compared`: the clock was read just now; else what is remembered of it says nothing of the step.
asio::awaitable<Status> Session::setClock(Endpoint clock, bool compared) {
    const auto before = compared ? deviceClock_.message() : std::nullopt;
    const auto local = options_.zone.toLocal(clock_.wall());
    const auto value = encodeClock(clock.spec->uuid, local);
    const auto written = co_await calls_.write(clock.characteristic, value);
    if (!written && endsConversation(written.error())) co_return written;

    const auto taken = co_await verifyClock(clock, written);
    if (!taken) co_return std::unexpected(taken.error());
    if (!*taken) {
        log_.warning("clock not set: {}",
                     written ? "the device shows another time" : written.error().message);
        co_return Status{};
    }
    log_.info("clock set");
    describe();
    Append append;
    append.events.push_back(clockEvent(before));
    co_return co_await commit(append);
}

/// Reads the clock again: a refusal may mean that only a part of the value was not taken (error
/// 0x80 of the Current Time Service), and success need not mean that it was.
asio::awaitable<Result<bool>> Session::verifyClock(Endpoint clock, Status written) {
    const ClockFrame exact{{}, options_.zone.offset(clock_.wall()), clock_.now()};
    if (clock.characteristic.canRead) {
        const auto shown = co_await readClock(clock);
        if (!shown && endsConversation(shown.error())) {
            if (written) deviceClock_.setByHub(exact);
            co_return std::unexpected(shown.error());
        }
        if (shown && calendarFault(shown->time)) co_return false;
        if (shown) {
            const auto frame = frameOf(*shown, clock_.now(), options_.zone);
            const bool taken = !shouldSetClock(frame.ahead, options_.setDeviceClocks, clock_.now());
            if (taken) deviceClock_.setByHub(frame);
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
