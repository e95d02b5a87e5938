#include "gateway/app/hub_commands.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/commands/kinds.hpp"

namespace vitalgate::app {

namespace {

constexpr std::array<std::string_view, 4> kOwnKinds{"get-status", "list-devices", "describe-device",
                                                    "replay"};

bool isForDevice(const v1::Command& command) {
    return std::ranges::any_of(kDeviceCommands, [&command](const DeviceCommandKind& row) {
        return row.kind == command.kind_case();
    });
}

v1::CommandSpec specOf(std::string_view kind, bool waitsForDevice) {
    v1::CommandSpec spec;
    spec.set_kind(std::string{kind});
    spec.set_waits_for_device(waitsForDevice);
    const auto* row = commands::findKind(kind);
    spec.set_own_permission(row != nullptr && row->ownPermission);
    return spec;
}

v1::CommandResult refused(v1::CommandRefusal refusal, std::string text) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_REFUSED);
    result.set_refusal(refusal);
    result.set_text(std::move(text));
    return result;
}

asio::awaitable<v1::CommandResult> given(v1::CommandResult result) {
    co_return result;
}

}  // namespace

std::vector<v1::CommandSpec> HubCommands::specs() {
    std::vector<v1::CommandSpec> specs;
    for (const auto kind : kOwnKinds) specs.push_back(specOf(kind, false));
    for (const auto& row : kDeviceCommands) specs.push_back(specOf(row.word, true));
    return specs;
}

/// No coroutine itself: a device may keep the command waiting for longer than this object lives.
asio::awaitable<v1::CommandResult> HubCommands::run(v1::Command command, std::string uplink) {
    if (isForDevice(command)) return execute_(std::move(command));
    if (command.has_replay()) return replay_(std::move(command), std::move(uplink));
    return given(answer(command, uplink));
}

v1::CommandResult HubCommands::answer(const v1::Command& command, const std::string& uplink) const {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_DONE);
    switch (command.kind_case()) {
        case v1::Command::kGetStatus:
            *result.mutable_status() = status_(uplink);
            return result;
        case v1::Command::kListDevices: {
            auto& devices = *result.mutable_devices();
            for (auto& device : devices_()) *devices.add_devices() = std::move(device);
            return result;
        }
        case v1::Command::kDescribeDevice:
            return describe(command.device());
        default:
            return refused(v1::REFUSAL_NOT_SUPPORTED, "this hub cannot do that");
    }
}

v1::CommandResult HubCommands::describe(const std::string& id) const {
    for (auto& device : devices_()) {
        if (device.device() != id) continue;
        v1::CommandResult result;
        result.set_state(v1::COMMAND_DONE);
        *result.mutable_device_descriptor() = std::move(device);
        return result;
    }
    return refused(v1::REFUSAL_UNKNOWN_DEVICE, "this hub serves no device of that id");
}

}  // namespace vitalgate::app
