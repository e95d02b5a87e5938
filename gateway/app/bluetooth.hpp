#pragma once

#include <memory>

#include "adapters/adapter.hpp"
#include "gateway/app/intake.hpp"
#include "gateway/config/config.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::app {

/// The adapter for Bluetooth devices as the configuration wants it. The intake and the clock must
/// outlive it.
Result<std::unique_ptr<Adapter>> bluetoothAdapter(const config::Config& config,
                                                  const config::CredentialsDirectory& credentials,
                                                  Intake& intake, Clock& clock, const Log& log);

}  // namespace vitalgate::app
