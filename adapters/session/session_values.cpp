#include "adapters/session/session.hpp"

// The part of a conversation that takes values, to the end of the connection.
namespace vitalgate::session {

namespace {

/// What is committed as one at the end of a conversation: far below what the store takes at once.
constexpr std::size_t kMostDrained = 1000;

}  // namespace

/// Takes values until no more come, and gives the reason.
asio::awaitable<Error> Session::collect(Duration patience) {
    auto idleEnd = clock_.steady() + patience;
    for (;;) {
        if (commands_.areWaiting()) {
            const auto ran = co_await commands_.run();
            if (!ran) co_return ran.error();
            idleEnd = clock_.steady() + patience;
        }
        if (!draining_ && records_.takeMissed()) {
            const auto fetched = co_await records_.fetch();
            if (broken_) co_return *broken_;
            if (!fetched) log_.warning("fetch records: {}", fetched.error().message);
        }
        const auto limit = waitUntil(idleEnd);
        auto value = co_await link_->nextValue(limit);
        const auto now = clock_.steady();
        const bool isOver = !value && (value.error().kind != ErrorKind::timedOut || now >= idleEnd);
        Status kept;
        if (value) {
            idleEnd = now + patience;
            kept = co_await take(std::move(*value));
        } else {
            // What was gathered is kept before the end, whatever the reason.
            kept = co_await keepDue(isOver && draining_);
        }
        if (!kept) co_return kept.error();
        if (isOver) co_return value.error();
    }
}

/// Until the end of patience, or until something that was gathered is due.
Duration Session::waitUntil(SteadyTime idleEnd) const {
    auto until = idleEnd;
    if (const auto due = gathering_.nextDue()) until = std::min(until, *due);
    return std::max(until - clock_.steady(), Duration::zero());
}

/// An error ends the conversation.
asio::awaitable<Status> Session::take(Value value) {
    controlPoints_.takeLate(value.handle);
    const bool isAsked = records_.isUnderWay();
    const bool goesOn = co_await flood_.pass(isAsked);
    const auto kept = co_await keep(std::move(value));
    if (!kept) co_return kept;
    if (goesOn) co_return Status{};
    reason_ = v1::DISCONNECT_FLOOD;
    const auto rate = options_.limits.valuesPerSecond;
    broken_ = Error{ErrorKind::full, fmt::format("it sends more than {} values a second", rate)};
    co_return std::unexpected(*broken_);
}

/// What is still queued or gathered after a commit has failed is lost, and has to be told.
asio::awaitable<void> Session::countUnkept() {
    if (commitFailed_) unkept_ += std::exchange(pending_, 0);
    while (commitFailed_) {
        const auto value = co_await link_->nextValue(Duration::zero());
        if (!value) break;
        ++unkept_;
    }
    if (unkept_ > 0) log_.error("{} values could not be kept", unkept_);
}

UnsettledValues Session::unsettled() const {
    return {given_, pending_ - given_ + link_->waitingValues()};
}

AssemblyContext Session::context() const {
    return AssemblyContext{settings_,
                           people_.subjects(),
                           options_,
                           database_,
                           clocks_.clock(),
                           clocks_.zone(),
                           connected_,
                           link_->security(),
                           link_->adapterName(),
                           link_->rssiDbm(),
                           std::string(information_.quirk().name),
                           glucose_.start(),
                           glucose_.clock(),
                           glucose_.zone()};
}

asio::awaitable<Status> Session::keep(Value part) {
    if (!isAskedFor(context(), part)) co_return Status{};
    if (const auto begun = gathering_.cutShortBy(part)) {
        const auto told = co_await keepWhole(*begun);
        if (!told) co_return told;
    }
    const auto whole = gathering_.joined(part);
    if (!whole && whole.error().kind == ErrorKind::unavailable) co_return Status{};
    // What cannot be joined is told with its octets, as any other value that cannot be decoded.
    const auto& value = whole ? *whole : part;
    co_return co_await keepWhole(value);
}

asio::awaitable<Status> Session::keepWhole(Value value) {
    const auto known = context();
    Append append;
    if (settings_.requireBond && known.security < v1::LINK_ENCRYPTED) {
        append.events.push_back(refusedEvent(known, value, v1::REFUSED_NOT_ENCRYPTED,
                                             "value refused: the link is not encrypted"));
        if (!unencryptedTold_) append.events.push_back(unencryptedEvent(value));
        unencryptedTold_ = true;
    } else {
        auto decoded = decode(known, value);
        if (!records_.isUnderWay() && glucose_.isAnother(value, decoded.records)) {
            const auto opened = co_await glucose_.openAnew();
            if (!opened) log_.warning("session start: {}", opened.error().message);
            decoded = decode(context(), value);
        }
        const bool isNothing =
            decoded.pieces.empty() && decoded.events.empty() && decoded.refusals.empty();
        if (isNothing) co_return Status{};
        records_.note(value, decoded.records);
        const auto pieces = gathering_.take(decoded);
        append = appendOf(context(), pieces, std::move(decoded));
    }
    ++values_;
    ++pending_;
    if (!draining_) co_return co_await commit(append);
    addTo(drained_, std::move(append));
    const auto rows = drained_.readings.size() + drained_.events.size() + drained_.refusals.size();
    if (rows < kMostDrained) co_return Status{};
    const Append nothingMore;
    co_return co_await commit(nothingMore);
}

/// What has waited long enough, or all of it.
asio::awaitable<Status> Session::keepDue(bool all) {
    const auto due = gathering_.giveDue(all);
    const auto append = appendOf(context(), due);
    co_return co_await commit(append);
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
