#include <doctest/doctest.h>

#include "gateway/uplink/publish_verdict.hpp"
#include "tests/uplink/hub_fixture.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

TEST_CASE("every reason of a refused publish has one verdict; an unknown one loses nothing") {
    CHECK(publishVerdict(0x99) == PublishVerdict::setAside);
    CHECK(publishVerdict(0x90) == PublishVerdict::setAside);
    CHECK(publishVerdict(0x95) == PublishVerdict::setAside);
    CHECK(publishVerdict(0x87) == PublishVerdict::retryLater);
    CHECK(publishVerdict(0x97) == PublishVerdict::retryLater);
    CHECK(publishVerdict(0x91) == PublishVerdict::reconnect);
    CHECK(publishVerdict(0xA0) == PublishVerdict::retryLater);
    CHECK(publishReasonText(0x87) == "not authorized");
}

TEST_CASE(
    "a row that the broker refuses for good is recorded as lost to this uplink, and only it") {
    Hub hub;
    hub.start();
    hub.broker.judge = [](const MqttMessage& message) {
        return message.topic.ends_with("/poison") ? 0x99 : 0;
    };
    hub.append();
    hub.store.append({readingRow("cuff", "poison")}, {}, nullptr);
    hub.append();
    hub.clock.advance(seconds{5});
    const auto losses = hub.broker.below("/events/loss");
    REQUIRE(losses.size() == 1);
    v1::Batch batch;
    batch.ParseFromString(losses[0].message.payload);
    const auto& event = batch.records(0).event();
    CHECK(event.loss().reason() == v1::LOSS_SET_ASIDE);
    CHECK(event.loss().uplink() == "care");
    CHECK(event.loss().stream() == "aaaabbbbcccc2");
    REQUIRE(event.loss().ranges_size() == 1);
    CHECK(event.loss().ranges(0).first() == 2);
    CHECK(event.loss().ranges(0).last() == 2);
    CHECK(event.loss().count() == 1);
    CHECK(event.id().size() == 36);
    CHECK(hub.uplink->state().waiting == 0);
    CHECK(hub.uplink->state().acknowledged == 4);
}

TEST_CASE("a loss record that is refused itself breeds no others") {
    Hub hub;
    hub.start();
    hub.broker.judge = [](const MqttMessage& message) { return message.retained ? 0 : 0x99; };
    hub.append();
    hub.clock.advance(std::chrono::hours{24});
    CHECK(hub.store.status().newest == 2);
    CHECK(hub.received().size() < 700);
    hub.broker.judge = nullptr;
    hub.clock.advance(minutes{10});
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("a row larger than the broker takes is set aside without being sent") {
    Hub hub;
    hub.broker.welcome.maximumPacketBytes = 8192;
    hub.start();
    auto large = readingRow();
    large.record.mutable_reading()->add_status(std::string(10000, 'x'));
    hub.store.append({large}, {}, nullptr);
    hub.append();
    hub.clock.advance(seconds{5});
    for (const auto& entry : hub.broker.published) CHECK(entry.message.payload.size() < 8192);
    CHECK(hub.broker.below("/events/loss").size() == 1);
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("a broker without permission to write loses nothing and is told in the problems") {
    Hub hub;
    hub.start();
    hub.broker.judge = [](const MqttMessage& message) { return message.retained ? 0 : 0x87; };
    hub.append(20);
    hub.clock.advance(std::chrono::hours{2});
    CHECK(hub.store.status().newest == 20);
    v1::HubStatus status;
    hub.uplink->addProblems(status);
    REQUIRE(status.problems_size() == 1);
    CHECK(status.problems(0).code() == "uplink-publish-refused");
    CHECK(status.problems(0).text().find("not authorized") != std::string::npos);
    hub.broker.judge = nullptr;
    hub.clock.advance(minutes{10});
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("a packet identifier in use means a new connection") {
    Hub hub;
    hub.start();
    hub.broker.judge = [](const MqttMessage& message) { return message.retained ? 0 : 0x91; };
    hub.append();
    hub.broker.judge = nullptr;
    hub.clock.advance(minutes{1});
    CHECK(hub.broker.attempts.size() == 2);
    CHECK(hub.uplink->state().waiting == 0);
}

}  // namespace vitalgate::uplink
