#include "gateway/uplink/connect_errors.hpp"

#include <array>
#include <asio/error.hpp>
#include <string_view>

namespace vitalgate::uplink {
namespace {

struct RefusalRow {
    int code;
    ErrorKind kind;
    std::string_view text;
};

/// Return codes of CONNACK with MQTT 3.1.1 (section 3.2.2.3) …
constexpr std::array kReturnCodes = {
    RefusalRow{1, ErrorKind::unsupported, "does not speak MQTT 3.1.1"},
    RefusalRow{2, ErrorKind::refused, "refuses the client id: set client-id"},
    RefusalRow{3, ErrorKind::unavailable, "is not available at present"},
    RefusalRow{4, ErrorKind::authentication,
               "refuses user name or password: check user and password"},
    RefusalRow{5, ErrorKind::authentication,
               "does not allow this hub in: check user, password and client certificate"},
};

/// … and reasons with MQTT 5 (section 3.2.2.2).
constexpr std::array kReasons = {
    RefusalRow{0x84, ErrorKind::unsupported, "does not speak MQTT 5: set protocol: 3.1.1"},
    RefusalRow{0x85, ErrorKind::refused, "refuses the client id: set client-id"},
    RefusalRow{0x86, ErrorKind::authentication,
               "refuses user name or password: check user and password"},
    RefusalRow{0x87, ErrorKind::authentication,
               "does not allow this hub in: check user, password and client certificate"},
    RefusalRow{0x88, ErrorKind::unavailable, "is not available at present"},
    RefusalRow{0x89, ErrorKind::unavailable, "is busy"},
    RefusalRow{0x8A, ErrorKind::authentication, "has banned this hub: ask its operator"},
    RefusalRow{0x8C, ErrorKind::authentication, "wants another way of authentication"},
    RefusalRow{0x95, ErrorKind::refused, "says that the packet is too large"},
    RefusalRow{0x97, ErrorKind::unavailable, "says that a quota is exceeded"},
    RefusalRow{0x9C, ErrorKind::unavailable,
               "wants another broker to be used: ask its operator which, and set broker"},
    RefusalRow{0x9D, ErrorKind::unavailable,
               "has moved: ask its operator where to, and set broker"},
    RefusalRow{0x9F, ErrorKind::unavailable, "says that too many connections are made"},
};

template <std::size_t size>
const RefusalRow* find(const std::array<RefusalRow, size>& rows, int code) {
    for (const auto& row : rows) {
        if (row.code == code) return &row;
    }
    return nullptr;
}

const RefusalRow* refusalOf(const MqttConnectOptions& options, const PahoFailure& failure) {
    if (!options.version5) return find(kReturnCodes, failure.code);
    if (const auto* reason = find(kReasons, failure.reason)) return reason;
    // A broker that knows only 3.1.1 answers in its own way.
    return failure.code == 1 ? &kReasons.front() : find(kReturnCodes, failure.code);
}

Error networkError(const BrokerAddress& broker, const std::error_code& tcp) {
    const auto name = broker.text();
    if (tcp == asio::error::connection_refused) {
        return {ErrorKind::unavailable,
                fmt::format("TCP connection refused by {}: is the broker running, and is the port "
                            "right?",
                            name)};
    }
    if (tcp == asio::error::timed_out || tcp == asio::error::operation_aborted) {
        return {ErrorKind::timedOut,
                fmt::format("{} does not answer: check network and firewall", name)};
    }
    return {ErrorKind::unavailable, fmt::format("{} cannot be reached: {}", name, tcp.message())};
}

Error closedError(const MqttConnectOptions& options) {
    const auto name = options.broker.text();
    if (!options.broker.isEncrypted()) {
        return {ErrorKind::unavailable,
                fmt::format("{} closed the connection before the session began: is it an MQTT "
                            "broker, without TLS on this port?",
                            name)};
    }
    const auto* certificate = options.tls.certificateFile.empty()
                                  ? "does it require a client certificate (tls.certificate)?"
                                  : "does it accept this hub's certificate (tls.certificate)?";
    return {ErrorKind::authentication,
            fmt::format("{} ended the TLS handshake: does it speak {} on this port, and {}", name,
                        options.tls.onlyTls13 ? "TLS 1.3 (tls.min-version)" : "TLS", certificate)};
}

}  // namespace

bool isUnexplained(const PahoFailure& failure) {
    return failure.setup.has_value() && failure.certificate.empty() && failure.code <= 0 &&
           failure.reason < 0x80;
}

Error connectError(const MqttConnectOptions& options, const PahoFailure& failure,
                   const std::error_code& tcp) {
    if (!failure.setup) return failure.setup.error();
    const auto& broker = options.broker;
    if (!failure.certificate.empty()) {
        const auto& name = options.tls.serverName.empty() ? broker.host : options.tls.serverName;
        return {
            ErrorKind::authentication,
            fmt::format("the certificate of {} is not accepted for \"{}\": {}; check tls.ca and "
                        "the broker's certificate",
                        broker.text(), name, failure.certificate)};
    }
    if (const auto* refusal = refusalOf(options, failure)) {
        return {refusal->kind, fmt::format("{} {}", broker.text(), refusal->text)};
    }
    if (!isUnexplained(failure)) {
        return {ErrorKind::refused, fmt::format("{} refuses the session (code {}, reason 0x{:02X})",
                                                broker.text(), failure.code, failure.reason)};
    }
    return tcp ? networkError(broker, tcp) : closedError(options);
}

Error resolveError(const BrokerAddress& broker, const std::error_code& error) {
    if (error == asio::error::timed_out) {
        return {ErrorKind::timedOut,
                fmt::format("the name {} is not resolved in time: check DNS and "
                            "network",
                            broker.host)};
    }
    return {ErrorKind::unavailable,
            fmt::format("the name {} cannot be resolved ({}): check it, DNS "
                        "and network",
                        broker.host, error.message())};
}

Error silenceError(const MqttConnectOptions& options) {
    return {ErrorKind::timedOut,
            fmt::format("{} gives no answer within {}: is it an MQTT broker{}?",
                        options.broker.text(), formatDuration(options.limit),
                        options.broker.isEncrypted() ? ", with TLS on this port"
                                                     : ", without TLS on this port")};
}

Error lostError(const BrokerAddress& broker, const std::string& why) {
    return {ErrorKind::disconnected,
            why.empty()
                ? fmt::format("{} no longer answers, or closed the connection", broker.text())
                : fmt::format("{} ended the connection: {}", broker.text(), why)};
}

}  // namespace vitalgate::uplink
