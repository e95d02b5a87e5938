#include "gateway/uplink/lane_limits.hpp"

#include <algorithm>

#include "gateway/uplink/batch.hpp"

namespace vitalgate::uplink {
namespace {

/// What MQTT adds to a payload at most: header, topic, properties.
constexpr std::size_t kPacketOverhead = 1024;
constexpr std::size_t kLargestPacket = 256 * 1024 * 1024 - 1;  // MQTT 5.0 section 2.1.4

}  // namespace

LaneLimits limitsWith(const LaneLimits& wanted, const MqttConnected& connection) {
    LaneLimits limits;
    limits.window = std::clamp<std::size_t>(connection.receiveMaximum, 1, wanted.window);
    const auto packet =
        connection.maximumPacketBytes == 0 ? kLargestPacket : connection.maximumPacketBytes;
    limits.maximumBytes = packet > 2 * kPacketOverhead ? packet - kPacketOverhead : packet / 2;
    limits.batchBytes =
        std::clamp<std::size_t>(limits.maximumBytes, 2 * kBatchHeaderBytes, wanted.batchBytes);
    return limits;
}

}  // namespace vitalgate::uplink
