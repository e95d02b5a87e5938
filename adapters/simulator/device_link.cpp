#include <algorithm>

#include "adapters/simulator/device.hpp"

// A device and its link: who is connected and paired, and what goes out.
namespace vitalgate::simulator {

namespace {

bool contains(const std::vector<Uuid>& list, const Uuid& uuid) {
    return std::ranges::find(list, uuid) != list.end();
}

/// How well a pairing of this kind protects.
Security strength(PairingDemand demand) {
    return demand == PairingDemand::passkey ? Security::authenticated : Security::encrypted;
}

}  // namespace

bool Device::connect() {
    if (!advertising_ || link_ || !settings_.advertise.connectable) return false;
    stopAdvertising();
    link_.emplace();
    ledger_.write(name(), "connected");
    if (endsAt(Step::connect)) return true;
    afterDelivery();
    return true;
}

void Device::resolved() {
    if (link_) endsAt(Step::resolve);
}

void Device::disconnect(std::string_view reason) {
    if (!link_) return;
    link_.reset();
    idle_.cancel();
    answers_.cancel();
    for (auto& each : memory_) each.next = 0;
    model_->disconnected();
    if (bond_ == Security::open) subscribed_.clear();
    ledger_.write(name(), "disconnected", {{"why", std::string(reason)}});
    if (std::exchange(bondEndsWithLink_, false)) forgetBond();
    if (settings_.advertise.when == AdvertiseWhen::always || hasUnsent()) openWindow();
    if (settings_.advertise.when == AdvertiseWhen::always) trim(settings_.memory, "not connected");
}

void Device::end(std::string_view reason) {
    disconnect(reason);
    radio_.closed(*this);
}

bool Device::endsAt(Step step) {
    const auto& rule = settings_.disconnect;
    if (rule.at != step || (rule.times > 0 && endings_ >= rule.times)) return false;
    ++endings_;
    end(rule.reason);
    return true;
}

Security Device::security() const {
    return link_ ? link_->security : Security::open;
}

AttResult<void> Device::permit(const Characteristic& characteristic,
                               const std::vector<Uuid>& refused) const {
    if (!link_) return std::unexpected(AttError::unlikely);
    if (contains(settings_.pairing.encrypt, characteristic.uuid) &&
        link_->security < strength(settings_.pairing.demand)) {
        return std::unexpected(AttError::insufficientAuthentication);
    }
    if (contains(refused, characteristic.uuid)) return std::unexpected(settings_.refuse.error);
    return {};
}

AttResult<void> Device::subscribe(const Characteristic& characteristic, bool on) {
    if (!characteristic.hasConfiguration()) return std::unexpected(AttError::invalidHandle);
    if (!on && !link_) {
        subscribed_.erase(characteristic.handle);
        return {};
    }
    if (endsAt(Step::subscribe)) return std::unexpected(AttError::unlikely);
    if (auto allowed = permit(characteristic, settings_.refuse.notify); !allowed) return allowed;
    if (on) {
        subscribed_.insert(characteristic.handle);
    } else {
        subscribed_.erase(characteristic.handle);
    }
    pump();
    return {};
}

PairingResult Device::pair(std::optional<std::uint32_t> passkey) {
    const auto& pairing = settings_.pairing;
    pairingAsked();
    if (pairing.demand == PairingDemand::refuse || !link_) return PairingResult::refused;
    if (pairing.demand == PairingDemand::passkey && passkey != pairing.passkey) {
        return PairingResult::wrongPasskey;
    }
    bonded();
    return PairingResult::bonded;
}

void Device::pairingAsked() {
    static constexpr std::string_view kWords[] = {"none", "just-works", "passkey", "refuse"};
    const auto demand = static_cast<std::size_t>(settings_.pairing.demand);
    ledger_.write(name(), "pairing", {{"demand", std::string(kWords[demand])}});
}

void Device::bonded() {
    setBond();
    const std::string level = bond_ == Security::authenticated ? "authenticated" : "encrypted";
    ledger_.write(name(), "bonded", {{"level", level}});
    secured();
}

void Device::adoptBond(bool exists) {
    if (exists == (bond_ != Security::open)) return;
    if (exists) return setBond();
    bond_ = Security::open;
    bondEnds_.cancel();
    subscribed_.clear();
}

void Device::setBond() {
    bond_ = strength(settings_.pairing.demand);
    const auto& lasting = settings_.pairing.forgetAfter;
    if (lasting) bondEnds_ = clock_.after(*lasting, [this] { forgetBond(); });
}

/// As a device does whose battery was changed.
void Device::forgetBond() {
    ledger_.write(name(), "erased");
    bondEnds_.cancel();
    bond_ = Security::open;
    subscribed_.clear();
    if (link_) end("by-device");
    radio_.erased(*this);
}

void Device::secured() {
    if (!link_) return;
    link_->security = strength(settings_.pairing.demand);
    pump();
}

bool Device::encrypt() {
    if (!link_ || bond_ == Security::open) return false;
    link_->security = bond_;
    pump();
    return true;
}

bool Device::isSubscribed(const Uuid& characteristic) const {
    const auto* found = database_.find(characteristic);
    return found && subscribed_.contains(found->handle);
}

bool Device::canGo(const Output& output) const {
    return isSubscribed(output.characteristic) ||
           (output.plain && isSubscribed(output.plain->characteristic));
}

/// What nobody listens to any more is left out.
const Output* Device::nextNow() {
    while (!link_->now.empty() && !canGo(link_->now.front())) link_->now.pop_front();
    return link_->now.empty() ? nullptr : &link_->now.front();
}

/// One measurement after the other, of those that the other side may have.
const Output* Device::nextKept() {
    const auto allowed = [this](const Pending& each) { return model_->maySend(each.user); };
    const auto found = std::ranges::find_if(memory_, allowed);
    if (found == memory_.end()) return nullptr;
    std::rotate(memory_.begin(), found, found + 1);
    const auto& next = memory_.front();
    const auto& output = next.values[next.next];
    return canGo(output) ? &output : nullptr;
}

void Device::pump() {
    if (!link_ || link_->inFlight) return;
    if (const auto* output = nextNow()) return send(*output, false);
    if (const auto* output = nextKept()) send(*output, true);
}

void Device::send(const Output& output, bool isKept) {
    link_->inFlight = true;
    link_->flightIsKept = isKept;
    idle_.cancel();
    const bool isPlain = !isSubscribed(output.characteristic);
    const auto* characteristic =
        database_.find(isPlain ? output.plain->characteristic : output.characteristic);
    const auto value = isPlain ? output.plain->value : output.value;
    const auto numbers = output.numbers;
    const auto place = characteristic->uuid.shortText();
    for (const auto number : numbers) {
        ledger_.write(name(), "offered",
                      {{"n", number}, {"characteristic", place}, {"hex", toHex(value)}});
    }
    if (numbers.empty()) {
        ledger_.write(name(), "sent", {{"characteristic", place}, {"hex", toHex(value)}});
    }
    if (numbers.size() > 1) together_[numbers.front()] = {numbers.begin() + 1, numbers.end()};
    radio_.send(*this, *characteristic, value, numbers.empty() ? 0 : numbers.front());
}

/// What was in flight; nothing if it is one of several values of a kept measurement.
std::optional<Output> Device::landed() {
    link_->inFlight = false;
    if (!link_->flightIsKept) {
        auto output = std::move(link_->now.front());
        link_->now.pop_front();
        return output;
    }
    auto& first = memory_.front();
    if (++first.next == first.values.size()) memory_.pop_front();
    return std::nullopt;
}

void Device::confirmed() {
    if (!link_ || !link_->inFlight) return;
    const auto output = landed();
    if (!output || !output->numbers.empty()) ++link_->values;
    if (auto* store = model_->records(); store && output) {
        const auto isPart = [&](const Output& each) { return each.numbers == output->numbers; };
        if (std::ranges::none_of(link_->now, isPart)) {
            for (const auto number : output->numbers) store->delivered(number);
        }
    }
    const auto& rule = settings_.disconnect;
    const bool mayEnd = rule.times == 0 || endings_ < rule.times;
    if (rule.afterValues && mayEnd && link_->values >= *rule.afterValues) {
        ++endings_;
        return end(rule.reason);
    }
    if (output && output->endsLink) return end(rule.reason);
    pump();
    afterDelivery();
}

void Device::afterDelivery() {
    const auto& whenDone = settings_.disconnect.whenDone;
    if (!link_ || link_->inFlight || !link_->now.empty() || hasUnsent() || !whenDone) return;
    idle_ = clock_.after(*whenDone, [this] { end("by-device"); });
}

void Device::taken(std::uint64_t number, const Characteristic& characteristic) {
    if (number == 0) return;
    std::vector numbers{number};
    if (const auto others = together_.extract(number)) {
        numbers.insert(numbers.end(), others.mapped().begin(), others.mapped().end());
    }
    for (const auto each : numbers) {
        ledger_.write(name(), "taken",
                      {{"n", each}, {"characteristic", characteristic.uuid.shortText()}});
    }
}

}  // namespace vitalgate::simulator
