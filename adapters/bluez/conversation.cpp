#include <algorithm>
#include <asio/co_spawn.hpp>

#include "adapters/bluez/core.hpp"
#include "adapters/bluez/names.hpp"

// The part of Core that holds conversations.

namespace vitalgate::bluez {

namespace {

using namespace std::chrono_literals;

constexpr Duration kDisconnectLimit = 5s;
/// Between connections to a device whose bond is gone: a person has to act.
constexpr Duration kBondLostPause = 60s;

}  // namespace

void Core::begin(Device& device, const DeviceView& view) {
    const auto& name = units_.at(view.adapter)->name();
    const auto log = log_.part("device " + device.settings.id);
    auto talk = std::make_shared<Conversation>();
    talk->address = view.address;
    talk->adapter = view.adapter;
    talk->since = clock_.steady();
    talk->bonded = view.paired;
    checkBond(device, view);
    talk->link = std::make_shared<BluezLink>(service_, agent_, peerOf(device, view), clock_, log);
    device.adapter = name;
    if (view.rssiDbm) device.rssiDbm = view.rssiDbm;
    device.presence.onConnected(clock_.steady());
    log.info("connected");
    reportConnection(device, *talk, true);
    updateAvailability(device);
    // It describes the device too, so it is told all that is known.
    talk->session = std::make_shared<session::Session>(talk->link, clock_, sink_, device.settings,
                                                       options_.session, log, descriptor(device));
    device.conversation = talk;
    ++conversations_;
    asio::co_spawn(
        clock_.loop(), talk->session->run(),
        [self = shared_from_this(), talk](const std::exception_ptr& error, const Status& status) {
            const Status broken = fail(ErrorKind::internal, "the conversation broke");
            self->onEnded(talk, error ? broken : status);
        });
    waiting_.onConversation(device.settings.id, talk->session);
}

BluezLink::Peer Core::peerOf(const Device& device, const DeviceView& view) {
    const auto& unit = *units_.at(view.adapter);
    auto told = [this, address = view.address](PairingOutcome outcome) {
        onPairing(address, outcome);
    };
    return {view.path, unit.name(), unit.key(), device.bond, told};
}

void Core::onEnded(const std::shared_ptr<Conversation>& talk, const Status& status) {
    --conversations_;
    auto& device = devices_.at(talk->address);
    const auto log = log_.part("device " + device.settings.id);
    if (talk->session->reason() != v1::DISCONNECT_UNSPECIFIED)
        talk->reason = talk->session->reason();
    if (status) {
        log.info("conversation ended");
    } else {
        log_.warning("{}", status.error().message);
    }
    device.descriptor = talk->session->descriptor();
    if (talk->session->wasReady()) device.isExplored = true;
    noteReading(device, *talk);
    judgeFlood(device, *talk);
    device.quietUntil = clock_.steady() + pauseAfter(device, *talk);
    device.servedBy = talk->adapter;
    device.endedAt = clock_.steady();
    device.presence.onDisconnected(clock_.steady());
    judgeBond(device, *talk);
    reportConnection(device, *talk, false);
    reportDropped(device, *talk);
    if (device.conversation == talk) device.conversation.reset();
    updateAvailability(device);
    describe(device);
    afterEnd(device, *talk);
}

void Core::afterEnd(Device& device, const Conversation& talk) {
    if (stopping_) return finishStopWhenIdle();
    const auto view = deviceView(service_.tree(), talk.link->device());
    if (!view || !view->connected || device.conversation) return;
    const bool isLeftAlone = clock_.steady() < leftAloneUntil(device, *view);
    const bool mayGoOn = !talk.isHungUp && !isLeftAlone && units_.contains(view->adapter);
    if (talk.link->hasEnded() && mayGoOn) {
        begin(device, *view);  // the link came back while the conversation was ending
    } else {
        service_.call(view->path, kDevice1, "Disconnect", {}, kDisconnectLimit,
                      [](const dbus::Reply&) {});
    }
}

/// While nothing can be kept, so that the devices keep it. What they have sent already is counted.
void Core::hangUpWhileClosed() {
    if (sink_.isOpen()) return;
    for (auto& [address, device] : devices_) {
        if (device.conversation) hangUp(device.conversation);
    }
}

/// The device holds as delivered what it sends until it is disconnected: all of that is taken.
void Core::hangUp(const std::shared_ptr<Conversation>& talk) {
    if (std::exchange(talk->isHungUp, true)) return;
    talk->reason = v1::DISCONNECT_BY_HUB;
    service_.call(talk->link->device(), kDevice1, "Disconnect", {}, kDisconnectLimit,
                  [session = std::weak_ptr(talk->session)](const dbus::Reply&) {
                      if (const auto running = session.lock()) running->stop();
                  });
}

/// A stop has no time to wait for those that are not disconnected yet.
void Core::drainConversations() {
    for (auto& [address, device] : devices_) {
        if (device.conversation) device.conversation->session->stop();
    }
}

UnsettledValues Core::unsettled() const {
    UnsettledValues all;
    for (const auto& [address, device] : devices_) {
        if (!device.conversation) continue;
        const auto values = device.conversation->session->unsettled();
        all.given += values.given;
        all.held += values.held;
    }
    return all;
}

/// After a conversation the device is left alone for as long as its kind needs. One that came to
/// nothing is taken up again soon, while the device still advertises; a quirk is kept even then.
Duration Core::pauseAfter(Device& device, const Conversation& talk) const {
    if (talk.reason == v1::DISCONNECT_BLUEZ_GONE || talk.reason == v1::DISCONNECT_ADAPTER_GONE)
        return Duration::zero();
    const auto now = clock_.steady();
    if (device.flood.isMuted(now)) return device.flood.until() - now;
    const auto unit = units_.find(talk.adapter);
    if (unit == units_.end() || !unit->second->isPowered()) return device.bond->pause(now);
    const auto wanted = talk.session->reconnectDelay();
    if (talk.session->values() > 0) {
        device.failedTalks = 0;
        return wanted;
    }
    const auto doublings = std::min(device.failedTalks++, 6);
    const auto pause = std::min<Duration>(1s * (1 << doublings), kLongestPause);
    const auto longer = wanted > session::Quirk().reconnectDelay ? std::max(pause, wanted) : pause;
    return std::max(longer, device.bond->pause(now));
}

/// The device has lost its bond and BlueZ has not: it keeps `Paired`, and each link ends at once.
void Core::judgeBond(Device& device, const Conversation& talk) {
    const bool early = talk.bonded && talk.session->values() == 0 && !talk.session->wasReady() &&
                       clock_.steady() - talk.since < kEarly &&
                       talk.reason == v1::DISCONNECT_BY_DEVICE;
    device.earlyEnds = early ? device.earlyEnds + 1 : 0;
    if (talk.session->values() > 0 && device.pairing == v1::PAIRING_PEER_FORGOT)
        device.pairing = v1::PAIRING_BONDED;
    if (device.earlyEnds < kEarlyEnds) return;
    device.quietUntil = std::max(device.quietUntil, clock_.steady() + kBondLostPause);
    if (device.earlyEnds == kEarlyEnds) onPairing(talk.address, PairingOutcome::peerForgot);
}

void Core::endLink(const std::string& path, v1::DisconnectReason reason, const std::string& why) {
    for (auto& [address, device] : devices_) {
        const auto talk = device.conversation;
        if (!talk || talk->link->device() != path) continue;
        if (!talk->isHungUp) talk->reason = reason;
        talk->link->end(Error{ErrorKind::disconnected, why});
    }
}

void Core::endAll(v1::DisconnectReason reason, const std::string& why, std::string_view below) {
    for (auto& [address, device] : devices_) {
        const auto talk = device.conversation;
        if (!talk || (!below.empty() && !isBelow(talk->link->device(), below))) continue;
        talk->reason = reason;
        talk->link->end(Error{ErrorKind::disconnected, why});
    }
}

/// Each attempt finds out the same again until a person acts.
bool Core::isKnown(const Device& device, PairingOutcome outcome) const {
    if (!device.outcome || reportOf(*device.outcome).severity == v1::SEVERITY_INFO) return false;
    const bool isAttempt = outcome == PairingOutcome::running;
    if (!isAttempt && device.outcome != outcome) return false;
    const bool isAnotherAttempt = isAttempt || device.pairing == v1::PAIRING_RUNNING;
    const bool isLate = clock_.steady() - device.outcomeTold >= kPairingToldAgain;
    // What no attempt has found out anew needs no repetition.
    return isAnotherAttempt ? !isLate : device.pairing == reportOf(outcome).state;
}

void Core::onPairing(BluetoothAddress address, PairingOutcome outcome) {
    auto& device = devices_.at(address);
    const auto& report = reportOf(outcome);
    const auto mark = device.bond->takeBookmark();
    const bool isTold = isKnown(device, outcome) && !mark;
    if (std::exchange(device.pairing, report.state) != report.state) describe(device);
    if (isTold) return;
    if (outcome != PairingOutcome::running) {
        device.outcome = outcome;
        device.outcomeTold = clock_.steady();
    }
    v1::Event event;
    event.mutable_pairing()->set_state(report.state);
    event.mutable_pairing()->set_advice(std::string(report.advice));
    std::vector<Bookmark> bookmarks;
    if (mark) bookmarks.push_back({device.settings.id, kAuthenticatedBond, *mark});
    events_->write(std::move(event), device.settings.id, report.severity, std::string(report.text),
                   std::move(bookmarks));
}

/// Many devices ask for security as soon as they are connected, before anything has been refused.
/// It is the bond that the hub would ask BlueZ for; one who asks for another one beside that which
/// BlueZ has is not believed. The passkey, empty if it has none; nothing if it may not ask.
std::optional<PasskeySource> Core::expectedPasskey(const std::string& path) const {
    const auto view = deviceView(service_.tree(), path);
    const auto found = view ? devices_.find(view->address) : devices_.end();
    const auto unit = view ? units_.find(view->adapter) : units_.end();
    if (found == devices_.end() || unit == units_.end()) return std::nullopt;
    const auto& device = found->second;
    const bool mayBond = device.settings.enabled && !view->paired &&
                         device.bond->pause(clock_.steady()) == Duration::zero();
    const bool isMet = view->connected || unit->second->connector().isTrying(view->address);
    return mayBond && isMet ? std::optional(device.bond->passkey()) : std::nullopt;
}

void Core::prepareConnect(const DeviceView& view, std::function<void()> connect) {
    const auto found = devices_.find(view.address);
    if (found == devices_.end() || view.paired) return connect();
    agent_.offer(found->second.bond->hasPasskey(), std::move(connect));
}

void Core::onPairingRefused(const std::string& path) {
    const auto view = deviceView(service_.tree(), path);
    const auto found = view ? devices_.find(view->address) : devices_.end();
    const auto id = found == devices_.end() ? std::string() : found->second.settings.id;
    auto& refusals = refusals_[id];
    ++refusals.untold;
    const auto now = clock_.steady();
    if (refusals.told && now - *refusals.told < kRefusalsTold) return;
    v1::Event event;
    event.mutable_security()->set_kind(v1::SECURITY_PAIRING_REFUSED);
    event.mutable_security()->set_times(std::exchange(refusals.untold, 0U));
    refusals.told = now;
    log_.warning("{}a pairing that may not be was refused",
                 id.empty() ? "" : "device " + id + ": ");
    events_->write(std::move(event), id, v1::SEVERITY_WARNING,
                   "a device asked to be paired when, or as, it may not be");
}

}  // namespace vitalgate::bluez
