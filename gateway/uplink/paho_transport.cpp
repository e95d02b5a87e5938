#include "gateway/uplink/paho_transport.hpp"

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <optional>
#include <utility>

#include "gateway/uplink/connect_errors.hpp"
#include "gateway/uplink/name_resolver.hpp"
#include "gateway/uplink/paho_connection.hpp"

namespace vitalgate::uplink {
namespace {

constexpr Duration kProbeLimit = std::chrono::seconds{3};
/// After it has told of a failure, the library still looks up the failed client by its socket's
/// number; a new connection whose socket has got the same number would be closed in its place.
constexpr Duration kSettling = std::chrono::milliseconds{200};
/// How many attempts of other connections to the same host one may have to wait for (TlsVerifier).
constexpr int kMostInFront = 8;

/// The part of a transport that lives on the loop.
class LoopSide final : public PahoEvents, public std::enable_shared_from_this<LoopSide> {
  public:
    LoopSide(UplinkThread& thread, Clock& clock, std::shared_ptr<NameResolver> names)
        : thread_(thread), clock_(clock), names_(std::move(names)), probe_(clock.loop()) {}

    void connect(const MqttConnectOptions& options, MqttEvents events);
    void publish(std::uint64_t number, MqttMessage message);
    void subscribe(std::vector<MqttSubscription> subscriptions);
    void disconnect(Duration limit, std::function<void()> done);
    void close(std::function<void()> done);
    void abandon();

    void onBegun() override;
    void onConnected(const MqttConnected& connection) override;
    void onFailed(const PahoFailure& failure) override;
    void onLost(const std::string& why) override;
    void onAcknowledged(std::uint64_t number, int reason) override;
    void onSubscribed(bool accepted) override;
    void onReceived(const MqttMessage& message) override;
    void onDisconnected() override;
    void onClosed() override;

  private:
    enum class Phase { idle, resolving, connecting, connected, disconnecting, ended };

    void resolve();
    void resolved(const std::error_code& error, const NameResolver::Addresses& found);
    void open(std::string host, asio::ip::tcp::endpoint endpoint);
    void limitTo(Duration limit);
    void endAttempts();
    void explain(const PahoFailure& failure);
    void probe(const PahoFailure& failure);
    void give(Result<MqttConnected> result);

    UplinkThread& thread_;
    Clock& clock_;
    std::shared_ptr<NameResolver> names_;
    asio::ip::tcp::socket probe_;
    asio::ip::tcp::endpoint endpoint_;
    MqttConnectOptions options_;
    MqttEvents events_;
    Phase phase_ = Phase::idle;
    Timer limit_;
    std::function<void()> disconnected_;
    std::function<void()> closed_;
    std::shared_ptr<PahoOutlet> outlet_;
    std::shared_ptr<PahoConnection> connection_;
};

void LoopSide::connect(const MqttConnectOptions& options, MqttEvents events) {
    options_ = options;
    events_ = std::move(events);
    phase_ = Phase::resolving;
    resolve();
}

void LoopSide::resolve() {
    limit_ = clock_.after(options_.limit, [this] {
        give(std::unexpected(resolveError(options_.broker, asio::error::timed_out)));
    });
    names_->resolve(
        options_.broker.host, shared_from_this(),
        [this](const std::error_code& error, const auto& found) { resolved(error, found); });
}

void LoopSide::resolved(const std::error_code& error, const NameResolver::Addresses& found) {
    if (phase_ != Phase::resolving) return;
    if (error || found.empty()) {
        const auto why = error ? error : make_error_code(asio::error::host_not_found);
        give(std::unexpected(resolveError(options_.broker, why)));
        return;
    }
    const auto v4 = std::ranges::find_if(found, [](const auto& entry) { return entry.is_v4(); });
    const asio::ip::tcp::endpoint endpoint(v4 != found.end() ? *v4 : found.front(),
                                           options_.broker.port);
    // TLS and web sockets tell the broker the name that was meant, so there the library must have
    // it; the name was resolved a moment ago, so its own look-up is short.
    const bool nameMatters = options_.broker.scheme != BrokerScheme::mqtt;
    open(nameMatters ? options_.broker.host : endpoint.address().to_string(), endpoint);
}

void LoopSide::open(std::string host, asio::ip::tcp::endpoint endpoint) {
    phase_ = Phase::connecting;
    endpoint_ = endpoint;
    limitTo(options_.limit * kMostInFront);
    outlet_ = std::make_shared<PahoOutlet>(clock_.loop(), weak_from_this());
    connection_ = std::make_shared<PahoConnection>(thread_.tls(), outlet_);
    thread_.post([connection = connection_, options = options_, host = std::move(host)] {
        connection->connect(options, host);
    });
}

/// Ends the attempt with this result; a handler may destroy the transport.
void LoopSide::give(Result<MqttConnected> result) {
    if (phase_ != Phase::resolving && phase_ != Phase::connecting) return;
    limit_.cancel();
    phase_ = result ? Phase::connected : Phase::ended;
    if (connection_) {
        thread_.post([connection = connection_] { connection->endHandshake(); });
    }
    const auto handler = events_.connected;
    if (handler) handler(std::move(result));
}

void LoopSide::limitTo(Duration limit) {
    limit_ = clock_.after(limit, [this] {
        // It may still be in its handshake: only when its client is gone may the next one begin.
        if (connection_) thread_.post([connection = connection_] { connection->close(); });
        give(std::unexpected(silenceError(options_)));
    });
}

/// The time spent waiting for others' handshakes does not count.
void LoopSide::onBegun() {
    if (phase_ != Phase::connecting) return;
    limitTo(options_.limit);
}

void LoopSide::onConnected(const MqttConnected& connection) {
    give(connection);
}

void LoopSide::onFailed(const PahoFailure& failure) {
    if (phase_ != Phase::connecting) return;
    limit_ = clock_.after(kSettling, [this, failure] { explain(failure); });
}

void LoopSide::explain(const PahoFailure& failure) {
    if (isUnexplained(failure)) {
        probe(failure);
    } else {
        give(std::unexpected(connectError(options_, failure, {})));
    }
}

/// The library does not say why a connection failed: a plain one to the same place does.
void LoopSide::probe(const PahoFailure& failure) {
    const auto answer = [self = weak_from_this(), failure](const std::error_code& error) {
        const auto alive = self.lock();
        if (!alive) return;
        std::error_code ignored;
        alive->probe_.close(ignored);
        alive->give(std::unexpected(connectError(alive->options_, failure, error)));
    };
    limit_ = clock_.after(kProbeLimit, [this] { probe_.cancel(); });
    probe_.async_connect(endpoint_, answer);
}

void LoopSide::onLost(const std::string& why) {
    if (phase_ == Phase::disconnecting) {
        onDisconnected();
        return;
    }
    if (phase_ != Phase::connected) return;
    phase_ = Phase::ended;
    const auto handler = events_.lost;
    if (handler) handler(lostError(options_.broker, why));
}

void LoopSide::onAcknowledged(std::uint64_t number, int reason) {
    const auto handler = events_.acknowledged;
    if (phase_ == Phase::connected && handler) handler(number, reason);
}

void LoopSide::onSubscribed(bool accepted) {
    const auto handler = events_.subscribed;
    if (phase_ != Phase::connected || !handler) return;
    handler(accepted ? Status{}
                     : fail(ErrorKind::refused,
                            "{} refuses the subscription: may this client read "
                            "there?",
                            options_.broker.text()));
}

/// In every phase: the library acknowledges it when this was posted, whatever became of us since.
void LoopSide::onReceived(const MqttMessage& message) {
    const auto handler = events_.received;
    if (handler) handler(message);
}

void LoopSide::publish(std::uint64_t number, MqttMessage message) {
    if (phase_ != Phase::connected) return;
    thread_.post([connection = connection_, number, message = std::move(message)] {
        connection->publish(number, message);
    });
}

void LoopSide::subscribe(std::vector<MqttSubscription> subscriptions) {
    if (phase_ != Phase::connected) return;
    thread_.post([connection = connection_, subscriptions = std::move(subscriptions)] {
        connection->subscribe(subscriptions);
    });
}

void LoopSide::disconnect(Duration limit, std::function<void()> done) {
    disconnected_ = std::move(done);
    if (phase_ != Phase::connected) {
        phase_ = Phase::disconnecting;
        limit_ = clock_.after(Duration::zero(), [this] { onDisconnected(); });
        return;
    }
    phase_ = Phase::disconnecting;
    limit_ = clock_.after(limit, [this] { onDisconnected(); });
    thread_.post([connection = connection_, limit] { connection->disconnect(limit); });
}

void LoopSide::onDisconnected() {
    if (phase_ != Phase::disconnecting) return;
    phase_ = Phase::ended;
    limit_.cancel();
    if (const auto done = std::exchange(disconnected_, nullptr)) done();
}

void LoopSide::endAttempts() {
    phase_ = Phase::ended;
    limit_.cancel();
    std::error_code ignored;
    probe_.close(ignored);
}

void LoopSide::close(std::function<void()> done) {
    endAttempts();
    closed_ = std::move(done);
    if (connection_) {
        thread_.post([connection = connection_] { connection->close(); });
    } else {
        limit_ = clock_.after(Duration::zero(), [this] { onClosed(); });
    }
}

void LoopSide::onClosed() {
    if (const auto done = std::exchange(closed_, nullptr)) done();
}

void LoopSide::abandon() {
    endAttempts();
    if (!connection_) return;
    outlet_->close();
    thread_.post([connection = std::move(connection_)] { connection->close(); });
}

class PahoTransport final : public MqttTransport {
  public:
    PahoTransport(UplinkThread& thread, Clock& clock, std::shared_ptr<NameResolver> names)
        : loop_(std::make_shared<LoopSide>(thread, clock, std::move(names))) {}
    ~PahoTransport() override { loop_->abandon(); }

    void connect(const MqttConnectOptions& options, MqttEvents events) override {
        loop_->connect(options, std::move(events));
    }
    void publish(std::uint64_t number, MqttMessage message) override {
        loop_->publish(number, std::move(message));
    }
    void subscribe(std::vector<MqttSubscription> subscriptions) override {
        loop_->subscribe(std::move(subscriptions));
    }
    void disconnect(Duration limit, std::function<void()> done) override {
        loop_->disconnect(limit, std::move(done));
    }
    void close(std::function<void()> done) override { loop_->close(std::move(done)); }

  private:
    std::shared_ptr<LoopSide> loop_;
};

}  // namespace

MqttTransportFactory pahoTransports(UplinkThread& thread, Clock& clock) {
    return [&thread, &clock, names = std::make_shared<NameResolver>(clock)] {
        return std::make_unique<PahoTransport>(thread, clock, names);
    };
}

}  // namespace vitalgate::uplink
