#include <doctest/doctest.h>

#include <array>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include "tests/uplink/broker_fixture.hpp"
#include "tests/uplink/cut_relay.hpp"

namespace vitalgate::uplink {
namespace {

MqttMessage message(std::string topic, std::string payload) {
    MqttMessage out;
    out.topic = std::move(topic);
    out.payload = std::move(payload);
    return out;
}

void exchange(bool version5) {
    testing::Mosquitto broker;
    RealLoop loop;
    Watched reader(loop);
    Watched writer(loop);
    REQUIRE(reader.connect(plainOptions(broker.port(), "reader", version5)));
    REQUIRE(writer.connect(plainOptions(broker.port(), "hub-1", version5)));
    REQUIRE_MESSAGE(writer.result->has_value(), writer.error());
    CHECK((*writer.result)->receiveMaximum == (version5 ? 20 : 65535));
    REQUIRE(reader.subscribe("a/#"));
    REQUIRE(reader.subscribed->has_value());

    auto sent = message("a/b", std::string{"\0\xFFtwo", 5});
    sent.contentType = "application/protobuf; proto=vitalgate.v1.Batch";
    sent.responseTopic = "a/results/x";
    sent.correlation = std::string{"\1\0\2", 3};
    sent.expirySeconds = 600;
    sent.userProperties = {{"schema", "1.0"}};
    writer.transport->publish(7, sent);
    REQUIRE(loop.until([&] { return !reader.received.empty() && !writer.acknowledged.empty(); }));
    CHECK(writer.acknowledged.front() == std::pair<std::uint64_t, int>{7, 0});
    const auto& got = reader.received.front();
    CHECK(got.topic == "a/b");
    CHECK(got.payload == sent.payload);
    CHECK_FALSE(got.retained);
    if (version5) {
        CHECK(got.contentType == sent.contentType);
        CHECK(got.responseTopic == sent.responseTopic);
        CHECK(got.correlation == sent.correlation);
        CHECK(got.userProperties == sent.userProperties);
        REQUIRE(got.expirySeconds);
        CHECK(*got.expirySeconds <= 600);
        CHECK(*got.expirySeconds > 590);
    } else {
        CHECK(got.contentType.empty());
    }
}

/// A server that does what the test says with whoever connects.
class ScriptedServer {
  public:
    enum class Habit { silent, closes, knowsOnly311 };

    ScriptedServer(asio::io_context& loop, Habit habit)
        : acceptor_(loop, {asio::ip::make_address("127.0.0.1"), 0}), habit_(habit) {
        accept();
    }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] std::size_t accepted() const { return accepted_; }

  private:
    void accept() {
        acceptor_.async_accept([this](const std::error_code& error, asio::ip::tcp::socket socket) {
            if (error) return;
            ++accepted_;
            if (habit_ == Habit::knowsOnly311) refuseVersion(socket);
            if (habit_ != Habit::closes) sockets_.push_back(std::move(socket));
            accept();
        });
    }
    /// CONNACK with return code 1, unacceptable protocol version.
    static void refuseVersion(asio::ip::tcp::socket& socket) {
        constexpr std::array<std::uint8_t, 4> kRefusal{0x20, 0x02, 0x00, 0x01};
        asio::write(socket, asio::buffer(kRefusal));
    }
    asio::ip::tcp::acceptor acceptor_;
    Habit habit_;
    std::size_t accepted_ = 0;
    std::vector<asio::ip::tcp::socket> sockets_;
};

}  // namespace

TEST_CASE("a broker that speaks MQTT 3.1.1 only is recognised") {
    RealLoop loop;
    ScriptedServer server(loop.loop, ScriptedServer::Habit::knowsOnly311);
    Watched hub(loop);
    REQUIRE(hub.connect(plainOptions(server.port())));
    CHECK(hub.kind() == ErrorKind::unsupported);
    CHECK(hub.error().ends_with("does not speak MQTT 5: set protocol: 3.1.1"));
}

TEST_CASE("a message with its properties arrives and is acknowledged, with MQTT 5") {
    exchange(true);
}

TEST_CASE("a message arrives and is acknowledged, with MQTT 3.1.1") {
    exchange(false);
}

TEST_CASE("a thousand messages go out at once and each is acknowledged once") {
    testing::Mosquitto broker("allow_anonymous true\nmax_inflight_messages 0\n");
    RealLoop loop;
    Watched writer(loop);
    REQUIRE(writer.connect(plainOptions(broker.port())));
    for (std::uint64_t number = 1; number <= 1000; ++number) {
        writer.transport->publish(number, message("a", std::string(300, 'x')));
    }
    REQUIRE(loop.until([&] { return writer.acknowledged.size() == 1000; }));
    for (std::size_t i = 0; i < 1000; ++i) CHECK(writer.acknowledged[i].first == i + 1);
}

TEST_CASE("nobody listens: the sentence names the place and what to look at") {
    RealLoop loop;
    Watched hub(loop);
    const auto port = testing::freePort();
    REQUIRE(hub.connect(plainOptions(port)));
    CHECK(hub.error() == fmt::format("TCP connection refused by 127.0.0.1:{}: is the broker "
                                     "running, and is the port right?",
                                     port));
    CHECK(hub.kind() == ErrorKind::unavailable);
}

TEST_CASE("wrong credentials are refused with a sentence, with both versions") {
    testing::Mosquitto broker("allow_anonymous false\n");
    RealLoop loop;
    for (const bool version5 : {true, false}) {
        Watched hub(loop);
        auto options = plainOptions(broker.port(), "hub-1", version5);
        options.user = "hub-1";
        options.password = "wrong";
        REQUIRE(hub.connect(options));
        CHECK(hub.error() == fmt::format("127.0.0.1:{} does not allow this hub in: check user, "
                                         "password and client certificate",
                                         broker.port()));
        CHECK(hub.kind() == ErrorKind::authentication);
    }
}

TEST_CASE("right credentials are taken") {
    testing::Mosquitto broker("allow_anonymous false\n", testing::Mosquitto::Begin::later);
    const auto file = broker.file("passwords");
    testing::writeFile(file, "");
    REQUIRE(std::system(("mosquitto_passwd -b " + file + " hub-1 secret").c_str()) == 0);
    testing::Mosquitto guarded("allow_anonymous false\npassword_file " + file + "\n");
    RealLoop loop;
    Watched hub(loop);
    auto options = plainOptions(guarded.port());
    options.user = "hub-1";
    options.password = "secret";
    REQUIRE(hub.connect(options));
    CHECK_MESSAGE(hub.result->has_value(), hub.error());
}

TEST_CASE("a server that closes at once is told from one that is not there") {
    RealLoop loop;
    ScriptedServer server(loop.loop, ScriptedServer::Habit::closes);
    Watched hub(loop);
    REQUIRE(hub.connect(plainOptions(server.port())));
    CHECK(hub.error() == fmt::format("127.0.0.1:{} closed the connection before the session began: "
                                     "is it an MQTT broker, without TLS on this port?",
                                     server.port()));
    CHECK(server.accepted() >= 1);
}

TEST_CASE("a server that says nothing ends in a time-out") {
    RealLoop loop;
    ScriptedServer server(loop.loop, ScriptedServer::Habit::silent);
    Watched hub(loop);
    auto options = plainOptions(server.port());
    options.limit = std::chrono::seconds{2};
    REQUIRE(hub.connect(options));
    CHECK(hub.kind() == ErrorKind::timedOut);
    CHECK(hub.error().find("gives no answer within 2 s") != std::string::npos);
}

TEST_CASE("a name that does not exist is said to be so") {
    RealLoop loop;
    Watched hub(loop);
    auto options = plainOptions(1883);
    options.broker.host = "no-such-host.invalid";
    REQUIRE(hub.connect(options, std::chrono::seconds{20}));
    CHECK(hub.error().find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("a broker that goes away is a lost connection") {
    testing::Mosquitto broker;
    RealLoop loop;
    Watched hub(loop);
    REQUIRE(hub.connect(plainOptions(broker.port())));
    REQUIRE(hub.result->has_value());
    broker.stop();
    REQUIRE(loop.until([&] { return hub.lost.has_value(); }));
    CHECK(hub.lost->kind == ErrorKind::disconnected);
}

TEST_CASE("a second client with the same id takes the session over, and the first one is told") {
    testing::Mosquitto broker;
    RealLoop loop;
    Watched first(loop);
    Watched second(loop);
    REQUIRE(first.connect(plainOptions(broker.port())));
    REQUIRE(second.connect(plainOptions(broker.port())));
    REQUIRE(loop.until([&] { return first.lost.has_value(); }));
    CHECK(second.result->has_value());
    CHECK_FALSE(second.lost);
}

TEST_CASE("the last will is published when the connection is cut, and not after a goodbye") {
    testing::Mosquitto broker;
    RealLoop loop;
    CutRelay relay(loop.loop, broker.port());
    Watched reader(loop);
    REQUIRE(reader.connect(plainOptions(broker.port(), "reader")));
    REQUIRE(reader.subscribe("status"));
    auto options = plainOptions(relay.port());
    options.will = message("status", "gone");
    options.will->retained = true;
    options.will->userProperties = {{"schema", "1.0"}};
    options.willDelay = std::chrono::seconds{0};

    SUBCASE("cut") {
        Watched hub(loop);
        REQUIRE(hub.connect(options));
        relay.cut();
        REQUIRE(loop.until([&] { return !reader.received.empty(); }));
        CHECK(reader.received.front().payload == "gone");
        CHECK(reader.received.front().userProperties.at("schema") == "1.0");
    }
    SUBCASE("delayed") {
        options.willDelay = std::chrono::seconds{2};
        Watched hub(loop);
        REQUIRE(hub.connect(options));
        relay.cut();
        CHECK_FALSE(loop.until([&] { return !reader.received.empty(); }, std::chrono::seconds{1}));
        CHECK(loop.until([&] { return !reader.received.empty(); }));
    }
    SUBCASE("goodbye") {
        Watched hub(loop);
        REQUIRE(hub.connect(options));
        bool done = false;
        hub.transport->disconnect(std::chrono::seconds{2}, [&] { done = true; });
        REQUIRE(loop.until([&] { return done; }));
        CHECK_FALSE(loop.until([&] { return !reader.received.empty(); }, std::chrono::seconds{1}));
    }
}

TEST_CASE("what is retained is flagged, and comes on subscribing only where it is wanted") {
    testing::Mosquitto broker;
    RealLoop loop;
    Watched hub(loop);
    REQUIRE(hub.connect(plainOptions(broker.port())));
    auto kept = message("root/commands", "old");
    kept.retained = true;
    hub.transport->publish(1, kept);
    REQUIRE(loop.until([&] { return hub.acknowledged.size() == 1; }));
    REQUIRE(hub.subscribe("root/commands", false));
    hub.transport->publish(2, kept);
    hub.transport->publish(3, message("root/commands", "new"));
    REQUIRE(loop.until([&] { return hub.received.size() == 2; }));
    // With "retain as published" one that was published as retained is recognised as such.
    CHECK(hub.received[0].retained);
    CHECK_FALSE(hub.received[1].retained);

    Watched late(loop);
    REQUIRE(late.connect(plainOptions(broker.port(), "late")));
    REQUIRE(late.subscribe("root/commands", true));
    REQUIRE(loop.until([&] { return !late.received.empty(); }));
    CHECK(late.received[0].retained);
}

TEST_CASE("a message larger than the hub takes is never delivered to it") {
    testing::Mosquitto broker;
    RealLoop loop;
    Watched hub(loop);
    Watched desk(loop);
    REQUIRE(hub.connect(plainOptions(broker.port())));
    REQUIRE(desk.connect(plainOptions(broker.port(), "desk")));
    REQUIRE(hub.subscribe("commands", false));
    desk.transport->publish(1, message("commands", std::string(70 * 1024, 'x')));
    desk.transport->publish(2, message("commands", "small"));
    REQUIRE(loop.until([&] { return !hub.received.empty(); }));
    CHECK(hub.received.front().payload == "small");
    CHECK_FALSE(hub.lost);
}

TEST_CASE("a publish the broker's rules forbid is answered with the reason") {
    testing::TempDir directory;
    testing::writeFile(directory / "acl", "topic readwrite allowed\n");
    testing::Mosquitto broker("allow_anonymous true\nacl_file " + (directory / "acl") + "\n");
    RealLoop loop;
    Watched hub(loop);
    REQUIRE(hub.connect(plainOptions(broker.port())));
    hub.transport->publish(1, message("forbidden", "x"));
    hub.transport->publish(2, message("allowed", "x"));
    REQUIRE(loop.until([&] { return hub.acknowledged.size() == 2; }));
    CHECK(hub.acknowledged[0] == std::pair<std::uint64_t, int>{1, 0x87});
    CHECK(hub.acknowledged[1] == std::pair<std::uint64_t, int>{2, 0});
}

TEST_CASE("a transport may be destroyed at any moment and returns at once") {
    RealLoop loop;
    testing::Mosquitto broker;
    ScriptedServer silent(loop.loop, ScriptedServer::Habit::silent);
    auto options = plainOptions(silent.port());
    bool told = false;
    std::function<bool()> ready = [] { return true; };
    const auto isAccepted = [&] { return silent.accepted() > 0; };

    SUBCASE("before anything") {}
    SUBCASE("while the name is resolved") {
        options.broker.host = "no-such-host.invalid";
    }
    SUBCASE("while TCP connects") {
        ready = [turns = 2]() mutable { return --turns < 0; };
    }
    SUBCASE("while TLS waits for the server") {
        options.broker.scheme = BrokerScheme::mqtts;
        ready = isAccepted;
    }
    SUBCASE("while CONNACK is awaited") {
        ready = isAccepted;
    }
    SUBCASE("while connected") {
        options.broker.port = broker.port();
        ready = [&] { return told; };
    }
    auto transport = loop.factory();
    MqttEvents events;
    events.connected = [&](const auto&) { told = true; };
    events.lost = [&](const auto&) { told = true; };
    transport->connect(options, std::move(events));
    REQUIRE(loop.until(ready));
    told = false;
    // Whoever waited for the uplink thread would wait as long as that is busy.
    BusyThread other(loop.thread);
    const auto begin = std::chrono::steady_clock::now();
    transport.reset();
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{20});
    other.release();
    loop.until([] { return false; }, std::chrono::milliseconds{200});
    CHECK_FALSE(told);
}

}  // namespace vitalgate::uplink
