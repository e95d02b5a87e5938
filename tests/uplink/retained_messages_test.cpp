#include "gateway/uplink/retained_messages.hpp"

#include <doctest/doctest.h>

namespace vitalgate::uplink {
namespace {

MqttMessage message(std::string topic, std::string payload) {
    MqttMessage made;
    made.topic = std::move(topic);
    made.payload = std::move(payload);
    made.retained = true;
    return made;
}

}  // namespace

TEST_CASE("only the latest content of a topic goes out, one message a topic at a time") {
    RetainedMessages all("status");
    CHECK(all.set(message("status", "1")));
    CHECK(all.set(message("status", "2")));
    const auto first = all.next();
    REQUIRE(first);
    CHECK(first->message.payload == "2");
    CHECK(first->number > RetainedMessages::kFirstNumber);
    CHECK_FALSE(all.next());
    CHECK(all.set(message("status", "3")));
    // An older content must not overtake a newer one.
    CHECK_FALSE(all.next());
    CHECK(all.acknowledged(first->number) == "status");
    CHECK(all.next()->message.payload == "3");
}

TEST_CASE("on a new connection everything is due again") {
    RetainedMessages all("status");
    all.set(message("a", "1"));
    all.set(message("b", "1"));
    const auto first = all.next();
    all.disconnected();
    all.connected();
    CHECK_FALSE(all.acknowledged(first->number));
    CHECK(all.next());
    CHECK(all.next());
    CHECK_FALSE(all.next());
    CHECK(all.inFlight() == 2);
}

TEST_CASE("one topic goes before all others, whenever it was set, on each connection") {
    RetainedMessages all("status");
    all.set(message("a", "1"));
    all.set(message("status", "1"));
    all.set(message("z", "1"));
    CHECK(all.next()->message.topic == "status");
    all.disconnected();
    all.connected();
    CHECK(all.next()->message.topic == "status");
    CHECK(all.next()->message.topic == "a");
    all.set(message("status", "2"));
    CHECK(all.next()->message.topic == "z");
    CHECK_FALSE(all.isDue());
}

TEST_CASE("a removal goes out once and is then forgotten") {
    RetainedMessages all("status");
    all.set(message("a", "1"));
    all.set(message("a", ""));
    const auto removal = all.next();
    REQUIRE(removal);
    CHECK(removal->message.payload.empty());
    all.acknowledged(removal->number);
    CHECK(all.isIdle());
    all.connected();
    CHECK_FALSE(all.next());
}

TEST_CASE("there is a limit on the number of topics") {
    RetainedMessages all("status");
    for (std::size_t i = 0; i < RetainedMessages::kMaximumTopics; ++i) {
        CHECK(all.set(message(std::to_string(i), "x")));
    }
    CHECK_FALSE(all.set(message("one too many", "x")));
    CHECK(all.set(message("0", "y")));
    CHECK(all.set(message("status", "1")));
}

}  // namespace vitalgate::uplink
