#include "adapters/session/clock_synchronisation.hpp"

#include "adapters/profiles/device_time.hpp"
#include "adapters/profiles/elapsed_time.hpp"
#include "adapters/session/clock_formats.hpp"

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

asio::awaitable<Status> ClockSynchronisation::recall() {
    const auto text = co_await exchange_.recallText("clock-offset");
    if (!text) co_return std::unexpected(text.error());
    clock_ = DeviceClock::fromBookmark(*text, shared_.clock.now().boot);
    co_return Status{};
}

asio::awaitable<Status> ClockSynchronisation::compare() {
    const auto clock = shared_.database.clock();
    const auto target = shared_.database.settableClock();
    const bool settable = shared_.settings.setClock && target;
    shared_.descriptor.set_clock_settable(settable);

    std::optional<ClockFrame> compared;
    if (clock) {
        const auto shown = co_await read(*clock);
        if (!shown && endsConversation(shown.error())) co_return std::unexpected(shown.error());
        if (!shown) shared_.log.info("clock not read: {}", shown.error().message);
        if (shown && calendarFault(shown->time)) shared_.log.info("clock is not set");
        if (shown && !calendarFault(shown->time)) {
            compared = compareWith(*shown);
            clock_.compare(*compared);
            shared_.log.debug("clock is {} s ahead", wholeSeconds(compared->ahead));
            exchange_.describe();
        }
    }
    const auto ahead = compared ? std::optional(compared->ahead) : std::nullopt;
    if (!settable || !shouldSetClock(ahead, shared_.options.setDeviceClocks, shared_.clock.now())) {
        co_return Status{};
    }
    co_return co_await set(*target, compared);
}

asio::awaitable<Status> ClockSynchronisation::setNow() {
    std::optional<ClockFrame> compared;
    if (const auto clock = shared_.database.clock()) {
        const auto shown = co_await read(*clock);
        if (!shown && endsConversation(shown.error())) co_return std::unexpected(shown.error());
        if (shown && !calendarFault(shown->time)) {
            compared = compareWith(*shown);
            clock_.compare(*compared);
        }
    }
    // Whoever commands it wants it exact; but a hub that does not know the time gives none away.
    const auto ahead = compared ? std::optional(compared->ahead) : std::nullopt;
    const auto now = shared_.clock.now();
    const bool isCertain = now.trust != ClockTrust::unsynchronised;
    if (!isCertain && !shouldSetClock(ahead, Duration::zero(), now))
        co_return fail(ErrorKind::unavailable, "the hub does not know the time itself");
    const auto target = shared_.database.settableClock();
    const auto done = co_await set(*target, compared);
    if (!done) co_return done;
    if (notSet_) co_return std::unexpected(*notSet_);
    co_return Status{};
}

/// What the device says of its zone holds until its clock shows the configured one's time: people
/// set the clock that they see, and leave the zone as it came from the factory.
ClockFrame ClockSynchronisation::compareWith(const profiles::CurrentTime& shown) {
    const auto now = shared_.clock.now();
    const auto own = frameOf(shown, now, zone_);
    const auto configured = frameOf(shown, now, shared_.options.zone);
    if (std::chrono::abs(own.ahead) <= kSameZone ||
        std::chrono::abs(configured.ahead) > kSameZone) {
        return own;
    }
    zone_ = shared_.options.zone;
    return configured;
}

void ClockSynchronisation::takeZone(ByteView localTimeInformation) {
    const auto ahead = profiles::decodeLocalOffset(localTimeInformation);
    if (ahead && shared_.options.zone.offset(shared_.clock.wall()) != *ahead)
        zone_ = TimeZone::fixed(*ahead);
}

asio::awaitable<Result<profiles::CurrentTime>> ClockSynchronisation::read(Endpoint clock) {
    const auto value = co_await shared_.calls.read(clock.characteristic);
    if (!value) co_return std::unexpected(value.error());
    co_return decodeClock(clock.spec->uuid, *value, shared_.database,
                          zone_.offset(shared_.clock.wall()));
}

/// `compared`: what the clock showed just now, if it was read. What is known of the clock is
/// committed before it is set: the measurements that the device has stored bear that time, and the
/// connection may end at any moment.
asio::awaitable<Status> ClockSynchronisation::set(Endpoint clock,
                                                  std::optional<ClockFrame> compared) {
    notSet_.reset();
    clock_.aboutToSet();
    if (clock_.current()) {
        Append knownOfClock;  // commit() adds it
        const auto kept = co_await exchange_.commit(knownOfClock);
        if (!kept) co_return kept;
    }
    // The zone of the people who see it, whatever the device takes for its own.
    zone_ = shared_.options.zone;
    const auto written = co_await write(clock);
    if (!written && endsConversation(written.error())) co_return written;

    const auto taken = co_await verify(written);
    if (!taken) co_return std::unexpected(taken.error());
    if (!*taken) {
        notSet_ =
            written ? Error{ErrorKind::refused, "the device shows another time"} : written.error();
        shared_.log.warning("clock not set: {}", notSet_->message);
        exchange_.describe();
        co_return Status{};
    }
    shared_.log.info("clock set");
    exchange_.describe();
    Append append;
    append.events.push_back(
        setEvent(compared ? std::optional(toMessage(*compared)) : std::nullopt));
    co_return co_await exchange_.commit(append);
}

/// By the means of the clock's own profile.
asio::awaitable<Status> ClockSynchronisation::write(Endpoint clock) {
    const auto uuid = clock.spec->uuid;
    if (uuid == profiles::kDeviceTimeControlPoint) co_return co_await propose(clock);
    Bytes shown;
    if (uuid == profiles::kCurrentElapsedTime) {
        const auto read = co_await shared_.calls.read(clock.characteristic);
        if (!read) co_return std::unexpected(read.error());
        shown = *read;
    }
    auto value = encodeClock(uuid, shared_.clock.wall(), zone_, shown);
    if (!value) co_return std::unexpected(value.error());
    co_return co_await shared_.calls.write(clock.characteristic, std::move(*value));
}

/// A clock of the Device Time Service is asked, and may say no.
asio::awaitable<Status> ClockSynchronisation::propose(Endpoint controlPoint) {
    auto request = timeProposal(shared_.database, shared_.clock.wall(), zone_);
    if (!request) co_return std::unexpected(request.error());
    const auto value = co_await controlPoints_.ask(controlPoint, std::move(*request), isTimeAnswer);
    if (!value) co_return std::unexpected(value.error());
    co_return proposalTaken(*value, shared_.database);
}

/// Reads the clock again: a refusal may mean that only a part of the value was not taken (error
/// 0x80 of the Current Time Service), and success need not mean that it was. Whatever it shows now
/// is what measurements bear from now on.
asio::awaitable<Result<bool>> ClockSynchronisation::verify(Status written) {
    const ClockFrame exact{{}, zone_.offset(shared_.clock.wall()), shared_.clock.now()};
    const auto clock = shared_.database.clock();
    if (clock) {
        const auto shown = co_await read(*clock);
        if (!shown && endsConversation(shown.error())) co_return std::unexpected(shown.error());
        if (shown && calendarFault(shown->time)) co_return false;
        if (shown) {
            const auto frame = frameOf(*shown, shared_.clock.now(), zone_);
            const auto limit = shared_.options.setDeviceClocks.value_or(kNearEnough);
            const bool taken = std::chrono::abs(frame.ahead) <= limit;
            if (taken) clock_.setByHub(frame);
            if (!taken) clock_.compare(frame);
            co_return taken;
        }
    }
    if (written) clock_.setByHub(exact);
    co_return written.has_value();
}

v1::Event ClockSynchronisation::setEvent(const std::optional<v1::DeviceClock>& before) const {
    v1::Event event;
    toStamp(shared_.clock.now(), *event.mutable_occurred());
    event.set_severity(v1::SEVERITY_INFO);
    event.set_device(shared_.settings.id);
    event.set_text("the hub has set the device's clock");
    auto& change = *event.mutable_clock();
    if (before) {
        change.set_step_ms(-before->ahead_ms());
        *change.mutable_device_clock() = *before;
    }
    change.mutable_device_clock()->set_set_after(true);
    return event;
}

Bookmarks ClockSynchronisation::bookmarks() const {
    Bookmarks all;
    all["clock-offset"] = clock_.bookmark();
    return all;
}

}  // namespace vitalgate::session
