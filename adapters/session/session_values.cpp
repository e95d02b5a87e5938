#include "adapters/session/assembler.hpp"
#include "adapters/session/descriptor.hpp"
#include "adapters/session/session.hpp"

// The part of a conversation that takes values, to the end of the connection.
namespace vitalgate::session {

namespace {

/// How exactly the time of the last reading is remembered: a strap's readings come every second.
constexpr Duration kMarkEvery = std::chrono::seconds{10};

}  // namespace

/// Takes values until no more come, and gives the reason.
asio::awaitable<Error> Session::collect(Duration patience) {
    for (;;) {
        auto value = co_await link_->nextValue(patience);
        if (!value) co_return value.error();
        const bool goesOn = co_await throttle();
        const auto kept = co_await keep(std::move(*value));
        if (!kept) {
            ++unkept_;
            co_return kept.error();
        }
        if (!goesOn) {
            reason_ = v1::DISCONNECT_FLOOD;
            const auto rate = options_.limits.valuesPerSecond;
            Error why{ErrorKind::full, fmt::format("it sends more than {} values a second", rate)};
            co_return why;
        }
    }
}

/// What is still queued after a commit has failed is lost, and has to be told.
asio::awaitable<void> Session::countUnkept() {
    while (unkept_ > 0) {
        const auto value = co_await link_->nextValue(Duration::zero());
        if (!value) break;
        ++unkept_;
    }
    if (unkept_ > 0) log_.error("{} values could not be kept", unkept_);
}

/// False if the device has been too fast for too long.
asio::awaitable<bool> Session::throttle() {
    const auto wait = bucket_.take(clock_.steady());
    if (draining_) co_return true;
    throttled_ = wait == Duration::zero() ? 0 : throttled_ + 1;
    if (throttled_ > options_.limits.throttledValues) co_return false;
    if (wait > Duration::zero()) {
        pause_ = Answer<std::monostate>();
        co_await pause_.wait(clock_, wait);
    }
    co_return true;
}

asio::awaitable<Status> Session::keep(Value value) {
    const AssemblyContext context{settings_,
                                  options_,
                                  database_,
                                  deviceClock_,
                                  zone_,
                                  connected_,
                                  link_->security(),
                                  link_->adapterName(),
                                  link_->rssiDbm(),
                                  std::string(quirk_->name)};
    if (!isAskedFor(context, value)) co_return Status{};
    Append append;
    if (settings_.requireBond && context.security < v1::LINK_ENCRYPTED) {
        append.events.push_back(refusedEvent(context, value, v1::REFUSED_NOT_ENCRYPTED,
                                             "value refused: the link is not encrypted"));
        if (!unencryptedTold_) append.events.push_back(unencryptedEvent(value));
        unencryptedTold_ = true;
    } else {
        append = assemble(context, value);
    }
    if (append.readings.empty() && append.events.empty()) co_return Status{};
    ++values_;
    bool newMeasures = false;
    for (const auto& made : append.readings) {
        newMeasures = describeMeasures(made.reading, descriptor_) || newMeasures;
    }
    const auto kept = co_await commit(append);
    if (kept && newMeasures) describe();
    co_return kept;
}

asio::awaitable<Status> Session::commit(Append what) {
    const auto bookmark = deviceClock_.bookmark();
    if (!bookmark.empty() && bookmark != remembered_) {
        what.bookmarks.push_back({settings_.id, "clock-offset", bookmark});
    }
    const auto readings = what.readings.size();
    const auto now = clock_.now();
    const bool isMarked = readings > 0 && (!lastMarked_ || now.uptime - *lastMarked_ >= kMarkEvery);
    if (isMarked) what.bookmarks.push_back({settings_.id, "last-reading", formatUtc(now.wall)});
    const auto accepted = co_await sink_.append(what);
    if (!accepted) co_return failIn("keep values", accepted);
    remembered_ = bookmark;
    if (isMarked) lastMarked_ = now.uptime;
    if (accepted->duplicates < readings) lastReading_ = now;
    if (accepted->duplicates > 0) log_.debug("a value was known already");
    co_return Status{};
}

v1::Event Session::unencryptedEvent(const Value& value) const {
    v1::Event event;
    toStamp(value.received, *event.mutable_occurred());
    event.set_severity(v1::SEVERITY_ALARM);
    event.set_device(settings_.id);
    event.set_text("the device sends values over a link that is not encrypted");
    event.mutable_security()->set_kind(v1::SECURITY_UNENCRYPTED_VALUE);
    event.mutable_security()->set_peer(settings_.id);
    event.mutable_security()->set_times(1);
    return event;
}

}  // namespace vitalgate::session
