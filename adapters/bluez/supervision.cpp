#include <algorithm>

#include "adapters/bluez/core.hpp"

// The part of Core that sees to it that there is something to hear.

namespace vitalgate::bluez {

namespace {

std::uint64_t milliseconds(Duration duration) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

const char* stepText(v1::Step step) {
    switch (step) {
        case v1::STEP_RESTART_DISCOVERY:
            return "discovery is started anew";
        case v1::STEP_NEW_SESSION:
            return "a new discovery session is begun";
        case v1::STEP_POWER_CYCLE:
            return "it is switched off and on";
        case v1::STEP_RECONNECT_BUS:
            return "the connection to the bus is made anew";
        default:
            return "the hub cannot help itself";
    }
}

std::string troubleText(const std::string& name, const Supervisor::Action& action) {
    if (action.trouble == Supervisor::Trouble::unanswered)
        return fmt::format("adapter {}: BlueZ does not answer", name);
    const auto silent = std::chrono::floor<std::chrono::seconds>(action.silent);
    return fmt::format("adapter {}: nothing was heard for {}", name, formatDuration(silent));
}

}  // namespace

Supervisor& Core::supervisorOf(const AdapterView& adapter) {
    return supervisors_[adapter.key()];
}

bool Core::worksElsewhere(const AdapterUnit& unit) const {
    return std::ranges::any_of(units_, [&unit](const auto& entry) {
        auto& other = *entry.second;
        return &other != &unit && other.supervisor().everHeard() &&
               other.supervisor().trouble() == Supervisor::Trouble::none;
    });
}

void Core::supervise() {
    const auto now = clock_.steady();
    std::vector<std::string> paths;
    for (const auto& [path, unit] : units_) paths.push_back(path);
    for (const auto& path : paths) {
        const auto unit = units_.find(path);  // the step of another may have taken it away
        if (unit == units_.end()) continue;
        auto& supervisor = unit->second->supervisor();
        const auto action =
            supervisor.look(now, unit->second->shouldHear(), !worksElsewhere(*unit->second));
        if (action) act(*unit->second, *action);
    }
}

void Core::act(AdapterUnit& unit, const Supervisor::Action& action) {
    const auto what = "adapter " + unit.name();
    const auto trouble = troubleText(unit.name(), action);
    if (action.recovered) {
        log_.info("{} works again", what);
        reportSupervision(what, action, v1::SEVERITY_INFO, what + " works again");
        return;
    }
    const auto text = fmt::format("{}: {}", trouble, stepText(action.step));
    log_.warning("{}", text);
    const bool isLast = action.step == v1::STEP_ASK_OPERATOR;
    reportSupervision(what, action, isLast ? v1::SEVERITY_ALARM : v1::SEVERITY_WARNING, text);
    if (action.step == v1::STEP_RECONNECT_BUS) {
        reconnecting_ = true;
        service_.reconnect();  // takes the unit away
        reconnecting_ = false;
    } else {
        unit.take(action.step);
    }
}

/// `key` is what it will be found by; of an adapter its name is given too.
void Core::lose(const std::string& key, const std::string& adapter, const std::string& text) {
    log_.warning("{}", text);
    const auto what = adapter.empty() ? key : "adapter " + adapter;
    const bool isNew = lost_.try_emplace(key, Lost{what, adapter, clock_.steady()}).second;
    if (isNew) reportSupervision(what, {}, v1::SEVERITY_WARNING, text);
}

void Core::find(const std::string& key, const std::string& text) {
    const auto lost = lost_.extract(key);
    if (!lost) return;
    log_.info("{}", text);
    Supervisor::Action back;
    back.recovered = true;
    back.silent = clock_.steady() - lost.mapped().since;
    reportSupervision(lost.mapped().what, back, v1::SEVERITY_INFO, text);
}

void Core::reportSupervision(const std::string& what, const Supervisor::Action& action,
                             v1::Severity severity, const std::string& text) {
    v1::Event event;
    auto& supervision = *event.mutable_supervision();
    supervision.set_what(what);
    supervision.set_step(action.step);
    supervision.set_recovered(action.recovered);
    supervision.set_attempt(action.attempt);
    supervision.set_silent_ms(milliseconds(action.silent));
    events_->write(std::move(event), "", severity, text);
}

}  // namespace vitalgate::bluez
