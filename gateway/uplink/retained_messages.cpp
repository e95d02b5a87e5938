#include "gateway/uplink/retained_messages.hpp"

#include <algorithm>
#include <utility>

namespace vitalgate::uplink {

bool RetainedMessages::set(MqttMessage message) {
    const auto topic = message.topic;
    const bool isNew = topic != first_ && !messages_.contains(topic);
    if (isNew && messages_.size() >= kMaximumTopics) return false;
    messages_[topic] = std::move(message);
    if (std::find(due_.begin(), due_.end(), topic) == due_.end()) makeDue(topic);
    return true;
}

void RetainedMessages::makeDue(const std::string& topic) {
    if (topic == first_) {
        due_.push_front(topic);
    } else {
        due_.push_back(topic);
    }
}

void RetainedMessages::connected() {
    inFlight_.clear();
    due_.clear();
    for (const auto& [topic, message] : messages_) makeDue(topic);
}

void RetainedMessages::disconnected() {
    inFlight_.clear();
}

bool RetainedMessages::isInFlight(const std::string& topic) const {
    return std::any_of(inFlight_.begin(), inFlight_.end(),
                       [&](const auto& entry) { return entry.second == topic; });
}

bool RetainedMessages::isDue() const {
    return std::any_of(due_.begin(), due_.end(),
                       [this](const std::string& topic) { return !isInFlight(topic); });
}

/// One message a topic in flight, so that an older content never overtakes a newer one.
std::optional<RetainedMessages::Due> RetainedMessages::next() {
    const auto found = std::find_if(
        due_.begin(), due_.end(), [this](const std::string& topic) { return !isInFlight(topic); });
    if (found == due_.end()) return std::nullopt;
    const auto topic = *found;
    due_.erase(found);
    const auto number = ++lastNumber_;
    inFlight_.emplace(number, topic);
    return Due{number, messages_.at(topic)};
}

std::optional<std::string> RetainedMessages::acknowledged(std::uint64_t number) {
    auto found = inFlight_.extract(number);
    if (found.empty()) return std::nullopt;
    forgetIfRemoved(found.mapped());
    return std::move(found.mapped());
}

void RetainedMessages::forgetIfRemoved(const std::string& topic) {
    const auto message = messages_.find(topic);
    const bool due = std::find(due_.begin(), due_.end(), topic) != due_.end();
    if (message != messages_.end() && message->second.payload.empty() && !due) {
        messages_.erase(message);
    }
}

}  // namespace vitalgate::uplink
