#include "gateway/uplink/paho_messages.hpp"

#include <algorithm>

namespace vitalgate::uplink {
namespace {

using mqtt::property;

constexpr int kMostInFlight = 2000;  ///< the window is ours; the library shall not queue

constexpr Duration kLibraryMargin = std::chrono::seconds{5};

/// Level 2 leaves out TLS 1.0 and 1.1 and keys below 112 bits; whatever the system's file says.
constexpr auto kCiphers = "DEFAULT:@SECLEVEL=2";
/// No suite of TLS 1.2 can be used without a pre-shared key, which we never have: only 1.3 is left.
constexpr auto kCiphersOnlyTls13 = "PSK-AES256-GCM-SHA384:@SECLEVEL=2";

std::uint32_t seconds(Duration duration) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

const char* schemeOf(BrokerScheme scheme) {
    switch (scheme) {
        case BrokerScheme::mqtt:
            return "tcp";
        case BrokerScheme::mqtts:
            return "ssl";
        case BrokerScheme::ws:
            return "ws";
        case BrokerScheme::wss:
            return "wss";
    }
    return "ssl";
}

mqtt::properties propertiesOf(const MqttMessage& message) {
    mqtt::properties list;
    list.add(property(property::PAYLOAD_FORMAT_INDICATOR, 0));
    if (!message.contentType.empty()) list.add({property::CONTENT_TYPE, message.contentType});
    if (!message.responseTopic.empty()) list.add({property::RESPONSE_TOPIC, message.responseTopic});
    if (!message.correlation.empty()) list.add({property::CORRELATION_DATA, message.correlation});
    if (message.expirySeconds) {
        list.add(property(property::MESSAGE_EXPIRY_INTERVAL,
                          static_cast<std::int32_t>(*message.expirySeconds)));
    }
    for (const auto& [name, value] : message.userProperties) {
        list.add({property::USER_PROPERTY, name, value});
    }
    return list;
}

template <class T>
T propertyOr(const mqtt::properties& list, property::code code, T otherwise) {
    return list.contains(code) ? mqtt::get<T>(list, code) : otherwise;
}

mqtt::ssl_options tlsOptions(const TlsSettings& tls, const std::string& trustFile) {
    mqtt::ssl_options options;
    if (!trustFile.empty()) options.set_trust_store(trustFile);
    if (!tls.certificateFile.empty()) {
        options.set_key_store(tls.certificateFile);
        options.set_private_key(tls.keyFile.empty() ? tls.certificateFile : tls.keyFile);
    }
    options.set_enabled_cipher_suites(tls.onlyTls13 ? kCiphersOnlyTls13 : kCiphers);
    options.set_enable_server_cert_auth(true);
    // The name is verified with the chain (TlsVerifier): the library would also take one from CN.
    options.set_verify(false);
    return options;
}

void setWill(const MqttConnectOptions& from, mqtt::connect_options& options) {
    if (!from.will) return;
    mqtt::will_options will(*pahoMessage(*from.will, from.version5));
    if (from.version5) {
        auto list = propertiesOf(*from.will);
        list.add(property(property::WILL_DELAY_INTERVAL,
                          static_cast<std::int32_t>(seconds(from.willDelay))));
        will.set_properties(std::move(list));
    }
    options.set_will(std::move(will));
}

void setSession(const MqttConnectOptions& from, mqtt::connect_options& options) {
    const bool clean = from.sessionExpiry <= Duration::zero();
    if (!from.version5) {
        options.set_mqtt_version(MQTTVERSION_3_1_1);
        options.set_clean_session(clean);
        return;
    }
    options.set_mqtt_version(MQTTVERSION_5);
    options.set_clean_start(clean);
    mqtt::properties list;
    list.add(property(property::SESSION_EXPIRY_INTERVAL,
                      static_cast<std::int32_t>(seconds(from.sessionExpiry))));
    list.add(property(property::RECEIVE_MAXIMUM, from.receiveMaximum));
    list.add(property(property::MAXIMUM_PACKET_SIZE,
                      static_cast<std::int32_t>(from.maximumPacketBytes)));
    options.set_properties(std::move(list));
}

/// The library asks a silent broker after one keep-alive and waits one and a half more, so it finds
/// a dead line after two and a half (measured, 1.3.12). What is promised is one and a half.
Duration libraryKeepAlive(Duration promised) {
    return promised * 3 / 5;
}

}  // namespace

std::string pahoUri(const BrokerAddress& broker, const std::string& host) {
    const bool brackets = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}{}", schemeOf(broker.scheme), brackets ? "[" : "", host,
                       brackets ? "]" : "", broker.port, broker.path);
}

mqtt::connect_options pahoConnectOptions(const MqttConnectOptions& from,
                                         const std::string& trustFile) {
    mqtt::connect_options options;
    setSession(from, options);
    options.set_keep_alive_interval(static_cast<int>(seconds(libraryKeepAlive(from.keepAlive))));
    // Ours comes first: it knows what to say.
    options.set_connect_timeout(static_cast<int>(seconds(from.limit + kLibraryMargin)));
    options.set_automatic_reconnect(false);
    options.set_max_inflight(kMostInFlight);
    if (!from.user.empty()) options.set_user_name(from.user);
    if (!from.password.empty()) options.set_password(from.password);
    if (from.broker.isEncrypted()) options.set_ssl(tlsOptions(from.tls, trustFile));
    setWill(from, options);
    return options;
}

mqtt::message_ptr pahoMessage(const MqttMessage& message, bool version5) {
    auto out = mqtt::make_message(message.topic, message.payload, message.qos, message.retained);
    if (version5) out->set_properties(propertiesOf(message));
    return out;
}

MqttMessage fromPaho(const mqtt::message& message) {
    MqttMessage out;
    out.topic = message.get_topic();
    out.payload = message.get_payload_str();
    out.qos = message.get_qos();
    out.retained = message.is_retained();
    const auto& list = message.get_properties();
    out.contentType = propertyOr<std::string>(list, property::CONTENT_TYPE, {});
    out.responseTopic = propertyOr<std::string>(list, property::RESPONSE_TOPIC, {});
    out.correlation = propertyOr<std::string>(list, property::CORRELATION_DATA, {});
    if (list.contains(property::MESSAGE_EXPIRY_INTERVAL)) {
        out.expirySeconds = mqtt::get<std::uint32_t>(list, property::MESSAGE_EXPIRY_INTERVAL);
    }
    for (std::size_t i = 0; i < list.count(property::USER_PROPERTY); ++i) {
        const auto pair = mqtt::get<mqtt::string_pair>(list, property::USER_PROPERTY, i);
        out.userProperties.emplace(std::get<0>(pair), std::get<1>(pair));
    }
    return out;
}

}  // namespace vitalgate::uplink
