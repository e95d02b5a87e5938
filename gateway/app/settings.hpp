#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/session/options.hpp"
#include "gateway/commands/policy.hpp"
#include "gateway/config/config.hpp"
#include "gateway/crypto/secret_key.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/uplink.hpp"

/// What the configuration means for each part: the parts themselves do not know it.
namespace vitalgate::app {

struct Folders {
    std::string state;                         ///< holds the store and the keys
    config::CredentialsDirectory credentials;  ///< from systemd; nothing: none
};

/// The folders that hold state, made with mode 0700 where they are missing.
Status makeFolders(const config::Config& config, const Folders& folders);

// A key is the one that the configuration names; else the one in `state`/keys, made at the first
// start.
Result<crypto::SecretKey> idKey(const config::Config& config, const Folders& folders);

/// With the key of the store, and the one before it if there is one beside it.
Result<store::StoreOptions> storeOptions(const config::Config& config, const Folders& folders);

struct UplinkSettings {
    uplink::UplinkOptions options;
    uplink::Topics topics;
};
/// In the order of their names. Reads the passwords.
Result<std::vector<UplinkSettings>> uplinkSettings(const config::Config& config,
                                                   const Folders& folders);

Result<commands::Policy> commandPolicy(const config::Config& config);

/// Passkeys and consent codes are read when they are asked for.
std::vector<DeviceSettings> deviceSettings(const config::Config& config,
                                           const config::CredentialsDirectory& credentials);
std::vector<AdmissionRule> admissionRules(const config::Config& config);
Result<session::SessionOptions> sessionOptions(const config::Config& config);
std::map<std::string, BluetoothAddress> deviceAddresses(const config::Config& config);

}  // namespace vitalgate::app
