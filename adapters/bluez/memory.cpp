#include <asio/co_spawn.hpp>

#include "adapters/bluez/core.hpp"
#include "adapters/bluez/recollection.hpp"
#include "adapters/session/descriptor.hpp"

// The part of Core that knows what was before: earlier runs, the last reading, floods, bonds.

namespace vitalgate::bluez {

Core::Device::Device(const DeviceSettings& from, bool plainIdentifiers, SteadyTime now)
    : settings(from),
      presence(from.enabled),
      descriptor(session::startDescriptor(from, plainIdentifiers)),
      bond(std::make_shared<DevicePairing>(from.passkey)),
      expectation(from.enabled ? from.expectEvery : Duration::zero(), now) {}

void Core::remember(const Device& device) {
    asio::co_spawn(clock_.loop(),
                   recollect(sink_, device.settings.id, log_.part("device " + device.settings.id)),
                   [self = shared_from_this(), address = device.settings.address](
                       const std::exception_ptr& error, const Recollection& known) {
                       if (!error) self->onRemembered(address, known);
                   });
}

void Core::onRemembered(BluetoothAddress address, const Recollection& known) {
    auto& device = devices_.at(address);
    device.bond->recall(known.authenticatedBond);
    if (!known.lastReading) return;
    device.expectation.recall(*known.lastReading, known.overdueTold, clock_.now());
    device.presence.recallReading(*known.lastReading);
    judgeExpectation(device);
}

void Core::noteReading(Device& device, const Conversation& talk) {
    const auto& last = talk.session->lastReading();
    if (!last) return;
    device.expectation.onReading(last->uptime);
    device.presence.onReading(last->wall);
}

void Core::judgeExpectation(Device& device) {
    const auto silent = device.expectation.look(clock_.steady());
    if (!silent || stopping_) return;
    v1::Event event;
    auto& change = *event.mutable_availability();
    change.set_from(device.availability);
    change.set_to(device.availability);
    change.set_reason(device.expectation.sentence(*silent));
    change.set_measurement_overdue(true);
    const auto& id = device.settings.id;
    log_.warning("device {}: {}", id, change.reason());
    events_->write(std::move(event), id, v1::SEVERITY_WARNING, device.expectation.sentence(*silent),
                   {{id, kOverdueTold, formatUtc(clock_.wall())}});
}

/// A flood is answered with silence.
void Core::judgeFlood(Device& device, const Conversation& talk) {
    if (talk.reason != v1::DISCONNECT_FLOOD) return;
    device.flood.onFlood(clock_.steady());
    device.presence.leaveAlone(
        device.flood.until(),
        fmt::format("it sent more than the hub takes, and is left alone until {:.16}Z",
                    formatUtc(clock_.wall() + device.flood.length())));
}

/// BlueZ has no bond with the device: what was known of one goes too.
void Core::checkBond(Device& device, const DeviceView& view) {
    const auto unit = units_.find(view.adapter);
    if (view.paired || unit == units_.end()) return;
    if (device.earlyEnds >= kEarlyEnds && bondHolder(view.address).empty()) {
        device.earlyEnds = 0;
        device.quietUntil = clock_.steady();  // somebody has removed the bond that did not fit
    }
    if (device.bond->forget(unit->second->key()))
        onPairing(view.address, PairingOutcome::hubForgot);
}

}  // namespace vitalgate::bluez
