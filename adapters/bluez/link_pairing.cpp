#include "adapters/bluez/link.hpp"
#include "adapters/bluez/names.hpp"

// The part of a link that makes a bond.

namespace vitalgate::bluez {

namespace {

constexpr Duration kCancelLimit = std::chrono::seconds{5};
constexpr Duration kRemoveLimit = std::chrono::seconds{5};

}  // namespace

asio::awaitable<Status> BluezLink::pair(Duration limit) {
    if (end_) co_return std::unexpected(*end_);
    if (isPairingByDevice()) {
        const auto ended = co_await awaitPairing(limit);
        if (!ended) co_return ended;
    }
    if (std::exchange(isNewlyBonded_, false)) co_return Status{};  // while something was refused
    const auto allowed = allowPairing();
    if (!allowed) co_return allowed;
    pairs_ = true;
    peer_.told(PairingOutcome::running);
    const auto reply = co_await callPair(limit);
    const auto use = agent_.closeWindow(peer_.path);
    pairs_ = false;
    co_return concludePairing(reply, use);
}

/// The device has begun a pairing, and its passkey was asked for.
bool BluezLink::isPairingByDevice() const {
    return !pairs_ && agent_.isOpenFor(peer_.path);
}

asio::awaitable<Status> BluezLink::awaitPairing(Duration limit) {
    const auto until = clock_.steady() + std::min(limit, agent_.left());
    while (!end_ && isPairingByDevice()) {
        const auto left = until - clock_.steady();
        if (left <= Duration::zero()) break;
        Answer<std::monostate> change;
        change_ = change;
        auto changed = co_await change.wait(clock_, left);
        change_.reset();
    }
    if (end_) co_return std::unexpected(*end_);
    if (!isPairingByDevice()) co_return Status{};
    concludeByDevice();
    co_return fail(ErrorKind::timedOut, "the pairing that the device has begun was not finished");
}

/// It came to nothing.
void BluezLink::concludeByDevice() {
    const auto use = agent_.closeWindow(peer_.path);
    if (!use.asked || stopped_) return;
    peer_.pairing->onRefused(clock_.steady());
    peer_.told(use.given ? PairingOutcome::passkeyRefused : PairingOutcome::passkeyUnreadable);
}

/// Opens the window if nothing stands against it.
Status BluezLink::allowPairing() {
    const auto view = deviceView(service_.tree(), peer_.path);
    if (view && view->paired) {
        peer_.told(PairingOutcome::peerForgot);
        return fail(
            ErrorKind::authentication,
            "the device has forgotten this hub: remove it with bluetoothctl and put it into "
            "pairing mode; the hub then pairs it anew");
    }
    const auto pause = peer_.pairing->pause(clock_.steady());
    if (pause > Duration::zero())
        return fail(ErrorKind::refused, "the device did not take its passkey: tried again in {}",
                    formatDuration(std::chrono::ceil<std::chrono::minutes>(pause)));
    auto opened = agent_.openWindow(peer_.path, peer_.pairing->passkey());
    if (!opened && opened.error().kind == ErrorKind::refused) peer_.told(PairingOutcome::byPolicy);
    if (!opened && opened.error().kind == ErrorKind::notFound) {
        peer_.told(PairingOutcome::noPasskey);
        opened.error().kind = ErrorKind::refused;
    }
    return opened;
}

asio::awaitable<Status> BluezLink::prepareAgent() {
    Answer<dbus::Values> answer;
    running_ = answer;
    agent_.prepare([answer](const Status& status) {
        Result<dbus::Values> result;
        if (!status) result = std::unexpected(status.error());
        answer.set(std::move(result));
    });
    const auto limit = kPrepareLimit + std::chrono::seconds{1};
    const auto ready = co_await answer.wait(clock_, limit);
    running_.reset();
    if (!ready) co_return failIn("register the pairing agent", ready);
    co_return Status{};
}

asio::awaitable<Result<dbus::Values>> BluezLink::callPair(Duration limit) {
    const auto ready = co_await prepareAgent();
    if (!ready) co_return std::unexpected(ready.error());
    const auto within = std::min(limit, agent_.left());
    dbus::Values none;
    auto reply = co_await call(peer_.path, kDevice1, "Pair", std::move(none), within);
    if (!reply && reply.error().kind == ErrorKind::timedOut)
        service_.call(peer_.path, kDevice1, "CancelPairing", {}, kCancelLimit, [](const auto&) {});
    co_return reply;
}

Status BluezLink::concludePairing(const Result<dbus::Values>& reply, PairingAgent::PasskeyUse use) {
    const auto view = deviceView(service_.tree(), peer_.path);
    if (!reply && !peer_.pairing->hasPasskey() && view && view->paired) {
        // BlueZ has paired meanwhile, because the device asked for it.
        peer_.told(PairingOutcome::bonded);
        return {};
    }
    const auto outcome = outcomeOf(reply, use);
    const bool isStopped = !reply && reply.error().kind == ErrorKind::cancelled;
    if (outcome == PairingOutcome::bondedWithPasskey) peer_.pairing->onBonded(peer_.adapterKey);
    if ((!reply && use.asked && !isStopped) || outcome == PairingOutcome::withoutPasskey)
        peer_.pairing->onRefused(clock_.steady());
    peer_.told(outcome);
    if (outcome == PairingOutcome::withoutPasskey) {
        removeBond();
        return fail(ErrorKind::authentication,
                    "BlueZ paired the device without asking for its passkey: the bond is removed");
    }
    if (!reply) return std::unexpected(reply.error());
    return {};
}

PairingOutcome BluezLink::outcomeOf(const Result<dbus::Values>& reply,
                                    PairingAgent::PasskeyUse use) const {
    if (reply) {
        if (!peer_.pairing->hasPasskey()) return PairingOutcome::bonded;
        return use.given ? PairingOutcome::bondedWithPasskey : PairingOutcome::withoutPasskey;
    }
    if (reply.error().kind == ErrorKind::timedOut) return PairingOutcome::timedOut;
    if (reply.error().kind == ErrorKind::cancelled) return PairingOutcome::refused;
    if (!use.asked && peer_.pairing->hasPasskey()) return PairingOutcome::passkeyNotAsked;
    if (!use.asked) return PairingOutcome::refused;
    return use.given ? PairingOutcome::passkeyRefused : PairingOutcome::passkeyUnreadable;
}

/// BlueZ pairs by itself when a characteristic or the device asks for a better link; outside the
/// window, so without a passkey. Inside it the end of the pairing is waited for.
void BluezLink::judgeBond(const Change& change) {
    const bool isNew = change.kind == Change::Kind::changed &&
                       dbus::property<bool>(change.properties, "Paired").value_or(false);
    if (!isNew || pairs_ || peer_.pairing->isAuthenticated(peer_.adapterKey)) return;
    if (agent_.closeWindow(peer_.path).given) {
        peer_.pairing->onBonded(peer_.adapterKey);
        isNewlyBonded_ = true;
        return peer_.told(PairingOutcome::bondedWithPasskey);
    }
    const bool hasPasskey = peer_.pairing->hasPasskey();
    if (!hasPasskey && agent_.policy() == PairingPolicy::justWorks) {
        isNewlyBonded_ = true;
        return peer_.told(PairingOutcome::bonded);
    }
    peer_.told(hasPasskey                                  ? PairingOutcome::withoutPasskey
               : agent_.policy() == PairingPolicy::passkey ? PairingOutcome::noPasskey
                                                           : PairingOutcome::byPolicy);
    removeBond();
}

void BluezLink::removeBond() {
    log_.warning("a bond was made as the configuration does not allow it: it is removed");
    const auto view = deviceView(service_.tree(), peer_.path);
    if (!view) return;
    service_.call(view->adapter, kAdapter1, "RemoveDevice", {dbus::ObjectPath{peer_.path}},
                  kRemoveLimit, [](const dbus::Reply&) {});
}

}  // namespace vitalgate::bluez
