#pragma once

#include "gateway/config/config.hpp"
#include "gateway/uplink/connector.hpp"

namespace vitalgate::cli {

/// How a watcher reaches the broker of an uplink: with the uplink's own credentials, but as a
/// client of its own that leaves nothing behind. Reads the password.
Result<uplink::BrokerSettings> brokerSettings(const config::Uplink& uplink, std::string clientId);

}  // namespace vitalgate::cli
