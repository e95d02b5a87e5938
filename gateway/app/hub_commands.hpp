#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "gateway/commands/target.hpp"

namespace vitalgate::app {

/// All commands of this hub: those that it answers itself, and those that a device runs.
class HubCommands final : public commands::CommandTarget {
  public:
    /// As the uplink of that name would publish it.
    using Status = std::function<v1::HubStatus(const std::string& uplink)>;
    using Devices = std::function<std::vector<v1::DeviceDescriptor>()>;
    /// Adapter::execute().
    using Execute = std::function<asio::awaitable<v1::CommandResult>(v1::Command command)>;

    /// Replays::run().
    using Replay =
        std::function<asio::awaitable<v1::CommandResult>(v1::Command command, std::string uplink)>;

    HubCommands(Status status, Devices devices, Execute execute, Replay replay)
        : status_(std::move(status)),
          devices_(std::move(devices)),
          execute_(std::move(execute)),
          replay_(std::move(replay)) {}

    [[nodiscard]] std::vector<v1::CommandSpec> commands() const override { return specs(); }
    asio::awaitable<v1::CommandResult> run(v1::Command command, std::string uplink) override;

    [[nodiscard]] static std::vector<v1::CommandSpec> specs();

  private:
    [[nodiscard]] v1::CommandResult answer(const v1::Command& command,
                                           const std::string& uplink) const;
    [[nodiscard]] v1::CommandResult describe(const std::string& id) const;

    Status status_;
    Devices devices_;
    Execute execute_;
    Replay replay_;
};

}  // namespace vitalgate::app
