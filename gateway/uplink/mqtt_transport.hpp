#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/broker_address.hpp"
#include "gateway/base/bytes.hpp"
#include "gateway/base/error.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::uplink {

/// For mqtts and wss. Never weaker than TLS 1.2; the broker's certificate is always verified:
/// chain, time, and its name as a subject alternative name (a name only in CN does not count).
struct TlsSettings {
    std::string caFile;           ///< PEM; empty: the system's trust store
    std::string certificateFile;  ///< PEM, the hub's own with its chain; empty: none
    std::string keyFile;          ///< PEM
    std::string serverName;       ///< what the certificate must name; empty: the broker's host
    std::string revocationFile;   ///< PEM, a revocation list of the CA; empty: none. Needs caFile
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

struct MqttSubscription {
    std::string filter;
    /// True: what is retained comes at once. False: it does not (MQTT 5), or comes with its flag
    /// set (3.1.1 cannot leave it out).
    bool retainedWanted = false;
};

struct MqttConnectOptions {
    BrokerAddress broker;
    std::string clientId;
    bool version5 = true;
    std::string user;  ///< empty: none
    std::string password;
    TlsSettings tls;
    Duration keepAlive = std::chrono::seconds{60};
    Duration sessionExpiry = std::chrono::hours{24};  ///< zero: a clean session
    std::optional<MqttMessage> will;
    Duration willDelay = std::chrono::seconds{30};
    std::uint16_t receiveMaximum = 16;
    std::uint32_t maximumPacketBytes = 64 * 1024;
    /// For each of: name resolution, and TCP, TLS and CONNACK together.
    Duration limit = std::chrono::seconds{15};
};

struct MqttConnected {
    bool sessionPresent = false;
    std::uint16_t receiveMaximum = 65535;
    std::uint32_t maximumPacketBytes = 0;  ///< 0: no limit was named
};

/// What a transport tells; every call comes on the loop's thread. Each may be empty.
struct MqttEvents {
    /// Exactly once: connected, or why not. ErrorKind::authentication: credentials or certificates
    /// are wrong and a person must act; everything else may pass by itself.
    std::function<void(Result<MqttConnected>)> connected;
    /// At most once, after a connection stood.
    std::function<void(Error)> lost;
    /// The broker answered the publish with this number; `reason` is MQTT 5's, 0 is success.
    std::function<void(std::uint64_t number, int reason)> acknowledged;
    std::function<void(Status)> subscribed;
    /// The library acknowledges it by itself. So it also comes while the hub ends the connection:
    /// after disconnect() until its `done`, and after close() likewise.
    std::function<void(MqttMessage)> received;
};

/// One connection to one broker, good for one attempt: the seam between our delivery rules and the
/// MQTT library. Destroying it at any moment, also during name resolution or a TLS handshake, and
/// from inside one of its events, returns at once and silences all events. What the library
/// acknowledges before its client is gone is lost then: close() first.
class MqttTransport {
  public:
    virtual ~MqttTransport() = default;
    virtual void connect(const MqttConnectOptions& options, MqttEvents events) = 0;
    /// Only while connected. What was not acknowledged when the connection ends is forgotten.
    virtual void publish(std::uint64_t number, MqttMessage message) = 0;
    /// All with QoS 1; answered by one `subscribed`.
    virtual void subscribe(std::vector<MqttSubscription> subscriptions) = 0;
    /// A clean end: the broker does not send the last will. `done` at the latest after `limit`.
    virtual void disconnect(Duration limit, std::function<void()> done) = 0;
    /// An end without a word to the broker. Nothing is told any more but `received`: what the
    /// broker takes for delivered must be taken. `done` when nothing more can come, which has no
    /// limit; it may destroy the transport.
    virtual void close(std::function<void()> done) = 0;
};

using MqttTransportFactory = std::function<std::unique_ptr<MqttTransport>()>;

}  // namespace vitalgate::uplink
