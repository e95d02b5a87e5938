#include "gateway/uplink/uplink.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "tests/uplink/hub_fixture.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::vector<std::uint64_t> upTo(std::uint64_t last, std::uint64_t first = 1) {
    std::vector<std::uint64_t> list(last - first + 1);
    std::iota(list.begin(), list.end(), first);
    return list;
}

const std::string kRoot = "vitalgate/v1/hub-1/";

}  // namespace

TEST_CASE("a committed reading goes out at once, as a batch of one with its stored bytes") {
    Hub hub;
    hub.start();
    hub.append();
    const auto out = hub.broker.below("/readings/");
    REQUIRE(out.size() == 1);
    CHECK(out[0].message.topic == kRoot + "readings/cuff/blood-pressure");
    CHECK(out[0].message.qos == 1);
    CHECK_FALSE(out[0].message.retained);
    CHECK(out[0].message.contentType == "application/protobuf; proto=vitalgate.v1.Batch");
    CHECK(out[0].message.userProperties.at("schema") == "1.0");
    v1::Batch batch;
    REQUIRE(batch.ParseFromString(out[0].message.payload));
    CHECK(batch.hub() == "hub-1");
    CHECK(batch.stream() == "aaaabbbbcccc2");
    CHECK(batch.oldest_held() == 1);
    CHECK(batch.newest() == 1);
    CHECK(batch.lane() == v1::LANE_LIVE);
    REQUIRE(batch.records_size() == 1);
    CHECK(batch.records(0).SerializeAsString() == hub.store.record(1).SerializeAsString());
    CHECK(hub.uplink->state().acknowledged == 1);
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("a broker that is away at the start and comes later gets everything, in order") {
    Hub hub;
    hub.broker.refusal = Error{ErrorKind::unavailable, "TCP connection refused"};
    hub.start();
    hub.append(500);
    hub.clock.advance(minutes{30});
    CHECK(hub.broker.published.empty());
    CHECK(hub.uplink->state().waiting == 500);
    CHECK(hub.uplink->state().lastError == "TCP connection refused");
    hub.broker.refusal.reset();
    hub.clock.advance(minutes{5});
    CHECK(hub.received() == upTo(500));
    const auto batches = hub.broker.below("/batches");
    REQUIRE_FALSE(batches.empty());
    CHECK(batches.size() < 10);
    CHECK(hub.uplink->state().waiting == 0);
    CHECK(hub.uplink->state().lastError.empty());
}

TEST_CASE(
    "what was not acknowledged goes out again on the next connection, with or without session") {
    for (const bool session : {false, true}) {
        Hub hub;
        hub.broker.acknowledges = false;
        hub.start();
        hub.append(5);
        REQUIRE(hub.received() == upTo(5));
        const auto numbers = hub.broker.below("/readings/");
        hub.broker.acknowledge(numbers[1].number);
        hub.clock.run();
        hub.broker.welcome.sessionPresent = session;
        hub.broker.cut();
        hub.broker.acknowledges = true;
        hub.broker.published.clear();
        hub.clock.advance(minutes{1});
        CHECK(hub.received() == std::vector<std::uint64_t>{1, 3, 4, 5});
        CHECK(hub.uplink->state().acknowledged == 5);
    }
}

TEST_CASE("a new process goes on where the old one was acknowledged") {
    Hub hub;
    hub.start();
    hub.append(10);
    hub.broker.published.clear();
    hub.boot();
    hub.start();
    hub.append(2);
    CHECK(hub.received() == upTo(12, 11));
}

TEST_CASE("acknowledgements are written at once after half a window, else with the next commit") {
    auto options = careOptions();
    options.window = 10;
    Hub hub(options);
    hub.broker.acknowledges = false;
    hub.start();
    hub.broker.acknowledgeAll();
    hub.clock.run();
    hub.append(10);
    const auto out = hub.broker.below("/readings/");
    REQUIRE(out.size() == 10);
    for (std::size_t i = 0; i < 4; ++i) hub.broker.acknowledge(out[i].number);
    hub.clock.run();
    CHECK(hub.store.forcedSaves == 0);
    hub.broker.acknowledge(out[4].number);
    hub.clock.run();
    CHECK(hub.store.forcedSaves == 1);
    CHECK(hub.store.sets("care").sent.cursor() == 5);
    CHECK(hub.store.sets("care").stored == hub.store.sets("care").sent);
}

TEST_CASE(
    "the window is the smaller of the broker's and the configured one, all messages counted") {
    auto options = careOptions();
    options.window = 50;
    Hub hub(options);
    hub.broker.welcome.receiveMaximum = 20;
    hub.broker.acknowledges = false;
    for (int i = 0; i < 30; ++i) {
        v1::DeviceDescriptor device;
        device.set_device("device-" + std::to_string(i));
        hub.uplink->setDescriptor(device);
    }
    hub.append(300);
    hub.start();
    for (int round = 0; round < 100; ++round) {
        hub.append();
        hub.broker.acknowledgeAll();
        hub.clock.run();
    }
    CHECK(hub.broker.mostInFlight == 20);
    CHECK(hub.broker.below("/devices/").size() == 30);
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("the last will names the connection it belongs to; the status on connecting does too") {
    Hub hub;
    hub.start();
    REQUIRE(hub.broker.attempts.size() == 1);
    const auto& will = hub.broker.attempts[0].will;
    REQUIRE(will);
    CHECK(will->topic == kRoot + "status");
    CHECK(will->retained);
    v1::HubStatus lost;
    REQUIRE(lost.ParseFromString(will->payload));
    CHECK(lost.state() == v1::HUB_LOST);
    CHECK(lost.hub() == "hub-1");
    CHECK(lost.connection() == 1);
    CHECK_FALSE(lost.has_now());
    REQUIRE(hub.statuses().size() == 1);
    const auto online = hub.statuses()[0];
    CHECK(online.state() == v1::HUB_ONLINE);
    CHECK(online.connection() == 1);
    CHECK(online.delivery() == "broker");
    CHECK(online.stream() == "aaaabbbbcccc2");
    CHECK(online.has_now());
    hub.broker.cut();
    hub.clock.advance(minutes{1});
    REQUIRE(hub.broker.attempts.size() == 2);
    lost.ParseFromString(hub.broker.attempts[1].will->payload);
    CHECK(lost.connection() == 2);
    // Attempts that lead to nothing do not count.
    hub.broker.refusal = Error{ErrorKind::unavailable, "not now"};
    hub.broker.cut();
    hub.clock.advance(minutes{10});
    REQUIRE(hub.broker.attempts.size() > 3);
    lost.ParseFromString(hub.broker.attempts.back().will->payload);
    CHECK(lost.connection() == 3);
}

TEST_CASE("the status goes out at most once a second, and again every 15 minutes") {
    Hub hub;
    hub.start();
    for (int i = 0; i < 50; ++i) {
        v1::HubStatus status;
        status.set_version(std::to_string(i));
        hub.uplink->setStatus(status);
        hub.clock.advance(std::chrono::milliseconds{100});
    }
    const auto count = hub.statuses().size();
    CHECK(count >= 5);
    CHECK(count <= 7);
    hub.clock.advance(seconds{2});
    CHECK(hub.statuses().back().version() == "49");
    const auto before = hub.statuses().size();
    hub.clock.advance(minutes{46});
    CHECK(hub.statuses().size() == before + 3);
}

TEST_CASE(
    "descriptors are retained and come again on each connection; those of devices that are gone "
    "are removed") {
    auto options = careOptions();
    options.devices = {"cuff"};
    Hub hub(options);
    v1::DeviceDescriptor cuff;
    cuff.set_device("cuff");
    cuff.set_label("Anna's cuff");
    hub.uplink->setDescriptor(cuff);
    hub.start();
    auto out = hub.broker.below("/devices/cuff");
    REQUIRE(out.size() == 1);
    CHECK(out[0].message.retained);
    v1::DeviceDescriptor seen;
    REQUIRE(seen.ParseFromString(out[0].message.payload));
    CHECK(seen.label() == "Anna's cuff");
    CHECK(seen.hub() == "hub-1");
    hub.broker.cut();
    hub.clock.advance(minutes{1});
    CHECK(hub.broker.below("/devices/cuff").size() == 2);
    hub.options.devices = {"scale"};
    hub.boot();
    hub.start();
    out = hub.broker.below("/devices/cuff");
    REQUIRE(out.size() == 3);
    CHECK(out[2].message.payload.empty());
    CHECK(out[2].message.retained);
    hub.boot();
    hub.start();
    CHECK(hub.broker.below("/devices/cuff").size() == 3);
}

TEST_CASE("the descriptor of a device that a rule admitted stays as long as there are rules") {
    auto options = careOptions();
    options.devices.emplace();
    options.mayAdmit = true;
    Hub hub(options);
    v1::DeviceDescriptor spare;
    spare.set_device("spare");
    spare.set_admission(v1::ADMISSION_RULE);
    hub.uplink->setDescriptor(spare);
    hub.start();
    REQUIRE(hub.broker.below("/devices/spare").size() == 1);
    hub.boot();
    hub.start();
    CHECK(hub.broker.below("/devices/spare").size() == 1);
    hub.options.mayAdmit = false;
    hub.boot();
    hub.start();
    const auto out = hub.broker.below("/devices/spare");
    REQUIRE(out.size() == 2);
    CHECK(out[1].message.payload.empty());
}

TEST_CASE("battery and signal alone go out at most once a minute, everything else at once") {
    Hub hub;
    hub.start();
    v1::DeviceDescriptor cuff;
    cuff.set_device("cuff");
    for (int i = 0; i < 120; ++i) {
        cuff.set_rssi_dbm(-60 - i % 10);
        hub.uplink->setDescriptor(cuff);
        hub.clock.advance(seconds{1});
    }
    CHECK(hub.broker.below("/devices/cuff").size() <= 3);
    CHECK(hub.broker.below("/devices/cuff").size() >= 2);
    const auto before = hub.broker.below("/devices/cuff").size();
    cuff.set_availability(v1::AVAILABILITY_ASLEEP);
    hub.uplink->setDescriptor(cuff);
    hub.clock.run();
    CHECK(hub.broker.below("/devices/cuff").size() == before + 1);
}

TEST_CASE(
    "commands come with what MQTT says about them; the retained and the too large are marked") {
    Hub hub;
    std::vector<ReceivedCommand> commands;
    hub.uplink->onCommand([&](ReceivedCommand command) { commands.push_back(std::move(command)); });
    hub.start();
    REQUIRE(hub.broker.subscriptions.size() == 1);
    CHECK(hub.broker.subscriptions[0].filter == kRoot + "commands");
    CHECK_FALSE(hub.broker.subscriptions[0].retainedWanted);
    MqttMessage message;
    message.topic = kRoot + "commands";
    message.payload = "payload";
    message.responseTopic = kRoot + "results/desk";
    message.correlation = "c";
    message.expirySeconds = 30;
    hub.broker.deliver(message);
    message.retained = true;
    hub.broker.deliver(message);
    message.retained = false;
    message.payload = std::string(64 * 1024 + 1, 'x');
    hub.broker.deliver(message);
    message.topic = kRoot + "elsewhere";
    hub.broker.deliver(message);
    hub.clock.run();
    REQUIRE(commands.size() == 3);
    CHECK(commands[0].payload == "payload");
    CHECK_FALSE(commands[0].retained);
    CHECK(commands[0].responseTopic == kRoot + "results/desk");
    CHECK(commands[0].correlation == "c");
    CHECK(commands[0].expirySeconds == 30U);
    CHECK(commands[1].retained);
    CHECK(commands[2].tooLarge);
    CHECK(commands[2].payload.empty());
}

TEST_CASE("where no commands are taken, nothing is subscribed, and what comes is not run") {
    auto options = careOptions();
    options.acceptCommands = false;
    Hub hub(options);
    int commands = 0;
    hub.uplink->onCommand([&](const ReceivedCommand&) { ++commands; });
    hub.start();
    CHECK(hub.broker.subscriptions.empty());
    // The broker's session may still hold an old subscription.
    MqttMessage message;
    message.topic = kRoot + "commands";
    message.payload = "payload";
    hub.broker.deliver(message);
    hub.clock.run();
    CHECK(commands == 0);
}

TEST_CASE("a result goes to the response topic with the request's correlation, others to results") {
    Hub hub;
    hub.start();
    hub.uplink->routeResult("id-1", "desk/7", "corr");
    for (const auto* id : {"id-1", "id-2"}) {
        store::NewRow row;
        row.record.mutable_result()->set_command_id(id);
        row.record.mutable_result()->set_correlation("own");
        hub.store.append({row}, {}, nullptr);
    }
    hub.clock.run();
    const auto out = hub.broker.below("/results");
    REQUIRE(out.size() == 2);
    CHECK(out[0].message.topic == kRoot + "results/desk/7");
    CHECK(out[0].message.correlation == "corr");
    CHECK(out[1].message.topic == kRoot + "results");
    CHECK(out[1].message.correlation == "own");
}

TEST_CASE("a clean stop says STOPPED and goodbye, and keeps what was acknowledged") {
    Hub hub;
    hub.start();
    hub.append(3);
    bool done = false;
    hub.uplink->stop(seconds{2}, [&] { done = true; });
    hub.clock.run();
    CHECK(done);
    CHECK(hub.statuses().back().state() == v1::HUB_STOPPED);
    CHECK(hub.broker.goodbyes == 1);
    CHECK(hub.store.sets("care").sent.cursor() == 3);
    hub.clock.advance(minutes{10});
    CHECK(hub.broker.attempts.size() == 1);
}

TEST_CASE(
    "a stop ends in time at every moment: unanswered, not connected, connecting, lost meanwhile") {
    Hub hub;
    bool done = false;
    const auto stop = [&] { hub.uplink->stop(seconds{2}, [&] { done = true; }); };
    SUBCASE("the broker does not acknowledge") {
        hub.broker.acknowledges = false;
        hub.start();
        stop();
    }
    SUBCASE("not started") {
        stop();
    }
    SUBCASE("while it connects") {
        hub.broker.answers = false;
        hub.start();
        stop();
    }
    SUBCASE("while it waits to try again") {
        hub.broker.refusal = Error{ErrorKind::unavailable, "no"};
        hub.start();
        stop();
    }
    SUBCASE("the line is cut meanwhile") {
        hub.broker.acknowledges = false;
        hub.start();
        stop();
        hub.broker.cut();
    }
    hub.clock.advance(seconds{2});
    CHECK(done);
    const auto attempts = hub.broker.attempts.size();
    hub.clock.advance(minutes{30});
    CHECK(hub.broker.attempts.size() == attempts);
}

TEST_CASE("a stop before the start keeps what was acknowledged in earlier lives") {
    Hub hub;
    hub.start();
    hub.append(3);
    hub.boot();
    hub.uplink->stop(seconds{2}, [] {});
    hub.clock.run();
    CHECK(hub.store.sets("care").sent.cursor() == 3);
}

TEST_CASE("an uplink may be destroyed at any moment") {
    for (int moment = 0; moment < 12; ++moment) {
        Hub hub;
        hub.broker.acknowledges = moment % 2 == 0;
        hub.append(10);
        hub.uplink->start();
        hub.store.append({readingRow()}, {}, nullptr);
        for (int i = 0; i < moment; ++i) {
            hub.loop.restart();
            hub.loop.poll_one();
        }
        hub.uplink.reset();
        hub.store.onCommitted(nullptr);
        hub.clock.advance(minutes{5});
    }
}

TEST_CASE("a store that cannot be read for a while stops nothing for good") {
    Hub hub;
    hub.store.failsFetching = true;
    hub.append(10);
    hub.start();
    hub.clock.advance(seconds{30});
    CHECK(hub.received().empty());
    CHECK(hub.store.fetches < 60);
    hub.store.failsFetching = false;
    hub.clock.advance(seconds{5});
    CHECK(hub.received() == upTo(10));
}

TEST_CASE("ten thousand rows wait and a new one comes every 100 ms: each is out within 2 s") {
    auto options = careOptions();
    Hub hub(options);
    hub.append(10000);
    hub.broker.welcome.receiveMaximum = 20;
    hub.broker.acknowledges = false;
    hub.start();
    std::uint64_t live = 0;
    for (int step = 0; step < 400; ++step) {
        hub.append();
        ++live;
        // A slow broker: one acknowledgement a step.
        if (!hub.broker.unacknowledged().empty()) {
            hub.broker.acknowledge(*hub.broker.unacknowledged().begin());
        }
        hub.clock.advance(std::chrono::milliseconds{100});
        if (step < 20) continue;
        const auto seen = hub.received();
        const auto due = 10000 + live - 20;
        CHECK(std::find(seen.begin(), seen.end(), due) != seen.end());
    }
    hub.broker.acknowledges = true;
    hub.broker.acknowledgeAll();
    hub.clock.advance(minutes{1});
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("no value, payload or credential stands in any log line") {
    auto options = careOptions();
    options.broker.user = "user-canary";
    options.broker.password = [] { return "password-canary"; };
    Hub hub(options);
    auto row = readingRow();
    row.record.mutable_reading()->set_subject("subject-canary");
    hub.start();
    hub.store.append({row}, {}, nullptr);
    hub.broker.judge = [](const MqttMessage&) { return 0x99; };
    hub.append(3);
    hub.broker.cut();
    hub.broker.refusal = Error{ErrorKind::authentication, "refused"};
    hub.clock.advance(minutes{10});
    CHECK_FALSE(hub.lines.empty());
    for (const auto& line : hub.lines) CHECK(line.find("canary") == std::string::npos);
}

}  // namespace vitalgate::uplink
