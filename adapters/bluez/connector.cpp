#include "adapters/bluez/connector.hpp"

#include <algorithm>

#include "adapters/bluez/errors.hpp"

namespace vitalgate::bluez {

Connector::Connector(ConnectorActions& actions, Duration limit, Clock& clock, Log log)
    : actions_(actions), limit_(limit), clock_(clock), log_(std::move(log)) {}

void Connector::want(BluetoothAddress address, SteadyTime since) {
    auto& candidate = candidates_[address];
    const auto now = clock_.steady();
    candidate.seen = now;
    if (!candidate.queued) {
        candidate.queued = true;
        candidate.ready = std::max({candidate.ready, now, since + kAfterDiscovery});
    }
    step();
}

void Connector::forget(BluetoothAddress address) {
    if (!isTrying(address)) candidates_.erase(address);
}

bool Connector::isTrying(BluetoothAddress address) const {
    return attempt_ && attempt_->address == address;
}

int Connector::failures(BluetoothAddress address) const {
    const auto found = candidates_.find(address);
    return found == candidates_.end() ? 0 : found->second.failures;
}

void Connector::step() {
    if (attempt_) return;
    const auto now = clock_.steady();
    std::optional<BluetoothAddress> first;
    for (auto& [address, candidate] : candidates_) {
        const auto silent = now - candidate.seen;
        if (silent > kWaited) candidate.queued = false;
        if (!candidate.queued || silent > kHeard) continue;
        if (!first || candidate.ready < candidates_[*first].ready) first = address;
    }
    if (!first) return;
    const auto ready = candidates_[*first].ready;
    if (ready <= now) {
        begin(*first);
    } else {
        next_ = clock_.after(ready - now, [this] { step(); });
    }
}

void Connector::begin(BluetoothAddress address) {
    const auto number = ++attempts_;
    attempt_ = Attempt{address, Phase::pausing, number};
    std::weak_ptr<bool> alive = alive_;
    timeout_ = clock_.after(kPauseLimit, [this, number] { connect(number); });
    actions_.pauseDiscovery([this, alive, number] {
        if (!alive.expired()) connect(number);
    });
}

void Connector::connect(std::uint64_t number) {
    if (!attempt_ || attempt_->number != number || attempt_->phase != Phase::pausing) return;
    const auto address = attempt_->address;
    if (actions_.isConnected(address)) {
        succeed();
        return;
    }
    attempt_->phase = Phase::connecting;
    const auto limit = attemptLimit(address);
    timeout_ = clock_.after(limit, [this, limit] { onTimeout(limit); });
    std::weak_ptr<bool> alive = alive_;
    const auto longer = limit + kAfterReply;
    actions_.connect(address, longer, [this, alive, number](const dbus::Reply& reply) {
        if (!alive.expired()) onReply(number, reply);
    });
}

void Connector::onReply(std::uint64_t number, const dbus::Reply& reply) {
    if (!attempt_ || attempt_->number != number || attempt_->phase != Phase::connecting) return;
    if (reply) return await("BlueZ reports a connection that is not there");
    if (isInProgress(reply.error())) return;  // BlueZ is at it already
    // To be tried again after the disconnect event, not before it.
    if (isAborted(reply.error())) return await("the connection attempt was aborted");
    giveUp(toError(reply.error()));
}

/// BlueZ's answer decides nothing: Connected does, or that it does not come.
void Connector::await(const char* what) {
    attempt_->phase = Phase::answered;
    timeout_ = clock_.after(kAfterReply, [this, what] {
        // If there is a link after all, nobody would ever use it: a connected device is silent.
        actions_.disconnect(attempt_->address);
        giveUp(Error{ErrorKind::disconnected, what});
    });
}

Duration Connector::attemptLimit(BluetoothAddress address) const {
    return std::min<Duration>(limit_, kFirstLimit * (1 << std::min(failures(address), 6)));
}

void Connector::onTimeout(Duration limit) {
    actions_.disconnect(attempt_->address);
    giveUp(
        Error{ErrorKind::timedOut, fmt::format("no connection within {}", formatDuration(limit))});
}

void Connector::onConnected(BluetoothAddress address) {
    auto found = candidates_.find(address);
    if (found != candidates_.end()) {
        found->second.queued = false;
        found->second.failures = 0;
        found->second.ready = SteadyTime{};
    }
    if (isTrying(address)) succeed();
}

void Connector::onDisconnected(BluetoothAddress address) {
    if (isTrying(address) && attempt_->phase == Phase::answered)
        giveUp(Error{ErrorKind::disconnected, "the connection attempt was aborted"});
}

void Connector::succeed() {
    auto& candidate = candidates_[attempt_->address];
    candidate.queued = false;
    candidate.failures = 0;
    finish();
}

void Connector::giveUp(Error why) {
    const auto address = attempt_->address;
    auto& candidate = candidates_[address];
    const auto doublings = std::min(candidate.failures++, 6);
    const auto pause = std::min<Duration>(kFirstPause * (1 << doublings), kLongestPause);
    candidate.ready = clock_.steady() + pause;
    // BlueZ has let go of it: it is looked for again, and found by its address.
    if (why.kind == ErrorKind::notFound) candidate.queued = false;
    log_.info("{}; next attempt in {}", why.message, formatDuration(pause));
    finish();
    actions_.onFailed(address, why);
}

void Connector::finish() {
    attempt_.reset();
    timeout_.cancel();
    actions_.resumeDiscovery();
    step();
}

}  // namespace vitalgate::bluez
