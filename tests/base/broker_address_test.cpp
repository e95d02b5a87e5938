#include "gateway/base/broker_address.hpp"

#include <doctest/doctest.h>

namespace vitalgate {

TEST_CASE("a broker's address is scheme, host and port; the port may be left out") {
    const auto full = BrokerAddress::parse("mqtts://broker.example:8884");
    REQUIRE(full.has_value());
    CHECK(*full == BrokerAddress{BrokerScheme::mqtts, "broker.example", 8884, ""});
    CHECK(full->text() == "broker.example:8884");
    CHECK(full->isEncrypted());
    CHECK(BrokerAddress::parse("mqtt://localhost")->port == 1883);
    CHECK(BrokerAddress::parse("mqtts://a")->port == 8883);
    CHECK(BrokerAddress::parse("ws://a/mqtt")->port == 80);
    const auto web = BrokerAddress::parse("wss://a:444/mqtt");
    CHECK(web->path == "/mqtt");
    CHECK(web->port == 444);
    const auto six = BrokerAddress::parse("mqtt://[::1]:1884");
    REQUIRE(six.has_value());
    CHECK(six->host == "::1");
    CHECK(six->text() == "[::1]:1884");
    CHECK(six->uri() == "mqtt://[::1]:1884");
    CHECK(web->uri() == "wss://a:444/mqtt");
    CHECK(BrokerAddress::parse("mqtt://localhost/")->uri() == "mqtt://localhost:1883");
}

TEST_CASE("only loopback addresses are loopback") {
    for (const auto* uri :
         {"mqtt://localhost", "mqtt://127.0.0.1", "mqtt://127.8.8.8", "mqtt://[::1]"}) {
        CAPTURE(uri);
        CHECK(BrokerAddress::parse(uri)->isLoopback());
    }
    for (const auto* uri :
         {"mqtt://192.168.0.1", "mqtt://localhost.evil.example", "mqtt://[::2]", "mqtt://127.1",
          "mqtt://127.0.0.1.example", "mqtt://127.evil.example"}) {
        CAPTURE(uri);
        CHECK_FALSE(BrokerAddress::parse(uri)->isLoopback());
    }
}

TEST_CASE("what is no broker's address is refused with a sentence") {
    for (const auto* uri : {"",
                            "broker.example",
                            "http://a",
                            "mqtt://",
                            "mqtt://:1883",
                            "mqtt://a:",
                            "mqtt://a:0",
                            "mqtt://a:65536",
                            "mqtt://a:12x",
                            "mqtt://a/path",
                            "mqtt://[::1",
                            "mqtt://a b",
                            "mqtts://a:1:2",
                            "mqtt://[::1]1883",
                            "mqtts://b?x",
                            "mqtt://[]",
                            "mqtt",
                            "mqtt://user:secret@a",
                            "http://user:secret@a",
                            "mqtt://a\n",
                            "MQTT://a"}) {
        CAPTURE(uri);
        const auto address = BrokerAddress::parse(uri);
        REQUIRE_FALSE(address.has_value());
        CHECK(address.error().kind == ErrorKind::invalid);
        // A password somebody wrote there must not reach a log.
        CHECK(address.error().message.find("secret") == std::string::npos);
    }
    CHECK_FALSE(BrokerAddress::parse("mqtt://" + std::string(600, 'a')).has_value());
}

}  // namespace vitalgate
