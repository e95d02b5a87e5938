#pragma once

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "gateway/runtime/clock.hpp"
#include "gateway/uplink/paho_transport.hpp"
#include "tests/support/mosquitto.hpp"
#include "tests/support/run_until.hpp"

namespace vitalgate::uplink {

/// A loop in real time and an uplink thread that is waited for at the end of a test.
struct RealLoop {
    RealLoop() = default;
    ~RealLoop() {
        // Lets the library end its clients, so that leaks would show.
        CHECK(thread.finish(std::chrono::seconds{60}));
    }
    template <class Predicate>
    bool until(Predicate done, std::chrono::milliseconds limit = std::chrono::seconds{10}) {
        return testing::runUntil(loop, done, limit);
    }

    asio::io_context loop;
    SystemClock clock{loop};
    UplinkThread thread;
    MqttTransportFactory factory = pahoTransports(thread, clock);
};

/// Keeps the uplink thread from its next job, as the end of another connection does.
class BusyThread {
  public:
    explicit BusyThread(UplinkThread& thread) {
        thread.post([free = free_.get_future().share()] { free.wait_for(kLimit); });
    }
    ~BusyThread() { release(); }
    void release() {
        if (!std::exchange(isFree_, true)) free_.set_value();
    }

  private:
    static constexpr std::chrono::seconds kLimit{60};  ///< so that who waits for it fails

    std::promise<void> free_;
    bool isFree_ = false;
};

/// One transport and everything it tells.
struct Watched {
    explicit Watched(RealLoop& real) : loop(real), transport(real.factory()) {}

    void begin(const MqttConnectOptions& options) {
        MqttEvents events;
        events.connected = [this](Result<MqttConnected> given) { result = std::move(given); };
        events.lost = [this](Error why) { lost = std::move(why); };
        events.acknowledged = [this](std::uint64_t number, int reason) {
            acknowledged.emplace_back(number, reason);
        };
        events.subscribed = [this](Status status) { subscribed = std::move(status); };
        events.received = [this](MqttMessage message) { received.push_back(std::move(message)); };
        transport->connect(options, std::move(events));
    }
    /// False if nothing came in time.
    bool connect(const MqttConnectOptions& options,
                 std::chrono::milliseconds limit = std::chrono::seconds{10}) {
        begin(options);
        return loop.until([this] { return result.has_value(); }, limit);
    }
    [[nodiscard]] std::string error() const {
        return result && !*result ? result->error().message : "(no error)";
    }
    [[nodiscard]] std::optional<ErrorKind> kind() const {
        return result && !*result ? std::optional{result->error().kind} : std::nullopt;
    }
    bool subscribe(const std::string& filter, bool retained = true) {
        subscribed.reset();
        transport->subscribe({{filter, retained}});
        return loop.until([this] { return subscribed.has_value(); });
    }

    RealLoop& loop;
    std::unique_ptr<MqttTransport> transport;
    std::optional<Result<MqttConnected>> result;
    std::optional<Error> lost;
    std::optional<Status> subscribed;
    std::vector<std::pair<std::uint64_t, int>> acknowledged;
    std::vector<MqttMessage> received;
};

inline MqttConnectOptions plainOptions(std::uint16_t port, std::string clientId = "hub-1",
                                       bool version5 = true) {
    MqttConnectOptions options;
    options.broker = {BrokerScheme::mqtt, "127.0.0.1", port, {}};
    options.clientId = std::move(clientId);
    options.version5 = version5;
    options.limit = std::chrono::seconds{5};
    return options;
}

}  // namespace vitalgate::uplink
