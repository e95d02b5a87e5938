#include "gateway/app/settings.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "gateway/config/store_place.hpp"
#include "gateway/crypto/crypto.hpp"
#include "gateway/crypto/key_file.hpp"
#include "gateway/runtime/time_zone.hpp"

namespace vitalgate::app {

namespace {

namespace fs = std::filesystem;

Status makeFolder(const fs::path& path) {
    std::error_code error;
    // The mode comes from the umask of the process, which lets nobody else in.
    fs::create_directories(path, error);
    if (error) {
        return fail(ErrorKind::unavailable, "the folder {} cannot be made: {}", path.string(),
                    error.message());
    }
    return {};
}

/// Of a place that the configuration does not name the key is made if there is none.
Result<crypto::SecretKey> keyAt(const fs::path& path, bool isNamed, std::string_view subject) {
    auto key = isNamed ? crypto::readKeyFile(path) : crypto::readOrCreateKeyFile(path);
    if (!key) return failIn(subject, key);
    return key;
}

/// Unset if there is none.
Result<crypto::SecretKey> previousKey(const fs::path& key, std::string_view subject) {
    auto previous = crypto::readKeyFile(config::previousKeyPath(key));
    if (previous) return previous;
    if (previous.error().kind == ErrorKind::notFound) return crypto::SecretKey{};
    return failIn(subject, previous);
}

Result<uplink::TlsSettings> tlsSettings(const config::Tls& tls, const Folders& folders) {
    uplink::TlsSettings settings;
    if (tls.ca != "system") settings.caFile = tls.ca;
    settings.certificateFile = tls.certificate;
    settings.serverName = tls.serverName;
    settings.revocationFile = tls.crl;
    settings.onlyTls13 = tls.minVersion == config::TlsVersion::tls13;
    if (tls.key) {
        const auto path = config::secretPath(tls.key->secret, folders.credentials);
        if (!path) return failIn("tls.key", path);
        settings.keyFile = path->string();
    }
    return settings;
}

Result<uplink::BrokerSettings> brokerSettings(const config::Uplink& uplink,
                                              const Folders& folders) {
    uplink::BrokerSettings settings;
    settings.brokers = uplink.brokers;
    auto tls = tlsSettings(uplink.tls, folders);
    if (!tls) return std::unexpected(tls.error());
    settings.tls = std::move(*tls);
    settings.allowPlaintext = uplink.allowPlaintext;
    settings.user = uplink.user;
    settings.clientId = uplink.clientId;
    settings.version5 = uplink.protocol == config::Protocol::mqtt5;
    settings.keepAlive = uplink.keepAlive;
    settings.sessionExpiry = uplink.sessionExpiry;
    settings.retryMaximum = uplink.retryMax;
    if (uplink.password) {
        settings.password = [secret = *uplink.password,
                             directory = folders.credentials]() -> Result<std::string> {
            const auto password = config::readSecret(secret, directory);
            if (!password) return failIn("password", password);
            return std::string{asText(*password)};
        };
        // What is wrong with it is told at the start.
        if (const auto read = settings.password(); !read) return std::unexpected(read.error());
    }
    return settings;
}

std::set<std::string> deviceIds(const config::Config& config) {
    std::set<std::string> ids;
    for (const auto& [id, unused] : config.devices) ids.insert(id);
    return ids;
}

Result<UplinkSettings> uplinkSetting(const std::string& name, const config::Config& config,
                                     const Folders& folders) {
    const auto& uplink = config.uplinks.at(name);
    auto topics = uplink::Topics::make(uplink.root, config.hub.id);
    if (!topics) return failIn("root", topics);
    auto broker = brokerSettings(uplink, folders);
    if (!broker) return std::unexpected(broker.error());
    uplink::UplinkOptions options;
    options.name = name;
    options.broker = std::move(*broker);
    options.window = uplink.window;
    options.batchBytes = uplink.batchSize.bytes;
    if (uplink.delivery == config::Delivery::receipt) options.receiptLimit = uplink.receiptTimeout;
    // With accept: none they are heard too, to be answered.
    options.acceptCommands = uplink.commands;
    options.devices = deviceIds(config);
    options.mayAdmit = !config.admit.empty();
    return UplinkSettings{std::move(options), std::move(*topics)};
}

std::optional<std::set<std::string, std::less<>>> setOf(const config::Names& names) {
    if (names.all) return std::nullopt;
    return std::set<std::string, std::less<>>{names.list.begin(), names.list.end()};
}

v1::CommandTrust trustOf(config::CommandSource source) {
    switch (source) {
        case config::CommandSource::onlySigned:
            return v1::TRUST_SIGNED;
        case config::CommandSource::transportOnly:
            return v1::TRUST_TRANSPORT_ONLY;
        case config::CommandSource::none:
            break;
    }
    return v1::TRUST_NONE;
}

RecordUse recordsOf(config::RecordUse records) {
    switch (records) {
        case config::RecordUse::all:
            return RecordUse::all;
        case config::RecordUse::none:
            return RecordUse::none;
        case config::RecordUse::sinceLast:
            break;
    }
    return RecordUse::sinceLast;
}

/// The secrets of a device are read when it asks for them, and kept nowhere.
void addSecrets(const config::Device& device, const config::CredentialsDirectory& credentials,
                DeviceSettings& settings) {
    if (device.passkey) {
        settings.passkey = [passkey = *device.passkey, credentials] {
            return config::readPasskey(passkey, credentials);
        };
    }
    for (const auto& [slot, code] : device.consent) {
        settings.consent[slot] = [code, credentials] {
            return config::readConsentCode(code, credentials);
        };
    }
}

DeviceSettings settingsOf(const std::string& id, const config::Device& device) {
    DeviceSettings settings;
    settings.id = id;
    settings.label = device.label;
    settings.address = device.address;
    settings.enabled = device.enabled;
    settings.profiles = device.profiles;
    settings.subjects = {device.person, device.slots};
    settings.setClock = device.clock == config::ClockUse::set;
    settings.quirk = device.quirk;
    settings.requireBond = device.requireBond;
    settings.records = recordsOf(device.records);
    settings.registerUsers = device.registerUsers;
    settings.opaque = device.opaque;
    settings.expectEvery = device.expectEvery;
    return settings;
}

}  // namespace

Status makeFolders(const config::Config& config, const Folders& folders) {
    for (const auto& folder : {fs::path{folders.state}, config::keyFolder(folders.state),
                               config::storeFolder(config, folders.state)}) {
        if (auto made = makeFolder(folder); !made) return made;
    }
    return {};
}

Result<crypto::SecretKey> idKey(const config::Config& config, const Folders& folders) {
    constexpr std::string_view kSubject = "privacy.id-key";
    const auto& secret = config.privacy.idKey;
    if (!secret) return keyAt(config::keyFolder(folders.state) / "id.key", false, kSubject);
    const auto path = config::secretPath(*secret, folders.credentials);
    if (!path) return failIn(kSubject, path);
    return keyAt(*path, true, kSubject);
}

Result<store::StoreOptions> storeOptions(const config::Config& config, const Folders& folders) {
    constexpr std::string_view kSubject = "store.key";
    const auto path = config::storeKeyPath(config, folders.state, folders.credentials);
    if (!path) return failIn(kSubject, path);
    auto key = keyAt(*path, config.store.key.has_value(), kSubject);
    if (!key) return std::unexpected(key.error());
    auto previous = previousKey(*path, kSubject);
    if (!previous) return std::unexpected(previous.error());
    store::StoreOptions options;
    options.path = config::storeFolder(config, folders.state) / "store.db";
    options.keep = config.store.keep;
    options.maximumBytes = config.store.maxSize.bytes;
    options.key = std::move(*key);
    options.previousKey = std::move(*previous);
    for (const auto& [name, unused] : config.uplinks) options.uplinks.push_back(name);
    return options;
}

Result<std::vector<UplinkSettings>> uplinkSettings(const config::Config& config,
                                                   const Folders& folders) {
    std::vector<UplinkSettings> all;
    for (const auto& [name, unused] : config.uplinks) {
        auto one = uplinkSetting(name, config, folders);
        if (!one) return failIn("uplinks." + name, one);
        all.push_back(std::move(*one));
    }
    return all;
}

Result<commands::Policy> commandPolicy(const config::Config& config) {
    commands::Policy policy;
    policy.hub = config.hub.id;
    policy.accept = trustOf(config.commands.accept);
    policy.maximumValidity = config.commands.maxValidity;
    for (const auto& [id, key] : config.commands.keys) {
        auto publicKey = crypto::fromBase64(key.publicKey);
        if (!publicKey) return failIn(fmt::format("commands.keys.{}.public-key", id), publicKey);
        commands::Permission permission;
        permission.publicKey = std::move(*publicKey);
        permission.kinds = setOf(key.kinds);
        permission.devices = setOf(key.devices);
        permission.rate.count = key.rate.perMinute;
        policy.keys.emplace(id, std::move(permission));
    }
    return policy;
}

std::vector<DeviceSettings> deviceSettings(const config::Config& config,
                                           const config::CredentialsDirectory& credentials) {
    std::vector<DeviceSettings> all;
    for (const auto& [id, device] : config.devices) {
        auto settings = settingsOf(id, device);
        addSecrets(device, credentials, settings);
        all.push_back(std::move(settings));
    }
    return all;
}

std::vector<AdmissionRule> admissionRules(const config::Config& config) {
    std::vector<AdmissionRule> all;
    for (const auto& [name, rule] : config.admit) {
        all.push_back({name, rule.profile, rule.until, rule.atMost, rule.signalFloor.dBm});
    }
    return all;
}

Result<session::SessionOptions> sessionOptions(const config::Config& config) {
    auto zone = TimeZone::find(config.time.zone);
    if (!zone) return failIn("time.zone", zone);
    session::SessionOptions options;
    options.zone = std::move(*zone);
    options.setDeviceClocks = config.time.setDeviceClocks;
    options.raw = config.readings.raw;
    options.seriesInterval = config.readings.seriesInterval;
    options.plainIdentifiers = config.privacy.deviceIdentifiers == config::DeviceIdentifiers::plain;
    return options;
}

std::map<std::string, BluetoothAddress> deviceAddresses(const config::Config& config) {
    std::map<std::string, BluetoothAddress> addresses;
    for (const auto& [id, device] : config.devices) addresses.emplace(id, device.address);
    return addresses;
}

}  // namespace vitalgate::app
