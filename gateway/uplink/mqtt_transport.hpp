#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/bytes.hpp"
#include "gateway/base/error.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::uplink {

struct TlsSettings {
    bool enabled = false;
    std::string caFile;           ///< empty: the system's trust store
    std::string certificateFile;  ///< empty: none
    std::string keyFile;
    std::string serverName;       ///< empty: the broker's host
    std::string revocationFile;   ///< empty: none
    bool onlyTls13 = false;
};

struct MqttMessage {
    std::string topic;
    std::string payload;
    int qos = 1;
    bool retained = false;
    std::string contentType;
    std::string responseTopic;
    std::string correlation;
    std::optional<std::uint32_t> expirySeconds;
    std::map<std::string, std::string> userProperties;
};

struct MqttConnectOptions {
    std::string uri;  ///< mqtt, mqtts, ws or wss, host a resolved address or name
    std::string host; ///< the name the certificate must carry
    std::string clientId;
    bool version5 = true;
    std::string user;
    std::string password;
    TlsSettings tls;
    Duration keepAlive = std::chrono::seconds{60};
    Duration sessionExpiry = std::chrono::hours{24};
    std::optional<MqttMessage> will;
    Duration willDelay = std::chrono::seconds{30};
    std::uint16_t receiveMaximum = 16;
    std::uint32_t maximumPacketBytes = 64 * 1024;
};

struct MqttConnected {
    bool sessionPresent = false;
    std::uint16_t receiveMaximum = 65535;
    std::uint32_t maximumPacketBytes = 0;  ///< 0: no limit was named
};

/// What a transport tells; every call comes on the loop's thread.
struct MqttEvents {
    std::function<void(Result<MqttConnected>)> connected;
    std::function<void(Error)> lost;
    /// The broker answered the publish with this number; `reason` is MQTT 5's, 0 is success.
    std::function<void(std::uint64_t number, int reason)> acknowledged;
    std::function<void(MqttMessage)> received;
};

/// One connection to one broker, good for one attempt: the seam between our delivery rules and the
/// MQTT library. Destroying it at any moment, also during name resolution or a TLS handshake,
/// returns at once and silences all events.
class MqttTransport {
  public:
    virtual ~MqttTransport() = default;
    virtual void connect(const MqttConnectOptions& options, MqttEvents events) = 0;
    virtual void publish(std::uint64_t number, MqttMessage message) = 0;
    virtual void subscribe(std::vector<std::string> topics) = 0;
    /// A clean end: the broker does not send the last will. `done` at the latest after `limit`.
    virtual void disconnect(Duration limit, std::function<void()> done) = 0;
};

using MqttTransportFactory = std::function<std::unique_ptr<MqttTransport>()>;

}  // namespace vitalgate::uplink
