#pragma once

#include <mqtt/connect_options.h>
#include <mqtt/message.h>

#include <string>

#include "gateway/uplink/mqtt_transport.hpp"

namespace vitalgate::uplink {

/// Our words in the library's and back; may throw what the library throws.
std::string pahoUri(const BrokerAddress& broker, const std::string& host);
mqtt::connect_options pahoConnectOptions(const MqttConnectOptions& options,
                                         const std::string& trustFile);
mqtt::message_ptr pahoMessage(const MqttMessage& message, bool version5);
MqttMessage fromPaho(const mqtt::message& message);

}  // namespace vitalgate::uplink
