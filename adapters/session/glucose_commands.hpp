#pragma once

#include <asio/awaitable.hpp>

#include "adapters/session/glucose_session.hpp"
#include "vitalgate/v1/command.pb.h"

namespace vitalgate::session {

/// Commands to a continuous glucose sensor: its control point, 0x2AAC, and the interval that other
/// devices have as a characteristic. Each gives its final result.
class GlucoseCommands {
  public:
    /// All must outlive it.
    GlucoseCommands(const SessionContext& shared, Exchange& exchange, GlucoseSession& glucose)
        : shared_(shared), exchange_(exchange), glucose_(glucose) {}

    asio::awaitable<v1::CommandResult> calibrate(v1::Command command);
    asio::awaitable<v1::CommandResult> setAlertLimit(v1::Command command);
    asio::awaitable<v1::CommandResult> setInterval(v1::Command command);
    asio::awaitable<v1::CommandResult> startMeasurement(v1::Command command);
    asio::awaitable<v1::CommandResult> stopMeasurement(v1::Command command);

  private:
    asio::awaitable<v1::CommandResult> write(Bytes request);

    const SessionContext& shared_;
    Exchange& exchange_;
    GlucoseSession& glucose_;
};

}  // namespace vitalgate::session
