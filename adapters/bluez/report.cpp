#include <algorithm>

#include "adapters/bluez/core.hpp"
#include "adapters/bluez/names.hpp"

// The part of Core that tells others.

namespace vitalgate::bluez {

namespace {

v1::Problem problem(std::string code, std::string text, v1::Severity severity) {
    v1::Problem result;
    result.set_code(std::move(code));
    result.set_text(std::move(text));
    result.set_severity(severity);
    return result;
}

/// What the supervisor could not mend.
void addSilence(AdapterUnit& unit, std::vector<v1::Problem>& problems) {
    const auto& supervisor = unit.supervisor();
    if (!supervisor.needsOperator()) return;
    const auto subject = "adapter " + unit.name();
    if (supervisor.trouble() == Supervisor::Trouble::unanswered) {
        problems.push_back(problem("bluez-hangs",
                                   subject + ": BlueZ does not answer: systemctl restart bluetooth",
                                   v1::SEVERITY_ALARM));
    } else if (supervisor.everHeard()) {
        problems.push_back(problem("adapter-silent",
                                   subject + " hears nothing any more, and all that the hub can do "
                                             "was tried: unplug it and plug it in again",
                                   v1::SEVERITY_ALARM));
    } else {
        problems.push_back(problem("adapter-silent",
                                   subject + " has not heard any device since the hub started",
                                   v1::SEVERITY_INFO));
    }
}

std::uint64_t milliseconds(Duration duration) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

void Core::reportConnection(const Device& device, const Conversation& talk, bool connected) {
    v1::Event event;
    auto& connection = *event.mutable_connection();
    connection.set_connected(connected);
    connection.set_adapter(talk.link->adapterName());
    if (device.rssiDbm) connection.set_rssi_dbm(*device.rssiDbm);
    if (!connected) {
        connection.set_reason(talk.reason);
        connection.set_lasted_ms(milliseconds(clock_.steady() - talk.since));
        connection.set_values(talk.session->values());
    }
    if (!connected && talk.reason == v1::DISCONNECT_FLOOD) {
        events_->write(std::move(event), device.settings.id, v1::SEVERITY_WARNING,
                       "disconnected: it sent more than the hub takes, and is left alone for " +
                           formatDuration(device.flood.length()));
        return;
    }
    events_->write(std::move(event), device.settings.id, v1::SEVERITY_INFO,
                   connected ? "connected" : "disconnected");
}

void Core::reportDropped(const Device& device, const Conversation& talk) {
    reportLoss(device, v1::LOSS_FLOOD, talk.link->droppedValues(),
               "the device sent more values than could be taken");
    reportLoss(device, v1::LOSS_INTAKE_CLOSED, talk.session->unkept(),
               "values came while nothing could be kept");
}

void Core::reportLoss(const Device& device, v1::LossReason reason, std::uint64_t count,
                      const std::string& text) {
    if (count == 0) return;
    v1::Event event;
    event.mutable_loss()->set_reason(reason);
    event.mutable_loss()->set_count(count);
    events_->write(std::move(event), device.settings.id, v1::SEVERITY_ALARM, text);
}

void Core::updateAvailability(Device& device) {
    const auto now = clock_.steady();
    const auto state = device.presence.state(now);
    if (state == device.availability) return;
    const auto before = std::exchange(device.availability, state);
    device.availableSince = clock_.wall();
    if (before != v1::AVAILABILITY_UNSPECIFIED) {
        v1::Event event;
        auto& change = *event.mutable_availability();
        change.set_from(before);
        change.set_to(state);
        change.set_reason(device.presence.reason(now));
        const auto severity =
            state == v1::AVAILABILITY_UNREACHABLE ? v1::SEVERITY_WARNING : v1::SEVERITY_INFO;
        events_->write(std::move(event), device.settings.id, severity, device.presence.reason(now));
    }
    describe(device);
}

void Core::describe(Device& device) {
    device.toldReason = device.presence.reason(clock_.steady());
    sink_.describe(descriptor(device));
}

/// What a conversation has found out meanwhile (model, battery, clock), and a state that lasts for
/// another reason than before.
void Core::describeNews(Device& device) {
    if (device.presence.reason(clock_.steady()) != device.toldReason) describe(device);
    if (!device.conversation) return;
    auto findings = device.conversation->session->descriptor().SerializeAsString();
    if (findings == device.told) return;
    device.told = std::move(findings);
    describe(device);
}

v1::DeviceDescriptor Core::descriptor(const Device& device) const {
    const auto& settings = device.settings;
    auto result =
        device.conversation ? device.conversation->session->descriptor() : device.descriptor;
    result.set_device(settings.id);
    toStamp(clock_.now(), *result.mutable_updated());
    result.set_label(settings.label.empty() ? settings.id : settings.label);
    if (options_.deviceKey) result.set_device_key(options_.deviceKey(settings.address));
    result.set_admission(settings.admission);
    result.set_enabled(settings.enabled);
    result.set_availability(device.availability);
    toTimestamp(device.availableSince, *result.mutable_availability_since());
    result.set_availability_reason(device.presence.reason(clock_.steady()));
    result.set_expected_every_ms(milliseconds(settings.expectEvery));
    result.set_pairing(device.pairing);
    result.set_adapter(device.adapter);
    if (device.rssiDbm) result.set_rssi_dbm(*device.rssiDbm);
    for (const auto& [slot, person] : settings.subjects.slots)
        (*result.mutable_subjects())[slot] = person;
    if (!settings.subjects.person.empty())
        (*result.mutable_subjects())[0] = settings.subjects.person;
    return result;
}

std::vector<v1::DeviceDescriptor> Core::devices() const {
    std::vector<v1::DeviceDescriptor> all;
    for (const auto& [address, device] : devices_) all.push_back(descriptor(device));
    return all;
}

std::vector<v1::Adapter> Core::adapters() const {
    std::vector<v1::Adapter> all;
    for (const auto& [path, unit] : units_) {
        const auto count = std::ranges::count_if(devices_, [&path](const auto& entry) {
            return entry.second.conversation && entry.second.conversation->adapter == path;
        });
        all.push_back(unit->describe(static_cast<std::uint32_t>(count)));
    }
    for (const auto& [key, lost] : lost_) {
        if (lost.adapter.empty()) continue;
        auto& gone = all.emplace_back();
        gone.set_name(lost.adapter);
        gone.set_state(v1::ADAPTER_GONE);
    }
    return all;
}

void Core::refreshProblems() {
    auto found = findProblems();
    for (const auto& [address, device] : devices_) addProblemsOf(device, found);
    for (auto& problem : found) {
        const auto old = std::ranges::find_if(problems_, [&problem](const v1::Problem& each) {
            return each.code() == problem.code() && each.text() == problem.text();
        });
        if (old == problems_.end()) {
            toTimestamp(clock_.wall(), *problem.mutable_since());
        } else {
            *problem.mutable_since() = old->since();
        }
    }
    problems_ = std::move(found);
}

void Core::addProblemsOf(const Device& device, std::vector<v1::Problem>& found) const {
    const auto subject = "device " + device.settings.id;
    if (device.pairing == v1::PAIRING_PEER_FORGOT)
        found.push_back(problem("bond-lost",
                                subject +
                                    " has forgotten this hub: remove it with bluetoothctl and "
                                    "put it into pairing mode",
                                v1::SEVERITY_WARNING));
    if (device.bond->isGivenUp())
        found.push_back(problem("passkey-refused",
                                subject + " cannot be paired with its passkey: compare devices." +
                                    device.settings.id +
                                    ".passkey with the six digits printed on it; it is tried once "
                                    "an hour",
                                v1::SEVERITY_WARNING));
    if (const auto lost = events_->untold(device.settings.id); lost > 0)
        found.push_back(
            problem("values-not-kept",
                    fmt::format("{}: {} values that it delivered could not be kept, nor "
                                "the event that tells it: see the store's state",
                                subject, lost),
                    v1::SEVERITY_ALARM));
    if (device.expectation.isOverdue(clock_.steady()))
        found.push_back(problem("measurement-overdue",
                                subject + ": " + device.expectation.standing() +
                                    ": is it used, and is its battery good?",
                                v1::SEVERITY_WARNING));
}

std::vector<v1::Problem> Core::findProblems() const {
    std::vector<v1::Problem> found;
    // Nothing is said before the bus has answered for the first time.
    if (service_.lastError().empty() && service_.state() != Service::State::ready) return found;
    if (service_.state() == Service::State::noBus)
        found.push_back(problem("bus-away", service_.lastError(), v1::SEVERITY_ALARM));
    if (service_.state() == Service::State::noBluez)
        found.push_back(problem("bluez-away", "BlueZ is not running: systemctl status bluetooth",
                                v1::SEVERITY_ALARM));
    if (service_.state() == Service::State::loading && !service_.lastError().empty())
        found.push_back(problem("bluez-away", service_.lastError(), v1::SEVERITY_ALARM));
    if (service_.state() != Service::State::ready) return found;
    if (units_.empty()) {
        const auto text = options_.adapters.empty()
                              ? "no Bluetooth adapter is there: bluetoothctl list"
                              : "none of bluetooth.adapters is there: bluetoothctl list";
        found.push_back(problem("adapter-missing", text, v1::SEVERITY_ALARM));
    }
    for (const auto& [path, unit] : units_) {
        const auto text = unit->problem();
        if (!text.empty())
            found.push_back(
                problem("adapter", "adapter " + unit->name() + ": " + text, v1::SEVERITY_ALARM));
    }
    for (const auto& [path, unit] : units_) addSilence(*unit, found);
    if (!agent_.problem().empty())
        found.push_back(problem("pairing-agent", "pairing does not work: " + agent_.problem(),
                                v1::SEVERITY_WARNING));
    return found;
}

}  // namespace vitalgate::bluez
