#include <doctest/doctest.h>

#include "tests/support/certificates.hpp"
#include "tests/uplink/broker_fixture.hpp"

namespace vitalgate::uplink {
namespace {

using testing::certificates;

std::string listener(const std::string& server, const std::string& more = "") {
    const auto& made = certificates();
    return "allow_anonymous true\ncafile " + made / "ca.pem" + "\ncertfile " +
           made / (server + ".pem") + "\nkeyfile " + made / (server + ".key") + "\n" + more;
}

MqttConnectOptions tlsOptions(std::uint16_t port, const std::string& host = "127.0.0.1") {
    auto options = plainOptions(port);
    options.broker.scheme = BrokerScheme::mqtts;
    options.broker.host = host;
    options.tls.caFile = certificates() / "ca.pem";
    return options;
}

/// Tries a broker with this certificate; "connected" or why not.
std::string attempt(const std::string& server, const std::string& host,
                    const std::function<void(MqttConnectOptions&)>& change = {}) {
    testing::Mosquitto broker(listener(server));
    RealLoop loop;
    Watched hub(loop);
    auto options = tlsOptions(broker.port(), host);
    if (change) change(options);
    REQUIRE(hub.connect(options));
    if (hub.result->has_value()) return "connected";
    CHECK(hub.kind() == ErrorKind::authentication);
    return hub.error();
}

bool contains(const std::string& text, const std::string& part) {
    CAPTURE(text);
    CAPTURE(part);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a certificate that names the broker is accepted, by name and by address") {
    CHECK(attempt("server", "localhost") == "connected");
    CHECK(attempt("server", "127.0.0.1") == "connected");
}

TEST_CASE("a certificate for another name is refused") {
    CHECK(contains(attempt("server-elsewhere", "localhost"), "ostname mismatch"));
    CHECK(contains(attempt("server-elsewhere", "127.0.0.1"), "IP address mismatch"));
}

TEST_CASE("the name to expect can be set apart from where to connect") {
    const auto elsewhere = [](MqttConnectOptions& options) {
        options.tls.serverName = "other.example";
    };
    CHECK(attempt("server-elsewhere", "localhost", elsewhere) == "connected");
    CHECK(contains(attempt("server", "localhost", elsewhere), "\"other.example\""));
}

TEST_CASE("a name that stands only in CN does not count") {
    CHECK(contains(attempt("server-cn", "localhost"), "ostname mismatch"));
}

TEST_CASE("an expired certificate is refused, and the sentence says so") {
    CHECK(contains(attempt("server-expired", "localhost"), "certificate has expired"));
}

TEST_CASE("a certificate of an authority that is not ours is refused") {
    CHECK(contains(attempt("server-stranger", "localhost"), "check tls.ca"));
}

TEST_CASE("without a CA file the system's store counts, which does not know our authority") {
    CHECK(contains(attempt("server", "localhost",
                           [](MqttConnectOptions& options) { options.tls.caFile.clear(); }),
                   "check tls.ca"));
}

TEST_CASE("a revoked certificate is refused when there is a revocation list") {
    const auto withList = [](MqttConnectOptions& options) {
        options.tls.revocationFile = certificates() / "crl.pem";
    };
    CHECK(attempt("server-revoked", "localhost") == "connected");
    CHECK(contains(attempt("server-revoked", "localhost", withList), "certificate revoked"));
    CHECK(attempt("server", "localhost", withList) == "connected");
}

TEST_CASE("a broker's certificate is verified alike behind web sockets") {
    const auto overWebSockets = [](MqttConnectOptions& options) {
        options.broker.scheme = BrokerScheme::wss;
    };
    for (const auto* host : {"localhost", "127.0.0.1"}) {
        CAPTURE(host);
        CHECK(contains(attempt("server-stranger", host, overWebSockets), "check tls.ca"));
        CHECK(contains(attempt("server-elsewhere", host, overWebSockets), "mismatch"));
        // This broker knows no web sockets and hangs up; but nothing is said of its certificate.
        testing::Mosquitto broker(listener("server"));
        RealLoop loop;
        Watched hub(loop);
        auto options = tlsOptions(broker.port(), host);
        overWebSockets(options);
        REQUIRE(hub.connect(options));
        CHECK_FALSE(hub.result->has_value());
        CHECK(contains(hub.error(), "does it speak TLS on this port"));
    }
}

TEST_CASE("a client certificate is shown to a broker that requires one") {
    testing::Mosquitto broker(listener("server", "require_certificate true\n"));
    RealLoop loop;
    auto options = tlsOptions(broker.port());
    SUBCASE("shown") {
        options.tls.certificateFile = certificates() / "client.pem";
        options.tls.keyFile = certificates() / "client.key";
        Watched hub(loop);
        REQUIRE(hub.connect(options));
        CHECK_MESSAGE(hub.result->has_value(), hub.error());
    }
    SUBCASE("missing") {
        Watched hub(loop);
        REQUIRE(hub.connect(options));
        CHECK(contains(hub.error(), "does it require a client certificate (tls.certificate)?"));
        CHECK(hub.kind() == ErrorKind::authentication);
    }
    SUBCASE("of another authority") {
        options.tls.certificateFile = certificates() / "client-stranger.pem";
        options.tls.keyFile = certificates() / "client-stranger.key";
        Watched hub(loop);
        REQUIRE(hub.connect(options));
        CHECK(contains(hub.error(), "does it accept this hub's certificate (tls.certificate)?"));
    }
}

TEST_CASE("a file that is missing or no PEM file is named") {
    testing::Mosquitto broker(listener("server"));
    RealLoop loop;
    auto options = tlsOptions(broker.port());
    SUBCASE("authority") {
        options.tls.caFile = "/nonexistent/ca.pem";
        Watched hub(loop);
        REQUIRE(hub.connect(options));
        CHECK(contains(hub.error(), "tls.ca: /nonexistent/ca.pem"));
    }
    SUBCASE("key") {
        options.tls.certificateFile = certificates() / "client.pem";
        options.tls.keyFile = certificates() / "index";
        Watched hub(loop);
        REQUIRE(hub.connect(options));
        CHECK(contains(hub.error(), "tls.key: "));
    }
}

TEST_CASE("a key that is not the certificate's is the hub's own fault, and no broker's") {
    testing::Mosquitto broker(listener("server"));
    RealLoop loop;
    auto options = tlsOptions(broker.port());
    options.tls.certificateFile = certificates() / "client.pem";
    options.tls.keyFile = certificates() / "client-stranger.key";
    Watched hub(loop);
    REQUIRE(hub.connect(options));
    CHECK(contains(hub.error(), "client-stranger.key is not the key of the certificate"));
    options.tls.keyFile = certificates() / "client.pem";
    Watched other(loop);
    REQUIRE(other.connect(options));
    CHECK(contains(other.error(), "holds no private key"));
}

TEST_CASE("TLS below 1.2 is never spoken, and 1.2 is not where only 1.3 is allowed") {
    RealLoop loop;
    // It speaks TLS, one version only, but no MQTT: a handshake that succeeds ends in silence.
    // Time for a handshake on a busy machine, or until silence counts as such.
    constexpr std::chrono::seconds kPatient{20};
    constexpr std::chrono::seconds kShort{2};
    const auto outcome = [&](const std::string& version, bool only13, Duration limit) {
        testing::TempDir directory;
        const auto port = testing::freePort();
        testing::ChildProcess server(
            {"openssl", "s_server", version, "-cipher", "DEFAULT:@SECLEVEL=0", "-accept",
             std::to_string(port), "-cert", certificates() / "server.pem", "-key",
             certificates() / "server.key", "-www"},
            directory / "log");
        REQUIRE(testing::waitUntilItListens(port));
        Watched hub(loop);
        auto options = tlsOptions(port);
        options.tls.onlyTls13 = only13;
        options.limit = limit;
        REQUIRE(hub.connect(options, std::chrono::seconds{60}));
        const bool names13 = hub.error().find("TLS 1.3 (tls.min-version)") != std::string::npos;
        CHECK(names13 == (only13 && version == "-tls1_2"));
        return hub.kind();
    };
    CHECK(outcome("-tls1_3", false, kShort) == ErrorKind::timedOut);
    CHECK(outcome("-tls1_3", true, kShort) == ErrorKind::timedOut);
    CHECK(outcome("-tls1_2", false, kShort) == ErrorKind::timedOut);
    CHECK(outcome("-tls1_2", true, kPatient) == ErrorKind::authentication);
    CHECK(outcome("-tls1_1", false, kPatient) == ErrorKind::authentication);
}

TEST_CASE("a plain broker on the port of TLS, and the reverse, are told") {
    testing::Mosquitto plain;
    testing::Mosquitto secure(listener("server"));
    RealLoop loop;
    Watched first(loop);
    REQUIRE(first.connect(tlsOptions(plain.port())));
    CHECK(contains(first.error(), "does it speak TLS on this port"));
    Watched second(loop);
    REQUIRE(second.connect(plainOptions(secure.port())));
    CHECK(contains(second.error(), "without TLS on this port"));
}

TEST_CASE("two uplinks at the same time: each broker is checked for its own name") {
    testing::Mosquitto good(listener("server"));
    testing::Mosquitto other(listener("server-elsewhere"));
    RealLoop loop;
    for (int round = 0; round < 3; ++round) {
        Watched first(loop);
        Watched second(loop);
        Watched third(loop);
        auto named = tlsOptions(other.port(), "localhost");
        named.tls.serverName = "other.example";
        MqttEvents quiet;
        bool refused = false;
        quiet.connected = [&](const Result<MqttConnected>& result) { refused = !result; };
        second.transport->connect(tlsOptions(other.port(), "localhost"), quiet);
        bool accepted = false;
        quiet.connected = [&](const Result<MqttConnected>& result) {
            accepted = result.has_value();
        };
        third.transport->connect(named, quiet);
        REQUIRE(first.connect(tlsOptions(good.port(), "localhost")));
        CHECK_MESSAGE(first.result->has_value(), first.error());
        CHECK(loop.until([&] { return refused && accepted; }));
    }
}

TEST_CASE("a silent server holds up no uplink to another host, and no connection that stands") {
    testing::Mosquitto good(listener("server"));
    RealLoop loop;
    Watched standing(loop);
    auto other = tlsOptions(good.port(), "localhost");
    other.clientId = "hub-2";
    REQUIRE(standing.connect(other));
    REQUIRE(standing.subscribe("standing"));
    asio::ip::tcp::acceptor silent(loop.loop, {asio::ip::make_address("127.0.0.1"), 0});
    Watched stuck(loop);
    auto endless = tlsOptions(silent.local_endpoint().port());
    endless.limit = std::chrono::minutes{5};
    bool isGivenUp = false;
    MqttEvents quiet;
    quiet.connected = [&](const Result<MqttConnected>&) { isGivenUp = true; };
    stuck.transport->connect(endless, quiet);
    for (std::size_t round = 1; round <= 2; ++round) {
        Watched hub(loop);
        REQUIRE(hub.connect(tlsOptions(good.port(), "localhost"), std::chrono::seconds{60}));
        CHECK_MESSAGE(hub.result->has_value(), hub.error());
        MqttMessage message;
        message.topic = "standing";
        standing.transport->publish(round, message);
        CHECK(loop.until([&] {
            return standing.acknowledged.size() == round && standing.received.size() == round;
        }));
    }
    CHECK_FALSE(isGivenUp);
    CHECK_FALSE(standing.lost);
}

TEST_CASE(
    "of two uplinks to one host, a silent server holds the other's handshake for its limit, which "
    "costs it nothing") {
    testing::Mosquitto good(listener("server"));
    RealLoop loop;
    asio::ip::tcp::acceptor silent(loop.loop, {asio::ip::make_address("127.0.0.1"), 0});
    Watched stuck(loop);
    Watched hub(loop);
    auto options = tlsOptions(silent.local_endpoint().port());
    options.limit = std::chrono::seconds{2};
    const auto begin = std::chrono::steady_clock::now();
    stuck.transport->connect(options, {});
    Watched stuckToo(loop);
    stuckToo.transport->connect(options, {});
    auto patient = tlsOptions(good.port());
    patient.limit = std::chrono::seconds{3};
    REQUIRE(hub.connect(patient, std::chrono::seconds{30}));
    CHECK_MESSAGE(hub.result->has_value(), hub.error());
    // Both limits of 2 s went by before its own of 3 s began.
    CHECK(std::chrono::steady_clock::now() - begin > std::chrono::milliseconds{3900});
}

}  // namespace vitalgate::uplink
