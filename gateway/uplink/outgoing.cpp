#include "gateway/uplink/outgoing.hpp"

#include <fmt/format.h>

#include <utility>

namespace vitalgate::uplink {

std::string contentTypeOf(std::string_view message) {
    return fmt::format("application/protobuf; proto=vitalgate.v1.{}", message);
}

MqttMessage outgoing(std::string topic, std::string payload, std::string_view messageType,
                     bool retained) {
    MqttMessage message;
    message.topic = std::move(topic);
    message.payload = std::move(payload);
    message.retained = retained;
    message.contentType = contentTypeOf(messageType);
    message.userProperties.emplace("schema", kSchema);
    return message;
}

}  // namespace vitalgate::uplink
