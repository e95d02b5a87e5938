#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include "tests/uplink/broker_fixture.hpp"

namespace vitalgate::uplink {
namespace {

/// The wire of an MQTT 5 broker for one client: what it says is up to the test, and what the client
/// acknowledges is seen. Packets are of less than 128 octets.
class WireBroker {
  public:
    explicit WireBroker(asio::io_context& loop)
        : acceptor_(loop, {asio::ip::make_address("127.0.0.1"), 0}), client_(loop) {
        acceptor_.async_accept(client_, [this](const std::error_code& error) {
            if (!error) read();
        });
    }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    void welcome() { send(0x20, std::string(3, '\0')); }
    void acknowledge(std::uint16_t packet) { send(0x40, numbered(packet)); }
    /// With QoS 1.
    void deliver(std::uint16_t packet, const std::string& topic, const std::string& payload) {
        std::string body{'\0', static_cast<char>(topic.size())};
        body += topic + numbered(packet) + '\0' + payload;
        send(0x32, body);
    }

    bool hasAsked = false;                    ///< CONNECT came
    std::vector<std::uint16_t> published;     ///< by the client
    std::vector<std::uint16_t> acknowledged;  ///< likewise

  private:
    static std::string numbered(std::uint16_t packet) {
        return {static_cast<char>(packet >> 8), static_cast<char>(packet & 0xFF)};
    }
    static std::uint16_t numberAt(std::string_view body, std::size_t at) {
        return static_cast<std::uint16_t>(static_cast<std::uint8_t>(body[at]) << 8 |
                                          static_cast<std::uint8_t>(body[at + 1]));
    }
    void send(std::uint8_t header, const std::string& body) {
        std::string packet{static_cast<char>(header), static_cast<char>(body.size())};
        packet += body;
        asio::write(client_, asio::buffer(packet));
    }
    void read() {
        client_.async_read_some(asio::buffer(chunk_),
                                [this](const std::error_code& error, std::size_t count) {
                                    if (error) return;
                                    waiting_.append(chunk_.data(), count);
                                    while (takePacket()) {
                                    }
                                    read();
                                });
    }
    bool takePacket() {
        if (waiting_.size() < 2) return false;
        const auto size = static_cast<std::uint8_t>(waiting_[1]);
        if (waiting_.size() < 2U + size) return false;
        const auto body = waiting_.substr(2, size);
        const auto kind = static_cast<std::uint8_t>(waiting_[0]) >> 4;
        waiting_.erase(0, 2U + size);
        if (kind == 1) hasAsked = true;
        if (kind == 3) published.push_back(numberAt(body, 2U + numberAt(body, 0)));
        if (kind == 4) acknowledged.push_back(numberAt(body, 0));
        return true;
    }

    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::socket client_;
    std::array<char, 4096> chunk_{};
    std::string waiting_;
};

struct Line {
    Line() { options.limit = std::chrono::seconds{60}; }

    /// Delivers a command, and waits until the library has acknowledged it.
    [[nodiscard]] bool deliverAcknowledged() {
        broker.deliver(7, "commands", "do it");
        return loop.until([this] { return !broker.acknowledged.empty(); });
    }
    [[nodiscard]] bool isTold() {
        return loop.until([this] { return !hub.received.empty(); }) &&
               hub.received.front().payload == "do it";
    }

    RealLoop loop;
    WireBroker broker{loop.loop};
    Watched hub{loop};
    MqttConnectOptions options = plainOptions(broker.port());
};

}  // namespace

TEST_CASE("what the library acknowledges while the hub says goodbye is told") {
    Line line;
    bool isDone = false;
    line.hub.begin(line.options);
    REQUIRE(line.loop.until([&] { return line.broker.hasAsked; }));
    line.broker.welcome();
    REQUIRE(line.loop.until([&] { return line.hub.result.has_value(); }));
    // The library waits for its acknowledgement before it ends the connection.
    MqttMessage reading;
    reading.topic = "a";
    line.hub.transport->publish(1, reading);
    REQUIRE(line.loop.until([&] { return !line.broker.published.empty(); }));
    line.hub.transport->disconnect(std::chrono::seconds{60}, [&] { isDone = true; });
    REQUIRE(line.deliverAcknowledged());
    CHECK(line.isTold());
    CHECK_FALSE(isDone);
    line.broker.acknowledge(line.broker.published.front());
    CHECK(line.loop.until([&] { return isDone; }));
}

TEST_CASE("what the library acknowledges before a connection that was given up is gone is told") {
    Line line;
    bool isClosed = false;
    line.hub.begin(line.options);
    REQUIRE(line.loop.until([&] { return line.broker.hasAsked; }));
    const auto close = [&] { line.hub.transport->close([&] { isClosed = true; }); };
    std::optional<BusyThread> other;

    SUBCASE("while connected") {
        line.broker.welcome();
        REQUIRE(line.loop.until([&] { return line.hub.result.has_value(); }));
        other.emplace(line.loop.thread);
        close();
    }
    SUBCASE("while it is awaited") {
        other.emplace(line.loop.thread);
        close();
        line.broker.welcome();
    }
    const bool wasTold = line.hub.result.has_value();
    REQUIRE(line.deliverAcknowledged());
    CHECK(line.isTold());
    CHECK_FALSE(isClosed);
    other->release();
    CHECK(line.loop.until([&] { return isClosed; }));
    CHECK(line.hub.result.has_value() == wasTold);
    CHECK_FALSE(line.hub.lost);
}

TEST_CASE("a transport that never began is closed too, and may go in the handler") {
    RealLoop loop;
    Watched hub(loop);
    bool isClosed = false;
    hub.transport->close([&] {
        isClosed = true;
        hub.transport.reset();
    });
    CHECK_FALSE(isClosed);
    CHECK(loop.until([&] { return isClosed; }));
}

}  // namespace vitalgate::uplink
