#pragma once

#include <functional>
#include <vector>

#include "adapters/adapter.hpp"
#include "gateway/commands/target.hpp"

namespace vitalgate::app {

/// The commands that the hub answers itself.
class HubCommands final : public commands::CommandTarget {
  public:
    using Status = std::function<v1::HubStatus()>;
    using Devices = std::function<std::vector<v1::DeviceDescriptor>()>;

    HubCommands(Status status, Devices devices)
        : status_(std::move(status)), devices_(std::move(devices)) {}

    [[nodiscard]] std::vector<v1::CommandSpec> commands() const override { return specs(); }
    asio::awaitable<v1::CommandResult> run(v1::Command command) override;

    [[nodiscard]] static std::vector<v1::CommandSpec> specs();

  private:
    Status status_;
    Devices devices_;
};

}  // namespace vitalgate::app
