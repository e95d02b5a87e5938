#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "gateway/uplink/mqtt_transport.hpp"

namespace vitalgate::uplink {

/// The retained messages of one uplink, by topic: each is published on every connection and when it
/// changes; only its latest content counts. Pure bookkeeping, asked for what to send next.
class RetainedMessages {
  public:
    /// Numbers from here on are ours: they never meet those of the lanes.
    static constexpr std::uint64_t kFirstNumber = std::uint64_t{1} << 62;
    /// A hub has at most so many devices and topics; further ones are refused.
    static constexpr std::size_t kMaximumTopics = 1024;

    /// The message of the topic `first` goes before all others.
    explicit RetainedMessages(std::string first) : first_(std::move(first)) {}

    /// False if the limit is reached, which does not count for the first topic. An empty payload
    /// removes what the broker keeps.
    bool set(MqttMessage message);
    /// The connection is new: everything is due.
    void connected();
    void disconnected();

    struct Due {
        std::uint64_t number = 0;
        MqttMessage message;
    };
    [[nodiscard]] std::optional<Due> next();
    /// Whether next() would give one.
    [[nodiscard]] bool isDue() const;
    /// The topic, if the number is ours and in flight.
    std::optional<std::string> acknowledged(std::uint64_t number);

    [[nodiscard]] bool isIdle() const { return due_.empty() && inFlight_.empty(); }
    [[nodiscard]] std::size_t inFlight() const { return inFlight_.size(); }

  private:
    void makeDue(const std::string& topic);
    void forgetIfRemoved(const std::string& topic);
    [[nodiscard]] bool isInFlight(const std::string& topic) const;

    std::string first_;
    std::map<std::string, MqttMessage> messages_;
    std::deque<std::string> due_;
    std::map<std::uint64_t, std::string> inFlight_;
    std::uint64_t lastNumber_ = kFirstNumber;
};

}  // namespace vitalgate::uplink
