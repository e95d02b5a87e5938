#pragma once

#include <system_error>

#include "gateway/base/error.hpp"
#include "gateway/uplink/paho_connection.hpp"

namespace vitalgate::uplink {

/// True if only a look at the network can tell why.
bool isUnexplained(const PahoFailure& failure);

/// Why no session came about, as a sentence that says what to do. `tcp` is what a plain TCP
/// connection to the same address gave afterwards; of no interest unless isUnexplained().
Error connectError(const MqttConnectOptions& options, const PahoFailure& failure,
                   const std::error_code& tcp);

/// The name could not be resolved.
Error resolveError(const BrokerAddress& broker, const std::error_code& error);

/// Nothing came within the limit.
Error silenceError(const MqttConnectOptions& options);

/// A connection that stood has ended.
Error lostError(const BrokerAddress& broker, const std::string& why);

}  // namespace vitalgate::uplink
