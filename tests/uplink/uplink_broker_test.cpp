// An uplink from end to end: real store, real broker, a subscriber as a service would have one.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "gateway/crypto/crypto.hpp"
#include "gateway/uplink/subscriber.hpp"
#include "gateway/uplink/uplink.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/uplink/broker_fixture.hpp"
#include "tests/uplink/cut_relay.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Topics kTopics = *Topics::make("vitalgate/v1/{hub}", "hub-1");

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr milliseconds kLiveLimit = seconds{20};  // everything is many times slower there
#else
constexpr milliseconds kLiveLimit = seconds{2};
#endif

BrokerSettings settings(std::uint16_t port, std::string clientId, bool version5 = true) {
    BrokerSettings made;
    made.brokers = {{BrokerScheme::mqtt, "127.0.0.1", port, {}}};
    made.clientId = std::move(clientId);
    made.version5 = version5;
    made.retryMaximum = seconds{1};
    made.connectLimit = seconds{5};
    return made;
}

/// A service that takes note of every sequence, in order of arrival.
struct Service {
    Service(RealLoop& real, std::uint16_t port, bool version5 = true)
        : loop(real),
          subscriber(settings(port, "service", version5), kTopics, real.factory, real.clock, random,
                     {}) {
        SubscriberEvents events;
        events.received = [this](const std::string& topic, const MqttMessage& message) {
            take(topic, message);
        };
        events.connected = [this](const BrokerAddress&) { connected = true; };
        events.disconnected = [this](const Error&) { connected = false; };
        subscriber.start(std::move(events));
    }
    bool waitConnected() {
        return loop.until([this] { return connected; });
    }
    void take(const std::string& topic, const MqttMessage& message) {
        messages[topic].push_back(message);
        if (topic == "status" || topic.starts_with("devices/")) return;
        v1::Batch batch;
        REQUIRE(batch.ParseFromString(message.payload));
        CHECK(batch.hub() == "hub-1");
        CHECK(batch.newest() >= batch.records(batch.records_size() - 1).sequence());
        for (const auto& record : batch.records()) {
            arrived.push_back(record.sequence());
            seen.insert(record.sequence());
        }
    }
    [[nodiscard]] bool has(std::uint64_t last) const { return seen.size() >= last; }
    [[nodiscard]] std::vector<v1::HubStatus> statuses() {
        std::vector<v1::HubStatus> list;
        for (const auto& message : messages["status"]) {
            list.emplace_back();
            list.back().ParseFromString(message.payload);
        }
        return list;
    }

    RealLoop& loop;
    SeededRandom random{5};
    bool connected = false;
    std::map<std::string, std::vector<MqttMessage>> messages;
    std::vector<std::uint64_t> arrived;
    std::set<std::uint64_t> seen;
    Subscriber subscriber;
};

/// Store and uplink of a hub.
struct HubSide {
    HubSide(RealLoop& real, std::uint16_t port, bool version5 = true) : loop(real) {
        REQUIRE(crypto::initialise());
        store::StoreOptions options;
        options.path = directory / "store.db";
        options.key = crypto::SecretKey::fromBytes(Bytes(32, 7)).value();
        options.bootId = "boot-1";
        auto opened = store::Store::open(options, real.clock, {});
        REQUIRE(opened);
        store = std::move(*opened);
        first = store->status().newest;
        UplinkOptions uplinkOptions;
        uplinkOptions.name = "care";
        uplinkOptions.broker = settings(port, "hub-1", version5);
        uplink.emplace(uplinkOptions, kTopics, *store, real.clock, random, real.factory,
                       vitalgate::Log{});
        store->onCommitted([this](std::uint64_t newest) { uplink->committed(newest); });
    }
    ~HubSide() {
        uplink.reset();
        store->close();
    }
    void append(std::size_t count = 1, std::size_t bytesMore = 0) {
        std::vector<store::NewRow> rows(count);
        for (auto& row : rows) {
            row.record.mutable_reading()->set_device("cuff");
            row.record.mutable_reading()->set_kind("blood-pressure");
            if (bytesMore == 0) continue;
            auto& source = *row.record.mutable_reading()->mutable_source();
            source.add_raw()->set_value(std::string(bytesMore, 'x'));
        }
        expected += count;
        bool done = false;
        store->append(std::move(rows), {}, [&done](const auto& result) {
            REQUIRE(result.has_value());
            done = true;
        });
        REQUIRE(loop.until([&] { return done; }));
    }
    /// The highest sequence there should be.
    [[nodiscard]] std::uint64_t last() const { return first + expected; }
    [[nodiscard]] bool delivered() const { return uplink->state().waiting == 0; }

    RealLoop& loop;
    testing::TempDir directory;
    SeededRandom random{11};
    std::unique_ptr<store::Store> store;
    std::uint64_t first = 0;
    std::uint64_t expected = 0;
    std::optional<Uplink> uplink;
};

void comesLater(bool version5) {
    testing::Mosquitto broker("allow_anonymous true\n", testing::Mosquitto::Begin::later);
    RealLoop loop;
    HubSide hub(loop, broker.port(), version5);
    hub.uplink->start();
    hub.append(200);
    REQUIRE(loop.until([&] { return !hub.uplink->state().lastError.empty(); }));
    CHECK_FALSE(hub.uplink->state().connected);
    CAPTURE(hub.uplink->state().lastError);
    CHECK(hub.uplink->state().lastError.find("TCP connection refused") != std::string::npos);
    // The service must be there first: a broker keeps nothing for whoever never came.
    hub.uplink->stop(seconds{2}, [] {});
    loop.until([] { return false; }, milliseconds{100});
    broker.start();
    Service service(loop, broker.port(), version5);
    REQUIRE(service.waitConnected());
    UplinkOptions options;
    options.name = "care";
    options.broker = settings(broker.port(), "hub-1", version5);
    hub.uplink.emplace(options, kTopics, *hub.store, loop.clock, hub.random, loop.factory,
                       vitalgate::Log{});
    hub.uplink->start();
    REQUIRE(loop.until([&] { return service.has(hub.last()); }));
    hub.append(3);
    REQUIRE(loop.until([&] { return service.has(hub.last()); }));
    CHECK(std::is_sorted(service.arrived.begin(), service.arrived.end()));
    CHECK(service.arrived.size() == service.seen.size());
    CHECK(service.messages["readings/cuff/blood-pressure"].size() == 3);
    CHECK(loop.until([&] { return hub.delivered(); }));
}

}  // namespace

TEST_CASE("readings wait for a broker that comes later, and arrive whole and in order, MQTT 5") {
    comesLater(true);
}

TEST_CASE(
    "readings wait for a broker that comes later, and arrive whole and in order, MQTT 3.1.1") {
    comesLater(false);
}

TEST_CASE("a line cut again and again loses nothing; what is doubled has the same sequence") {
    testing::Mosquitto broker;
    RealLoop loop;
    Service service(loop, broker.port());
    REQUIRE(service.waitConnected());
    CutRelay relay(loop.loop, broker.port());
    HubSide hub(loop, relay.port());
    hub.uplink->start();
    for (int round = 0; round < 5; ++round) {
        REQUIRE(loop.until([&] { return hub.uplink->state().connected; }));
        hub.append(40);
        relay.cut();
        hub.append(20);
    }
    REQUIRE(loop.until([&] { return service.has(hub.last()) && hub.delivered(); }));
    CHECK(*service.seen.rbegin() == hub.last());
    CHECK(service.seen.size() == hub.last());
}

TEST_CASE("a row at which the broker ends the connection without a word holds up no other") {
    testing::Mosquitto broker("allow_anonymous true\nmax_packet_size 20000\n");
    RealLoop loop;
    Service service(loop, broker.port(), false);
    REQUIRE(service.waitConnected());
    HubSide hub(loop, broker.port(), false);
    hub.append(3);
    hub.append(1, 30'000);
    const auto tooLarge = hub.last();
    hub.append(3);
    hub.uplink->start();
    REQUIRE(loop.until([&] { return service.has(hub.last() - 1); }, seconds{60}));
    hub.append(3);
    REQUIRE(loop.until([&] { return service.has(hub.last() - 1); }, seconds{60}));
    CHECK_FALSE(service.seen.contains(tooLarge));
    CHECK(loop.until([&] { return hub.uplink->state().waiting == 1; }));
}

TEST_CASE(
    "a broker that restarts and has forgotten the session gets what it had not acknowledged") {
    testing::Mosquitto broker;
    RealLoop loop;
    CutRelay relay(loop.loop, broker.port());
    Service service(loop, broker.port());
    REQUIRE(service.waitConnected());
    HubSide hub(loop, relay.port());
    hub.uplink->start();
    hub.append(50);
    REQUIRE(loop.until([&] { return service.has(hub.last()) && hub.delivered(); }));
    relay.setOpen(false);
    broker.stop();
    hub.append(50);
    REQUIRE(loop.until([&] { return !hub.uplink->state().connected && !service.connected; }));
    broker.start();
    REQUIRE(service.waitConnected());
    relay.setOpen(true);
    REQUIRE(loop.until([&] { return service.has(hub.last()) && hub.delivered(); }));
    CHECK(std::is_sorted(service.arrived.begin(), service.arrived.end()));
    CHECK(hub.uplink->state().connection >= 2);
}

TEST_CASE("ten thousand rows wait while new ones come: each new one is there within 2 s") {
    testing::Mosquitto broker;
    RealLoop loop;
    Service service(loop, broker.port());
    REQUIRE(service.waitConnected());
    HubSide hub(loop, broker.port());
    for (int i = 0; i < 10; ++i) hub.append(1000);
    hub.uplink->start();
    REQUIRE(loop.until([&] { return hub.uplink->state().connected; }));
    for (int i = 0; i < 20; ++i) {
        hub.append();
        const auto newest = hub.last();
        CHECK(loop.until([&] { return service.seen.contains(newest); }, kLiveLimit));
    }
    REQUIRE(loop.until([&] { return service.has(hub.last()) && hub.delivered(); }, seconds{30}));
    CHECK(service.arrived.size() == service.seen.size());
}

TEST_CASE("status and descriptors are retained for whoever comes later, and a stop says STOPPED") {
    testing::Mosquitto broker;
    RealLoop loop;
    HubSide hub(loop, broker.port());
    v1::DeviceDescriptor cuff;
    cuff.set_device("cuff");
    cuff.set_label("cuff");
    hub.uplink->setDescriptor(cuff);
    v1::HubStatus status;
    status.set_version("1.2.3");
    hub.uplink->setStatus(status);
    hub.uplink->start();
    REQUIRE(loop.until([&] { return hub.uplink->state().connected && hub.delivered(); }));
    loop.until([] { return false; }, milliseconds{200});

    Service late(loop, broker.port());
    REQUIRE(loop.until([&] {
        return !late.messages["devices/cuff"].empty() && !late.messages["status"].empty();
    }));
    CHECK(late.messages["devices/cuff"][0].retained);
    CHECK(late.messages["devices/cuff"][0].contentType ==
          "application/protobuf; proto=vitalgate.v1.DeviceDescriptor");
    CHECK(late.statuses()[0].state() == v1::HUB_ONLINE);
    CHECK(late.statuses()[0].version() == "1.2.3");

    bool done = false;
    // Long before its limit, and before the half of that in which all must have been said.
    hub.uplink->stop(seconds{120}, [&] { done = true; });
    REQUIRE(loop.until([&] { return done; }, seconds{30}));
    CHECK(loop.until([&] { return late.statuses().back().state() == v1::HUB_STOPPED; }));
    loop.until([] { return false; }, milliseconds{500});
    CHECK(late.statuses().back().state() == v1::HUB_STOPPED);
}

TEST_CASE("the descriptor of a device that is no longer configured leaves the broker") {
    testing::Mosquitto broker;
    RealLoop loop;
    HubSide hub(loop, broker.port());
    const auto live = [&](const std::set<std::string>& devices) {
        UplinkOptions options;
        options.name = "care";
        options.broker = settings(broker.port(), "hub-1");
        options.devices = devices;
        hub.uplink.emplace(options, kTopics, *hub.store, loop.clock, hub.random, loop.factory,
                           vitalgate::Log{});
        for (const auto& device : devices) {
            v1::DeviceDescriptor descriptor;
            descriptor.set_device(device);
            hub.uplink->setDescriptor(descriptor);
        }
        hub.uplink->start();
    };
    const auto retainedAt = [&](const std::string& clientId) {
        Watched reader(loop);
        REQUIRE(reader.connect(plainOptions(broker.port(), clientId)));
        REQUIRE(reader.subscribe("vitalgate/v1/hub-1/devices/+"));
        loop.until([] { return false; }, milliseconds{200});
        return reader.received.size();
    };
    live({"cuff", "scale"});
    REQUIRE(loop.until([&] { return retainedAt("first") == 2; }));
    live({"cuff"});
    CHECK(loop.until([&] { return retainedAt("second") == 1; }));
    // It is done once, not at each start.
    Watched service(loop);
    REQUIRE(service.connect(plainOptions(broker.port(), "service")));
    REQUIRE(service.subscribe("vitalgate/v1/hub-1/devices/scale"));
    live({"cuff"});
    REQUIRE(loop.until([&] { return hub.uplink->state().connected && hub.delivered(); }));
    loop.until([] { return false; }, milliseconds{300});
    CHECK(service.received.empty());
}

TEST_CASE("a hub that dies is reported by its last will, with the number of its connection") {
    testing::Mosquitto broker;
    RealLoop loop;
    CutRelay relay(loop.loop, broker.port());
    Service service(loop, broker.port(), false);
    REQUIRE(service.waitConnected());
    // With 3.1.1 the will comes at once; with 5 after its delay of 30 s.
    HubSide hub(loop, relay.port(), false);
    hub.uplink->start();
    REQUIRE(loop.until([&] { return !service.messages["status"].empty(); }));
    relay.setOpen(false);
    relay.cut();
    REQUIRE(loop.until([&] { return service.statuses().back().state() == v1::HUB_LOST; }));
    CHECK(service.statuses().back().connection() == service.statuses().front().connection());
}

TEST_CASE("a command reaches the hub with its properties, and its result the response topic") {
    testing::Mosquitto broker;
    RealLoop loop;
    HubSide hub(loop, broker.port());
    std::vector<ReceivedCommand> commands;
    hub.uplink->onCommand([&](ReceivedCommand command) { commands.push_back(std::move(command)); });
    hub.uplink->start();
    REQUIRE(loop.until([&] { return hub.uplink->state().connected && hub.delivered(); }));
    loop.until([] { return false; }, milliseconds{200});
    Watched desk(loop);
    REQUIRE(desk.connect(plainOptions(broker.port(), "desk")));
    REQUIRE(desk.subscribe("vitalgate/v1/hub-1/results/#"));
    MqttMessage request;
    request.topic = "vitalgate/v1/hub-1/commands";
    request.payload = "command";
    request.responseTopic = "vitalgate/v1/hub-1/results/desk/7";
    request.correlation = "corr";
    request.expirySeconds = 60;
    desk.transport->publish(1, request);
    REQUIRE(loop.until([&] { return commands.size() == 1; }));
    CHECK(commands[0].payload == "command");
    CHECK_FALSE(commands[0].retained);
    const auto suffix = hub.uplink->resultSuffix(commands[0].responseTopic);
    REQUIRE(suffix.has_value());
    hub.uplink->routeResult("id-1", *suffix, commands[0].correlation);
    store::NewRow row;
    row.record.mutable_result()->set_command_id("id-1");
    hub.store->append({row}, {}, [](const auto&) {});
    REQUIRE(loop.until([&] { return !desk.received.empty(); }));
    CHECK(desk.received[0].topic == "vitalgate/v1/hub-1/results/desk/7");
    CHECK(desk.received[0].correlation == "corr");

    request.retained = true;
    desk.transport->publish(2, request);
    REQUIRE(loop.until([&] { return commands.size() == 2; }));
    CHECK(commands[1].retained);
}

TEST_CASE("the standard command line client sees topic, content type and schema") {
    testing::Mosquitto broker;
    RealLoop loop;
    testing::TempDir directory;
    const auto seen = directory / "seen";
    testing::ChildProcess client(
        {"mosquitto_sub", "-V", "5", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-q",
         "1", "-t", "vitalgate/v1/hub-1/readings/#", "-F", "%t|%q|%r|%C|%P"},
        seen);
    REQUIRE(
        loop.until([&] { return broker.log().find("Received SUBSCRIBE") != std::string::npos; }));
    HubSide hub(loop, broker.port());
    hub.uplink->start();
    REQUIRE(loop.until([&] { return hub.uplink->state().connected; }));
    hub.append();
    REQUIRE(loop.until([&] {
        return testing::readFile(seen).find(
                   "vitalgate/v1/hub-1/readings/cuff/blood-pressure|1|0|application/protobuf; "
                   "proto=vitalgate.v1.Batch|schema:1.0") != std::string::npos;
    }));
}

}  // namespace vitalgate::uplink
