#pragma once

#include <algorithm>
#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/uplink/mqtt_transport.hpp"

namespace vitalgate::testing {

/// A broker in the hands of a test, behind the transport's interface: in virtual time, without a
/// network. It remembers everything that reached it.
class ScriptedBroker {
  public:
    struct Published {
        std::uint64_t number = 0;
        std::size_t attempt = 0;  ///< index into attempts
        uplink::MqttMessage message;
    };

    explicit ScriptedBroker(asio::any_io_executor loop) : loop_(std::move(loop)) {}

    uplink::MqttTransportFactory factory() {
        return [this] { return std::make_unique<Transport>(*this); };
    }

    // How it behaves.
    std::optional<Error> refusal;  ///< none: it takes everybody in
    bool answers = true;           ///< false: connecting leads to nothing at all
    uplink::MqttConnected welcome;
    bool acknowledges = true;  ///< at once; else acknowledge() does
    bool closesAtOnce = true;  ///< false: what was given up is gone when endClosing() is called
    Status subscription;
    bool answersSubscriptions = true;
    std::function<int(const uplink::MqttMessage&)> judge;  ///< the reason for a publish; none: 0

    // What happened.
    std::vector<uplink::MqttConnectOptions> attempts;
    std::vector<Published> published;
    std::vector<uplink::MqttSubscription> subscriptions;
    std::size_t goodbyes = 0;
    std::size_t mostInFlight = 0;

    [[nodiscard]] bool isConnected() const { return current_ != nullptr && connected_; }
    [[nodiscard]] std::vector<Published> below(const std::string& topicPart) const {
        std::vector<Published> found;
        for (const auto& entry : published) {
            if (entry.message.topic.find(topicPart) != std::string::npos) found.push_back(entry);
        }
        return found;
    }

    void acknowledge(std::uint64_t number, int reason = 0) {
        if (unacknowledged_.erase(number) == 0) return;
        tell([number, reason](const uplink::MqttEvents& events) {
            if (events.acknowledged) events.acknowledged(number, reason);
        });
    }
    void acknowledgeAll() {
        const auto numbers = unacknowledged_;
        for (const auto number : numbers) acknowledge(number);
    }
    [[nodiscard]] const std::set<std::uint64_t>& unacknowledged() const { return unacknowledged_; }
    void cut() {
        tell([](const uplink::MqttEvents& events) {
            if (events.lost) events.lost({ErrorKind::disconnected, "the line was cut"});
        });
        connected_ = false;
    }
    void deliver(uplink::MqttMessage message) {
        tell([message = std::move(message)](const uplink::MqttEvents& events) {
            if (events.received) events.received(message);
        });
    }
    /// On a connection that the hub has given up and that is not gone.
    void deliverLate(uplink::MqttMessage message) {
        asio::post(loop_, [weak = closing_, message = std::move(message)] {
            if (const auto events = weak.lock()) events->received(message);
        });
    }
    void endClosing() {
        if (endClosing_) asio::post(loop_, std::exchange(endClosing_, nullptr));
    }

  private:
    class Transport final : public uplink::MqttTransport {
      public:
        explicit Transport(ScriptedBroker& broker) : broker_(broker) {}
        ~Transport() override {
            if (broker_.current_ == this) broker_.current_ = nullptr;
        }
        void connect(const uplink::MqttConnectOptions& options,
                     uplink::MqttEvents events) override {
            events_ = std::make_shared<uplink::MqttEvents>(std::move(events));
            broker_.connect(*this, options);
        }
        void publish(std::uint64_t number, uplink::MqttMessage message) override {
            broker_.publish(number, std::move(message));
        }
        void subscribe(std::vector<uplink::MqttSubscription> subscriptions) override {
            for (auto& entry : subscriptions) broker_.subscriptions.push_back(std::move(entry));
            if (!broker_.answersSubscriptions) return;
            broker_.tell([status = broker_.subscription](const uplink::MqttEvents& events) {
                if (events.subscribed) events.subscribed(status);
            });
        }
        void disconnect(Duration, std::function<void()> done) override {
            ++broker_.goodbyes;
            broker_.connected_ = false;
            asio::post(broker_.loop_, [weak = std::weak_ptr(events_), done = std::move(done)] {
                if (!weak.expired()) done();
            });
        }
        void close(std::function<void()> done) override {
            if (broker_.current_ == this) broker_.current_ = nullptr;
            auto left = std::make_shared<uplink::MqttEvents>();
            if (events_) left->received = events_->received;
            events_ = std::move(left);
            broker_.closing_ = events_;
            broker_.endClosing_ = [weak = std::weak_ptr(events_), done = std::move(done)] {
                if (!weak.expired()) done();
            };
            if (broker_.closesAtOnce) broker_.endClosing();
        }
        std::shared_ptr<uplink::MqttEvents> events_;

      private:
        ScriptedBroker& broker_;
    };

    void connect(Transport& transport, const uplink::MqttConnectOptions& options) {
        attempts.push_back(options);
        current_ = &transport;
        connected_ = false;
        unacknowledged_.clear();
        if (!answers) return;
        if (refusal) {
            tell([why = *refusal](const uplink::MqttEvents& events) {
                events.connected(std::unexpected(why));
            });
            return;
        }
        connected_ = true;
        tell([hello = welcome](const uplink::MqttEvents& events) { events.connected(hello); });
    }

    void publish(std::uint64_t number, uplink::MqttMessage message) {
        const int reason = judge ? judge(message) : 0;
        published.push_back({number, attempts.size() - 1, std::move(message)});
        unacknowledged_.insert(number);
        mostInFlight = std::max(mostInFlight, unacknowledged_.size());
        if (acknowledges || reason != 0) acknowledge(number, reason);
    }

    /// As a transport does: on the loop, unless the transport is gone by then.
    void tell(std::function<void(const uplink::MqttEvents&)> call) {
        if (current_ == nullptr) return;
        asio::post(loop_, [weak = std::weak_ptr(current_->events_), call = std::move(call)] {
            if (const auto events = weak.lock()) call(*events);
        });
    }

    asio::any_io_executor loop_;
    Transport* current_ = nullptr;
    bool connected_ = false;
    std::weak_ptr<uplink::MqttEvents> closing_;
    std::function<void()> endClosing_;
    std::set<std::uint64_t> unacknowledged_;
};

}  // namespace vitalgate::testing
