#pragma once

#include <string>
#include <string_view>

#include "gateway/uplink/mqtt_transport.hpp"

namespace vitalgate::uplink {

/// Content types of what an uplink publishes.
inline constexpr std::string_view kSchema = "1.0";
std::string contentTypeOf(std::string_view message);

/// What the hub publishes, with the properties that each message carries.
MqttMessage outgoing(std::string topic, std::string payload, std::string_view messageType,
                     bool retained);

}  // namespace vitalgate::uplink
