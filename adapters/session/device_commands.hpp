#pragma once

#include <asio/awaitable.hpp>
#include <deque>
#include <span>
#include <vector>

#include "adapters/session/clock_synchronisation.hpp"
#include "adapters/session/device_information.hpp"
#include "adapters/session/exchange.hpp"
#include "adapters/session/glucose_commands.hpp"
#include "adapters/session/record_fetch.hpp"
#include "gateway/runtime/answer.hpp"
#include "vitalgate/v1/command.pb.h"

namespace vitalgate::session {

/// The commands of one device: they wait until the conversation has time for them, and are run one
/// after the other.
class DeviceCommands {
  public:
    /// The parts that run commands.
    struct Parts {
        ClockSynchronisation& clocks;
        DeviceInformation& information;
        RecordFetch& records;
        GlucoseSession& glucose;
    };

    /// All must outlive it.
    DeviceCommands(const SessionContext& shared, Exchange& exchange, const Parts& parts)
        : shared_(shared),
          exchange_(exchange),
          parts_(parts),
          glucose_(shared, exchange, parts.glucose) {}

    /// What the device can be asked.
    [[nodiscard]] std::vector<v1::CommandSpec> offered() const;
    /// Gives the final result of a command, once run() has come to it; FAILURE_UNREACHABLE after
    /// close().
    asio::awaitable<v1::CommandResult> execute(v1::Command command);

    [[nodiscard]] bool areWaiting() const { return !jobs_.empty() && !isClosed_; }
    /// Runs all that wait. An error ends the conversation.
    asio::awaitable<Status> run();
    /// Begins no more, and takes no more.
    void close() { isClosed_ = true; }
    /// Closes, and gives all that wait their result.
    void refuse();

  private:
    struct Job {
        v1::Command command;
        Answer<v1::CommandResult> result;
    };
    using Run = asio::awaitable<v1::CommandResult> (*)(DeviceCommands& commands,
                                                       v1::Command command);
    template <auto member>
    static asio::awaitable<v1::CommandResult> runOwn(DeviceCommands& commands,
                                                     v1::Command command) {
        return (commands.*member)(std::move(command));
    }
    template <auto member>
    static asio::awaitable<v1::CommandResult> runGlucose(DeviceCommands& commands,
                                                         v1::Command command) {
        return (commands.glucose_.*member)(std::move(command));
    }
    struct Row;
    static std::span<const Row> rows();
    [[nodiscard]] bool isOffered(const Row& row) const;
    asio::awaitable<v1::CommandResult> runOne(v1::Command command);
    asio::awaitable<v1::CommandResult> readBattery(v1::Command command);
    asio::awaitable<v1::CommandResult> setClock(v1::Command command);
    asio::awaitable<v1::CommandResult> fetchRecords(v1::Command command);
    asio::awaitable<v1::CommandResult> resetEnergy(v1::Command command);

    const SessionContext& shared_;
    Exchange& exchange_;
    Parts parts_;
    GlucoseCommands glucose_;
    std::deque<Job> jobs_;
    bool isClosed_ = false;
};

}  // namespace vitalgate::session
