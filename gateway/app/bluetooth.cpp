#include "gateway/app/bluetooth.hpp"

#include <utility>

#include "adapters/bluez/bluez_adapter.hpp"
#include "adapters/profiles/profile.hpp"
#include "gateway/app/settings.hpp"

namespace vitalgate::app {

namespace {

/// A kind of reading is looked for by the service that gives it.
std::map<std::string, std::vector<Uuid>> servicesByKind() {
    std::map<std::string, std::vector<Uuid>> services;
    for (const auto& profile : profiles::allProfiles()) {
        if (profile.kind.empty()) continue;
        services[std::string{profile.kind}].emplace_back(profile.service);
    }
    return services;
}

bluez::PairingPolicy pairingPolicy(config::PairingPolicy policy) {
    switch (policy) {
        case config::PairingPolicy::justWorks:
            return bluez::PairingPolicy::justWorks;
        case config::PairingPolicy::passkey:
            return bluez::PairingPolicy::passkey;
        case config::PairingPolicy::never:
            break;
    }
    return bluez::PairingPolicy::never;
}

}  // namespace

Result<std::unique_ptr<Adapter>> bluetoothAdapter(const config::Config& config,
                                                  const config::CredentialsDirectory& credentials,
                                                  Intake& intake, Clock& clock, const Log& log) {
    auto session = sessionOptions(config);
    if (!session) return std::unexpected(session.error());
    bluez::BluezOptions options;
    options.bus = config.bluetooth.bus;
    options.adapters = config.bluetooth.adapters;
    options.devices = deviceSettings(config, credentials);
    options.rules = admissionRules(config);
    options.servicesOfProfile = servicesByKind();
    options.deviceKey = [&intake](const BluetoothAddress& address) {
        return intake.deviceKey(address);
    };
    options.session = std::move(*session);
    options.signalFloorDbm = config.bluetooth.signalFloor.dBm;
    options.connectTimeout = config.bluetooth.connectTimeout;
    options.pairingPolicy = pairingPolicy(config.bluetooth.pairing.policy);
    options.pairingWindow = config.bluetooth.pairing.window;
    return std::make_unique<bluez::BluezAdapter>(std::move(options), intake, clock,
                                                 log.part("bluetooth"));
}

}  // namespace vitalgate::app
