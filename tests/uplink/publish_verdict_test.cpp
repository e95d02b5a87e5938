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

TEST_CASE("rights that have run out come back with a new connection") {
    Hub hub;
    hub.start();
    hub.append(5);
    hub.broker.judge = [&hub](const MqttMessage& message) {
        return message.retained || hub.broker.attempts.size() > 1 ? 0 : 0x87;
    };
    hub.append(20);
    hub.clock.advance(minutes{1});
    CHECK(hub.broker.attempts.size() == 2);
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("a broker that never permits anything is connected to anew ever more seldom") {
    Hub hub;
    hub.start();
    hub.broker.judge = [](const MqttMessage& message) { return message.retained ? 0 : 0x87; };
    hub.append(20);
    std::vector<std::size_t> minutesOfConnections;
    for (std::size_t minute = 0; minute < std::size_t{24} * 60; ++minute) {
        const auto before = hub.broker.attempts.size();
        hub.clock.advance(minutes{1});
        for (auto n = before; n < hub.broker.attempts.size(); ++n) {
            minutesOfConnections.push_back(minute);
        }
    }
    // At once, after 5 min, and so on up to each hour.
    REQUIRE(minutesOfConnections.size() > 10);
    CHECK(minutesOfConnections.size() < 29);
    CHECK(minutesOfConnections[0] == 0);
    for (std::size_t i = 1; i < minutesOfConnections.size(); ++i) {
        CHECK(minutesOfConnections[i] - minutesOfConnections[i - 1] >= 4);
    }
    CHECK(minutesOfConnections.back() - *(minutesOfConnections.rbegin() + 1) >= 59);
    CHECK(hub.uplink->state().connected);
}

TEST_CASE("one topic that is not permitted holds up no other, and costs no connection") {
    Hub hub;
    hub.start();
    hub.broker.judge = [](const MqttMessage& message) {
        return message.topic.ends_with("/forbidden") ? 0x87 : 0;
    };
    std::uint64_t forbidden = 0;
    for (int minute = 0; minute < 300; ++minute) {
        // What is refused goes again as backlog, on a topic that is permitted.
        if (minute % 60 == 0) {
            hub.store.append({readingRow("cuff", "forbidden")}, {}, nullptr);
            ++forbidden;
        }
        hub.append();
        CHECK(hub.received().back() == hub.store.status().newest);
        hub.clock.advance(minutes{1});
    }
    CHECK(hub.broker.attempts.size() == 1);
    CHECK(hub.broker.below("/forbidden").size() == forbidden);
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("what the broker never acknowledges is sent again on a new connection") {
    Hub hub;
    hub.start();
    hub.append();
    hub.broker.acknowledges = false;
    hub.append();

    SUBCASE("one message") {
        hub.broker.acknowledges = true;
        hub.append();
        hub.clock.advance(minutes{9});
        CHECK(hub.broker.attempts.size() == 1);
        CHECK(hub.uplink->state().waiting == 1);
        hub.clock.advance(minutes{2});
        CHECK(hub.broker.attempts.size() == 2);
        CHECK(hub.received() == std::vector<std::uint64_t>{1, 2, 3, 2});
        CHECK(hub.uplink->state().waiting == 0);
        hub.clock.advance(std::chrono::hours{2});
        CHECK(hub.broker.attempts.size() == 2);
    }
    SUBCASE("all of them: no hot loop") {
        hub.clock.advance(std::chrono::hours{2});
        CHECK(hub.broker.attempts.size() > 8);
        CHECK(hub.broker.attempts.size() < 14);
        CHECK(hub.uplink->state().waiting == 1);
    }
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
