#include "adapters/bluez/device_commands.hpp"

#include <algorithm>

#include "adapters/bluez/core.hpp"

// The part of Core that brings commands to devices.

namespace vitalgate::bluez {

namespace {

v1::CommandResult refused(v1::CommandRefusal refusal, std::string text) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_REFUSED);
    result.set_refusal(refusal);
    result.set_text(std::move(text));
    return result;
}

v1::CommandResult stopping() {
    return refused(v1::REFUSAL_BUSY, "the hub is stopping");
}

v1::CommandResult notThere(Duration waited) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_FAILED);
    result.set_failure(v1::FAILURE_UNREACHABLE);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(waited);
    result.set_text(fmt::format("the device was not there within {}", formatDuration(seconds)));
    return result;
}

v1::CommandResult afterWait(const Error& error, Duration waited) {
    switch (error.kind) {
        case ErrorKind::full:
            return refused(v1::REFUSAL_BUSY, error.message);
        case ErrorKind::cancelled:
            return stopping();
        default:
            return notThere(waited);
    }
}

const DeviceCommandKind* findKind(const v1::Command& command) {
    const auto found =
        std::ranges::find(kDeviceCommands, command.kind_case(), &DeviceCommandKind::kind);
    return found == kDeviceCommands.end() ? nullptr : &*found;
}

bool offers(const v1::DeviceDescriptor& descriptor, std::string_view word) {
    return std::ranges::any_of(descriptor.commands(),
                               [word](const v1::CommandSpec& spec) { return spec.kind() == word; });
}

}  // namespace

asio::awaitable<Result<WaitingCommands::SessionPtr>> WaitingCommands::wait(Clock& clock,
                                                                           std::string device,
                                                                           Duration limit) {
    if (isStopped_) co_return fail(ErrorKind::cancelled, "the hub is stopping");
    if (waiting_[device].size() >= kMostOfDevice) {
        co_return fail(ErrorKind::full, "{} commands wait for the device", kMostOfDevice);
    }
    const Answer<SessionPtr> answer;
    const auto number = ++count_;
    waiting_[device].emplace(number, answer);
    auto session = co_await answer.wait(clock, limit);
    const auto others = waiting_.find(device);
    others->second.erase(number);
    if (others->second.empty()) waiting_.erase(others);
    co_return session;
}

void WaitingCommands::onConversation(const std::string& device, const SessionPtr& session) {
    const auto found = waiting_.find(device);
    if (found == waiting_.end()) return;
    for (const auto& [number, answer] : found->second) answer.set(session);
}

void WaitingCommands::stop() {
    isStopped_ = true;
    for (const auto& [device, answers] : waiting_) {
        for (const auto& [number, answer] : answers) {
            answer.set(fail(ErrorKind::cancelled, "the hub is stopping"));
        }
    }
}

asio::awaitable<v1::CommandResult> Core::execute(std::shared_ptr<Core> core, v1::Command command) {
    // However it ends: a stop waits for it.
    const RunningCommand running(*core);
    auto result = co_await core->runCommand(std::move(command));
    result.set_final(true);
    co_return result;
}

asio::awaitable<v1::CommandResult> Core::runCommand(v1::Command command) {
    if (auto refusal = refusalOf(command)) co_return std::move(*refusal);
    const auto patience = patienceFor(command);
    const auto until = clock_.steady() + patience;
    WaitingCommands::SessionPtr last;
    for (;;) {
        auto session = sessionOf(command.device());
        if (!session || session == last) {
            const auto left = std::max(until - clock_.steady(), Duration::zero());
            const auto next = co_await waiting_.wait(clock_, command.device(), left);
            if (!next) co_return afterWait(next.error(), patience);
            session = *next;
        }
        if (clock_.steady() > until) co_return notThere(patience);
        auto result = co_await session->execute(command);
        // A conversation that ended before has not begun it: the next one may.
        if (result.failure() != v1::FAILURE_UNREACHABLE) co_return result;
        last = session;
    }
}

std::optional<v1::CommandResult> Core::refusalOf(const v1::Command& command) const {
    if (stopping_) return stopping();
    const auto* device = deviceNamed(command.device());
    if (device == nullptr) {
        return refused(v1::REFUSAL_UNKNOWN_DEVICE, "this hub serves no device of that id");
    }
    if (!device->settings.enabled) {
        return refused(v1::REFUSAL_DISABLED, "the device is disabled in the configuration");
    }
    const auto* kind = findKind(command);
    if (kind == nullptr) {
        return refused(v1::REFUSAL_NOT_SUPPORTED, "this is not a command for a device");
    }
    const auto& talk = device->conversation;
    const bool isKnown = device->isExplored || (talk && talk->session->wasReady());
    if (isKnown && !offers(descriptor(*device), kind->word)) {
        return refused(
            v1::REFUSAL_NOT_SUPPORTED,
            fmt::format("the device cannot do {}: see its descriptor for what it can", kind->word));
    }
    return std::nullopt;
}

/// The wall clock is asked once: if it is set meanwhile, the wait stays as long as it was.
Duration Core::patienceFor(const v1::Command& command) const {
    if (!command.has_not_after()) return kLongestWait;
    const auto valid = fromTimestamp(command.not_after()) - clock_.wall();
    return std::clamp<Duration>(valid, Duration::zero(), kLongestWait);
}

const Core::Device* Core::deviceNamed(const std::string& id) const {
    const auto found = std::ranges::find_if(
        devices_, [&id](const auto& entry) { return entry.second.settings.id == id; });
    return found == devices_.end() ? nullptr : &found->second;
}

WaitingCommands::SessionPtr Core::sessionOf(const std::string& device) const {
    const auto* found = deviceNamed(device);
    return found != nullptr && found->conversation ? found->conversation->session : nullptr;
}

}  // namespace vitalgate::bluez
