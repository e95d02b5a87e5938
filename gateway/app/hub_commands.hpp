#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "gateway/commands/target.hpp"

namespace vitalgate::app {

/// The commands that the hub answers itself.
class HubCommands final : public commands::CommandTarget {
  public:
    /// As the uplink of that name would publish it.
    using Status = std::function<v1::HubStatus(const std::string& uplink)>;
    using Devices = std::function<std::vector<v1::DeviceDescriptor>()>;

    HubCommands(Status status, Devices devices)
        : status_(std::move(status)), devices_(std::move(devices)) {}

    [[nodiscard]] std::vector<v1::CommandSpec> commands() const override { return specs(); }
    asio::awaitable<v1::CommandResult> run(v1::Command command, std::string uplink) override;

    [[nodiscard]] static std::vector<v1::CommandSpec> specs();

  private:
    Status status_;
    Devices devices_;
};

}  // namespace vitalgate::app
