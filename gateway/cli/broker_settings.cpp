#include "gateway/cli/broker_settings.hpp"

#include "gateway/cli/configuration.hpp"

namespace vitalgate::cli {

namespace {

Result<uplink::TlsSettings> tlsSettings(const config::Tls& tls) {
    uplink::TlsSettings settings;
    settings.caFile = tls.ca == "system" ? "" : tls.ca;
    settings.certificateFile = tls.certificate;
    settings.serverName = tls.serverName;
    settings.revocationFile = tls.crl;
    settings.onlyTls13 = tls.minVersion == config::TlsVersion::tls13;
    for (const auto& file : {settings.caFile, settings.certificateFile, settings.revocationFile}) {
        if (file.empty()) continue;
        if (const auto readable = config::checkReadable(file); !readable) {
            return failIn("tls", readable);
        }
    }
    if (!tls.key) return settings;
    const auto checked = config::checkSecret(tls.key->secret, credentialsDirectory());
    if (!checked) return failIn("tls.key", checked);
    settings.keyFile = config::secretPath(tls.key->secret, credentialsDirectory())->string();
    return settings;
}

}  // namespace

Result<uplink::BrokerSettings> brokerSettings(const config::Uplink& uplink, std::string clientId) {
    uplink::BrokerSettings settings;
    settings.brokers = uplink.brokers;
    settings.allowPlaintext = uplink.allowPlaintext;
    settings.user = uplink.user;
    settings.clientId = std::move(clientId);
    settings.version5 = uplink.protocol == config::Protocol::mqtt5;
    settings.keepAlive = uplink.keepAlive;
    settings.sessionExpiry = Duration::zero();
    settings.retryMaximum = std::chrono::seconds{10};
    if (uplink.password) {
        const auto password = config::readSecret(*uplink.password, credentialsDirectory());
        if (!password) return failIn("password", password);
        settings.password = [text = std::string{asText(*password)}] { return text; };
    }
    auto tls = tlsSettings(uplink.tls);
    if (!tls) return std::unexpected(tls.error());
    settings.tls = std::move(*tls);
    return settings;
}

}  // namespace vitalgate::cli
