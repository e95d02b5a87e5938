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

v1::Pairing pairingEvent(v1::PairingState state) {
    v1::Pairing pairing;
    pairing.set_state(state);
    if (state == v1::PAIRING_PEER_FORGOT)
        pairing.set_advice(
            "remove the device with bluetoothctl and put it into pairing mode: the hub then pairs "
            "it");
    return pairing;
}

}  // namespace

void Core::begin(Device& device, const DeviceView& view) {
    const auto& name = units_.at(view.adapter)->name();
    const auto log = log_.part("device " + device.settings.id);
    auto talk = std::make_shared<Conversation>();
    talk->address = view.address;
    talk->adapter = view.adapter;
    talk->since = clock_.steady();
    talk->bonded = view.paired;
    auto pairing = [this, address = view.address](v1::PairingState state) {
        onPairing(address, state);
    };
    talk->link =
        std::make_shared<BluezLink>(service_, agent_, view.path, name, clock_, log, pairing);
    talk->session = std::make_shared<session::Session>(talk->link, clock_, sink_, device.settings,
                                                       options_.session, log, device.descriptor);
    device.conversation = talk;
    device.adapter = name;
    if (view.rssiDbm) device.rssiDbm = view.rssiDbm;
    device.presence.onConnected(clock_.steady());
    log.info("connected");
    reportConnection(device, *talk, true);
    updateAvailability(device);
    ++conversations_;
    asio::co_spawn(
        clock_.loop(), talk->session->run(),
        [self = shared_from_this(), talk](const std::exception_ptr& error, const Status& status) {
            const Status broken = fail(ErrorKind::internal, "the conversation broke");
            self->onEnded(talk, error ? broken : status);
        });
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
    device.quietUntil = clock_.steady() + pauseAfter(device, *talk, status.has_value());
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
    if (stopping_) {
        if (conversations_ == 0) finishStop();
        return;
    }
    const auto view = deviceView(service_.tree(), talk.link->device());
    if (!view || !view->connected || device.conversation) return;
    if (talk.link->hasEnded() && units_.contains(view->adapter)) {
        begin(device, *view);  // the link came back while the conversation was ending
    } else {
        service_.call(view->path, kDevice1, "Disconnect", {}, kDisconnectLimit,
                      [](const dbus::Reply&) {});
    }
}

/// After a conversation the device is left alone for as long as its kind needs. One that came to
/// nothing is taken up again soon, while the device still advertises; a quirk is kept even then.
Duration Core::pauseAfter(Device& device, const Conversation& talk, bool success) const {
    if (talk.reason == v1::DISCONNECT_BLUEZ_GONE || talk.reason == v1::DISCONNECT_ADAPTER_GONE)
        return Duration::zero();
    const auto wanted = talk.session->reconnectDelay();
    if (success && talk.session->values() > 0) {
        device.failedTalks = 0;
        return wanted;
    }
    const auto doublings = std::min(device.failedTalks++, 6);
    const auto pause = std::min<Duration>(1s * (1 << doublings), kLongestPause);
    return wanted > session::Quirk().reconnectDelay ? std::max(pause, wanted) : pause;
}

/// The device has lost its bond and BlueZ has not: it keeps `Paired`, and each link ends at once.
void Core::judgeBond(Device& device, const Conversation& talk) {
    const bool early = talk.bonded && talk.session->values() == 0 &&
                       clock_.steady() - talk.since < kEarly &&
                       talk.reason == v1::DISCONNECT_BY_DEVICE;
    device.earlyEnds = early ? device.earlyEnds + 1 : 0;
    if (talk.session->values() > 0 && device.pairing == v1::PAIRING_PEER_FORGOT)
        device.pairing = v1::PAIRING_BONDED;
    if (device.earlyEnds < kEarlyEnds) return;
    device.quietUntil = std::max(device.quietUntil, clock_.steady() + kBondLostPause);
    if (device.earlyEnds == kEarlyEnds) onPairing(talk.address, v1::PAIRING_PEER_FORGOT);
}

void Core::endLink(const std::string& path, v1::DisconnectReason reason, const std::string& why) {
    for (auto& [address, device] : devices_) {
        const auto talk = device.conversation;
        if (!talk || talk->link->device() != path) continue;
        talk->reason = reason;
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

void Core::onPairing(BluetoothAddress address, v1::PairingState state) {
    auto& device = devices_.at(address);
    // Each attempt finds out the same again until a person acts.
    if (device.pairing == state && state != v1::PAIRING_RUNNING) return;
    device.pairing = state;
    v1::Event event;
    *event.mutable_pairing() = pairingEvent(state);
    const bool good = state == v1::PAIRING_RUNNING || state == v1::PAIRING_BONDED;
    const auto severity = good ? v1::SEVERITY_INFO : v1::SEVERITY_WARNING;
    const auto text = state == v1::PAIRING_RUNNING       ? "pairing has begun"
                      : state == v1::PAIRING_BONDED      ? "paired"
                      : state == v1::PAIRING_TIMED_OUT   ? "pairing was not finished in time"
                      : state == v1::PAIRING_PEER_FORGOT ? "the device has forgotten this hub"
                                                         : "pairing was refused";
    events_->write(std::move(event), device.settings.id, severity, text);
}

void Core::onPairingRefused(const std::string& path) {
    const auto view = deviceView(service_.tree(), path);
    const auto found = view ? devices_.find(view->address) : devices_.end();
    v1::Event event;
    event.mutable_security()->set_kind(v1::SECURITY_PAIRING_REFUSED);
    event.mutable_security()->set_times(1);
    const auto id = found == devices_.end() ? std::string() : found->second.settings.id;
    events_->write(std::move(event), id, v1::SEVERITY_WARNING,
                   "a device asked to be paired without an open window");
}

}  // namespace vitalgate::bluez
