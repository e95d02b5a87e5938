#include "gateway/app/hub_commands.hpp"

#include <utility>

namespace vitalgate::app {

std::vector<v1::CommandSpec> HubCommands::specs() {
    std::vector<v1::CommandSpec> specs;
    for (const auto* kind : {"get-status", "list-devices"}) specs.emplace_back().set_kind(kind);
    return specs;
}

asio::awaitable<v1::CommandResult> HubCommands::run(v1::Command command, std::string uplink) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_DONE);
    switch (command.kind_case()) {
        case v1::Command::kGetStatus:
            *result.mutable_status() = status_(uplink);
            break;
        case v1::Command::kListDevices: {
            auto& devices = *result.mutable_devices();
            for (auto& device : devices_()) *devices.add_devices() = std::move(device);
            break;
        }
        default:
            result.set_state(v1::COMMAND_REFUSED);
            result.set_refusal(v1::REFUSAL_NOT_SUPPORTED);
    }
    co_return result;
}

}  // namespace vitalgate::app
