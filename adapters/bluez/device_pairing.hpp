#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "gateway/base/error.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::bluez {

/// Reads the device's passkey; empty: it has none. See DeviceSettings.
using PasskeySource = std::function<Result<std::uint32_t>()>;

/// What is known of one device's pairing over all its connections: its passkey, when it may be
/// tried again, and whether the bond was made with it. Adapters are named by their addresses.
class DevicePairing {
  public:
    /// A device may lock itself after some wrong passkeys: so many are tried with growing pauses …
    static constexpr int kAttempts = 3;
    static constexpr Duration kFirstPause = std::chrono::minutes{1};
    static constexpr Duration kSecondPause = std::chrono::minutes{10};
    /// … and from then on only one in this time.
    static constexpr Duration kLongPause = std::chrono::hours{1};

    explicit DevicePairing(PasskeySource passkey) : passkey_(std::move(passkey)) {}

    [[nodiscard]] const PasskeySource& passkey() const { return passkey_; }
    [[nodiscard]] bool hasPasskey() const { return passkey_ != nullptr; }

    /// An attempt in which the device asked for the passkey has failed, or it made a bond without.
    void onRefused(SteadyTime now);
    /// How long the next attempt has to wait; zero: it may be made.
    [[nodiscard]] Duration pause(SteadyTime now) const;
    /// It cannot be paired with that passkey: a person has to act.
    [[nodiscard]] bool isGivenUp() const { return refusals_ >= kAttempts; }

    /// The device and this adapter have made a bond with the passkey.
    void onBonded(std::string adapter);
    /// The adapter has no bond with the device; true if one made with the passkey was known.
    bool forget(const std::string& adapter);
    [[nodiscard]] bool isAuthenticated(const std::string& adapter) const {
        return !adapter_.empty() && adapter == adapter_;
    }

    /// What is to be remembered if it has changed since it was last asked for or recalled.
    std::optional<std::string> takeBookmark();
    void recall(const std::string& bookmark);

  private:
    PasskeySource passkey_;
    int refusals_ = 0;  ///< in a row
    SteadyTime notBefore_;
    std::string adapter_;     ///< of the bond made with the passkey; empty: there is none
    std::string remembered_;  ///< likewise, as it is in the store
    bool isKnown_ = false;    ///< more recent than what the store remembers
};

}  // namespace vitalgate::bluez
