#pragma once

#include <mqtt/async_client.h>

#include <memory>
#include <string>

#include "gateway/uplink/loop_outlet.hpp"
#include "gateway/uplink/mqtt_transport.hpp"
#include "gateway/uplink/tls_verifier.hpp"

namespace vitalgate::uplink {

/// Why an attempt failed, as the library tells it.
struct PahoFailure {
    int code = 0;             ///< of the library, or of CONNACK with 3.1.1
    int reason = 0;           ///< of CONNACK with MQTT 5
    std::string certificate;  ///< why the broker's certificate was refused; empty if it was not
    Status setup;             ///< what was wrong before the network was touched
};

/// What the uplink thread and the library's own threads tell the loop.
class PahoEvents {
  public:
    virtual ~PahoEvents() = default;
    /// The network is touched from now on.
    virtual void onBegun() = 0;
    virtual void onConnected(const MqttConnected& connection) = 0;
    virtual void onFailed(const PahoFailure& failure) = 0;
    virtual void onLost(const std::string& why) = 0;
    virtual void onAcknowledged(std::uint64_t number, int reason) = 0;
    virtual void onSubscribed(bool accepted) = 0;
    virtual void onReceived(const MqttMessage& message) = 0;
    virtual void onDisconnected() = 0;
    /// The client is gone: nothing else is told after it.
    virtual void onClosed() = 0;
};

using PahoOutlet = LoopOutlet<PahoEvents>;

/// One client of the library. Every function runs on the uplink thread; nothing is thrown.
class PahoConnection : public std::enable_shared_from_this<PahoConnection> {
  public:
    /// The verifier lives as long as the uplink thread runs.
    PahoConnection(TlsVerifier& tls, std::shared_ptr<PahoOutlet> outlet);
    ~PahoConnection();

    /// `host` is a resolved address, or the broker's own name where TLS must tell it.
    void connect(MqttConnectOptions options, std::string host);
    /// The handshake is over: the next one to this host may begin.
    void endHandshake();
    void publish(std::uint64_t number, const MqttMessage& message);
    void subscribe(const std::vector<MqttSubscription>& subscriptions);
    void disconnect(Duration limit);
    /// Ends the client, which may take a while, and tells.
    void close();

  private:
    class Listeners;

    void begin(Status ready);
    [[nodiscard]] Result<std::string> trustFile();
    void failed(Status why);

    TlsVerifier& tls_;
    std::shared_ptr<PahoOutlet> outlet_;
    MqttConnectOptions options_;
    std::string host_;
    int trustMemory_ = -1;  ///< CA and revocation list as one file, in memory
    std::unique_ptr<Listeners> listeners_;
    std::unique_ptr<mqtt::async_client> client_;
};

}  // namespace vitalgate::uplink
