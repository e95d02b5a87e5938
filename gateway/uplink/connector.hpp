#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/uplink/back_off.hpp"
#include "gateway/uplink/mqtt_transport.hpp"

namespace vitalgate::uplink {

/// How brokers are reached.
struct BrokerSettings {
    std::vector<BrokerAddress> brokers;  ///< tried in order
    bool allowPlaintext = false;         ///< mqtt and ws also to other machines
    TlsSettings tls;
    std::string user;
    /// Asked before each attempt, so that a new one counts from the next connection on; empty:
    /// none.
    std::function<Result<std::string>()> password;
    std::string clientId;
    bool version5 = true;
    Duration keepAlive = std::chrono::seconds{60};
    Duration sessionExpiry = std::chrono::hours{24};
    Duration retryMaximum = std::chrono::minutes{5};
    Duration connectLimit = std::chrono::seconds{15};
};

/// What a connector tells. `connected`, `lost` and `failed` may call stop().
struct ConnectorEvents {
    /// Asked before each attempt for the last will; the attempt begins when the function given is
    /// called. Empty: no will.
    std::function<void(std::function<void(Result<std::optional<MqttMessage>>)>)> prepareWill;
    std::function<void(const MqttConnected&)> connected;
    std::function<void(const Error&)> lost;
    std::function<void(const Error&)> failed;  ///< one attempt
    std::function<void(std::uint64_t number, int reason)> acknowledged;
    std::function<void(Status)> subscribed;
    /// Also of a connection that the hub is ending or has given up: the broker takes it for
    /// delivered.
    std::function<void(MqttMessage)> received;
};

/// Keeps one connection to the first broker of a list that can be reached: tries them in order,
/// then waits with full jitter from one second up to the longest time allowed, and begins again.
/// The wait starts from the beginning after a connection that stood for a minute.
class Connector {
  public:
    /// Clock and random must outlive it.
    Connector(BrokerSettings settings, MqttTransportFactory factory, Clock& clock, Random& random,
              Log log);
    ~Connector();
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

    void start(ConnectorEvents events);
    /// Ends the connection without a word to the broker, and all attempts. No event comes after it.
    void stop();
    /// Says goodbye first, so that no last will is sent; then as stop().
    void stopCleanly(Duration limit, std::function<void()> done);
    /// Gives the connection up, as if it had been lost for this reason.
    void reconnect(Error why);

    [[nodiscard]] bool isConnected() const { return connectedSince_.has_value(); }
    /// Only while isConnected().
    [[nodiscard]] MqttTransport& transport() { return *transport_; }
    [[nodiscard]] const BrokerAddress& broker() const { return settings_.brokers[broker_]; }
    [[nodiscard]] std::optional<Moment> connectedSince() const { return connectedSince_; }
    /// Of the last attempt or connection that failed; none while all is well.
    [[nodiscard]] const std::optional<Error>& lastError() const { return lastError_; }

  private:
    void attempt();
    void connect(Result<std::optional<MqttMessage>> will);
    void onConnected(const Result<MqttConnected>& result);
    void onLost(const Error& error);
    void onFailed(const Error& error);
    void retryAfter(Duration delay);
    void closeTransport();
    [[nodiscard]] MqttConnectOptions options(std::string password,
                                             std::optional<MqttMessage> will) const;
    [[nodiscard]] MqttEvents transportEvents();

    BrokerSettings settings_;
    MqttTransportFactory factory_;
    Clock& clock_;
    Log log_;
    BackOff backOff_;
    ConnectorEvents events_;
    std::unique_ptr<MqttTransport> transport_;
    std::list<std::unique_ptr<MqttTransport>> closing_;  ///< of which something may still come
    std::size_t broker_ = 0;
    bool running_ = false;
    std::optional<Moment> connectedSince_;
    std::optional<Error> lastError_;
    Timer retry_;
    std::shared_ptr<std::uint64_t> attempt_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace vitalgate::uplink
