#pragma once

#include <functional>
#include <string>

#include "gateway/uplink/connector.hpp"
#include "gateway/uplink/topics.hpp"

namespace vitalgate::uplink {

struct SubscriberEvents {
    /// Every message of the hub, with the topic below the root: "readings/cuff/blood-pressure".
    std::function<void(const std::string& topic, const MqttMessage& message)> received;
    std::function<void(const BrokerAddress& broker)> connected;
    /// It tries again by itself; stop() ends that.
    std::function<void(const Error& why)> disconnected;
};

/// A consumer of everything one hub publishes: readings, events, results, batches, status and
/// devices. For people who watch; a service keeps what it has seen by sequence.
class Subscriber {
  public:
    /// `settings.clientId` must differ from the hub's own, else the broker throws the hub out.
    Subscriber(BrokerSettings settings, Topics topics, MqttTransportFactory factory, Clock& clock,
               Random& random, Log log);

    void start(SubscriberEvents events);
    void stop() { connector_.stop(); }
    void stopCleanly(Duration limit, std::function<void()> done) {
        connector_.stopCleanly(limit, std::move(done));
    }

  private:
    Topics topics_;
    SubscriberEvents events_;
    Connector connector_;
};

}  // namespace vitalgate::uplink
