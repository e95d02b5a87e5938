#pragma once

#include "gateway/uplink/lane_messages.hpp"
#include "gateway/uplink/mqtt_transport.hpp"

namespace vitalgate::uplink {

/// What a connection allows: of window and batches at most what is `wanted`, and no payload for
/// which the broker's largest packet has no room.
LaneLimits limitsWith(const LaneLimits& wanted, const MqttConnected& connection);

}  // namespace vitalgate::uplink
