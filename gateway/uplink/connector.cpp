#include "gateway/uplink/connector.hpp"

#include <utility>

namespace vitalgate::uplink {
namespace {

constexpr Duration kStable = std::chrono::minutes{1};

}  // namespace

Connector::Connector(BrokerSettings settings, MqttTransportFactory factory, Clock& clock,
                     Random& random, Log log)
    : settings_(std::move(settings)),
      factory_(std::move(factory)),
      clock_(clock),
      log_(std::move(log)),
      backOff_(settings_.retryMaximum, random) {}

Connector::~Connector() {
    stop();
}

void Connector::start(ConnectorEvents events) {
    events_ = std::move(events);
    running_ = true;
    broker_ = 0;
    retryAfter(Duration::zero());
}

void Connector::stop() {
    running_ = false;
    ++*attempt_;
    retry_.cancel();
    connectedSince_.reset();
    transport_.reset();
    closing_.clear();
}

void Connector::closeTransport() {
    if (!transport_) return;
    const auto closing = closing_.insert(closing_.end(), std::move(transport_));
    (*closing)->close([this, closing] { closing_.erase(closing); });
}

void Connector::stopCleanly(Duration limit, std::function<void()> done) {
    if (!isConnected()) {
        stop();
        retry_ = clock_.after(Duration::zero(), std::move(done));
        return;
    }
    running_ = false;
    ++*attempt_;
    connectedSince_.reset();
    transport_->disconnect(limit, [this, done = std::move(done)] {
        stop();
        done();
    });
}

void Connector::reconnect(Error why) {
    if (isConnected()) onLost(why);
}

void Connector::attempt() {
    const auto number = ++*attempt_;
    const auto& next = broker();
    if (!next.isEncrypted() && !next.isLoopback() && !settings_.allowPlaintext) {
        onFailed({ErrorKind::invalid,
                  fmt::format("{} would be reached without encryption: use mqtts, or set "
                              "allow-plaintext",
                              next.text())});
        return;
    }
    events_.prepareWill([this, number, known = std::weak_ptr(attempt_)](auto will) {
        const auto current = known.lock();
        if (current && *current == number) connect(std::move(will));
    });
}

void Connector::connect(Result<std::optional<MqttMessage>> will) {
    if (!will) {
        onFailed(will.error());
        return;
    }
    auto password = settings_.password ? settings_.password() : std::string{};
    if (!password) {
        onFailed(password.error());
        return;
    }
    transport_ = factory_();
    transport_->connect(options(std::move(*password), std::move(*will)), transportEvents());
}

MqttConnectOptions Connector::options(std::string password, std::optional<MqttMessage> will) const {
    MqttConnectOptions options;
    options.broker = broker();
    options.clientId = settings_.clientId;
    options.version5 = settings_.version5;
    options.user = settings_.user;
    options.password = std::move(password);
    options.tls = settings_.tls;
    options.keepAlive = settings_.keepAlive;
    options.sessionExpiry = settings_.sessionExpiry;
    options.limit = settings_.connectLimit;
    options.will = std::move(will);
    return options;
}

MqttEvents Connector::transportEvents() {
    MqttEvents events;
    events.connected = [this](const Result<MqttConnected>& result) { onConnected(result); };
    events.lost = [this](const Error& error) { onLost(error); };
    events.acknowledged = [this](std::uint64_t number, int reason) {
        if (events_.acknowledged) events_.acknowledged(number, reason);
    };
    events.subscribed = [this](Status status) {
        if (events_.subscribed) events_.subscribed(std::move(status));
    };
    events.received = [this](MqttMessage message) {
        if (events_.received) events_.received(std::move(message));
    };
    return events;
}

void Connector::onConnected(const Result<MqttConnected>& result) {
    if (!running_) return;
    if (!result) {
        onFailed(result.error());
        return;
    }
    connectedSince_ = clock_.now();
    lastError_.reset();
    log_.info("connected to {}{}", broker().text(),
              result->sessionPresent ? ", which kept the session" : "");
    events_.connected(*result);
}

void Connector::onLost(const Error& error) {
    if (!isConnected()) return;
    if (clock_.steady() - connectedSince_->uptime >= kStable) backOff_.reset();
    connectedSince_.reset();
    closeTransport();
    lastError_ = error;
    log_.warning("connection lost: {}", error.message);
    broker_ = 0;
    retryAfter(backOff_.next());
    events_.lost(error);
}

void Connector::onFailed(const Error& error) {
    closeTransport();
    // The same sentence every five minutes for a week helps nobody.
    if (lastError_ == error) {
        log_.debug("not connected: {}", error.message);
    } else {
        log_.warning("not connected: {}", error.message);
    }
    lastError_ = error;
    broker_ = (broker_ + 1) % settings_.brokers.size();
    retryAfter(broker_ == 0 ? backOff_.next() : Duration::zero());
    events_.failed(error);
}

void Connector::retryAfter(Duration delay) {
    if (!running_) return;
    retry_ = clock_.after(delay, [this] { attempt(); });
}

}  // namespace vitalgate::uplink
