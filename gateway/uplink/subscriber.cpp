#include "gateway/uplink/subscriber.hpp"

#include <utility>

namespace vitalgate::uplink {

Subscriber::Subscriber(BrokerSettings settings, Topics topics, MqttTransportFactory factory,
                       Clock& clock, Random& random, Log log)
    : topics_(std::move(topics)),
      connector_(std::move(settings), std::move(factory), clock, random, std::move(log)) {}

void Subscriber::start(SubscriberEvents events) {
    events_ = std::move(events);
    ConnectorEvents link;
    link.prepareWill = [](const auto& begin) { begin(std::nullopt); };
    link.connected = [this](const MqttConnected&) {
        std::vector<MqttSubscription> wanted;
        for (auto& filter : topics_.outgoing()) wanted.push_back({std::move(filter), true});
        connector_.transport().subscribe(std::move(wanted));
    };
    link.subscribed = [this](const Status& status) {
        if (!status) {
            connector_.reconnect(status.error());
        } else if (events_.connected) {
            events_.connected(connector_.broker());
        }
    };
    link.lost = [this](const Error& why) {
        if (events_.disconnected) events_.disconnected(why);
    };
    link.failed = link.lost;
    link.received = [this](const MqttMessage& message) {
        const auto topic = topics_.below(message.topic);
        if (topic && events_.received) events_.received(*topic, message);
    };
    connector_.start(std::move(link));
}

}  // namespace vitalgate::uplink
