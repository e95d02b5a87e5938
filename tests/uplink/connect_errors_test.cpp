#include "gateway/uplink/connect_errors.hpp"

#include <doctest/doctest.h>

#include <asio/error.hpp>
#include <set>

namespace vitalgate::uplink {
namespace {

MqttConnectOptions options(bool version5 = true) {
    MqttConnectOptions made;
    made.broker = *BrokerAddress::parse("mqtts://broker.example:8883");
    made.version5 = version5;
    return made;
}

/// Of a CONNACK with this reason (MQTT 5) or return code (3.1.1).
Error refusal(int code, bool version5 = true) {
    PahoFailure failure;
    (version5 ? failure.reason : failure.code) = code;
    CHECK_FALSE(isUnexplained(failure));
    return connectError(options(version5), failure, {});
}

}  // namespace

TEST_CASE("each reason of a CONNACK has a sentence of its own, which names the broker") {
    std::set<std::string> sentences;
    // MQTT 5.0 section 3.2.2.2, what is above "success".
    constexpr int kReasons[] = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A,
                                0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
    for (const int reason : kReasons) {
        const auto error = refusal(reason);
        CHECK(error.message.starts_with("broker.example:8883 "));
        CHECK(sentences.insert(error.message).second);
    }
    for (int code = 1; code <= 5; ++code) {
        CHECK(refusal(code, false).message.starts_with("broker.example:8883 "));
    }
    CHECK(refusal(0x9B).message.find("0x9B") != std::string::npos);
    CHECK(refusal(77, false).message.find("code 77") != std::string::npos);
}

TEST_CASE("what a person must mend is told from what may pass by itself") {
    for (const int reason : {0x86, 0x87, 0x8A, 0x8C}) {
        CHECK(refusal(reason).kind == ErrorKind::authentication);
    }
    for (const int reason : {0x88, 0x89, 0x97, 0x9C, 0x9F}) {
        CHECK(refusal(reason).kind == ErrorKind::unavailable);
    }
    CHECK(refusal(4, false).kind == ErrorKind::authentication);
    CHECK(refusal(3, false).kind == ErrorKind::unavailable);
    CHECK(refusal(0x84).message.find("set protocol: 3.1.1") != std::string::npos);
}

TEST_CASE("a certificate that is refused is told with the name that was demanded") {
    PahoFailure failure;
    failure.certificate = "certificate has expired";
    auto demanded = options();
    demanded.tls.serverName = "care.example";
    const auto error = connectError(demanded, failure, {});
    CHECK(error.kind == ErrorKind::authentication);
    CHECK(error.message.find("\"care.example\": certificate has expired") != std::string::npos);
}

TEST_CASE("a failure without a reason is explained by what a plain connection found") {
    const PahoFailure silent{-1, 0, {}, {}};
    CHECK(isUnexplained(silent));
    CHECK(connectError(options(), silent, asio::error::connection_refused).kind ==
          ErrorKind::unavailable);
    CHECK(connectError(options(), silent, asio::error::timed_out).kind == ErrorKind::timedOut);
    CHECK(connectError(options(), silent, {}).message.find("does it speak TLS") !=
          std::string::npos);
}

}  // namespace vitalgate::uplink
