#include "adapters/bluez/pairing_outcome.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::bluez {

namespace {

constexpr auto kReports = std::to_array<PairingReport>({
    {PairingOutcome::running, v1::PAIRING_RUNNING, v1::SEVERITY_INFO, "pairing has begun", ""},
    {PairingOutcome::bonded, v1::PAIRING_BONDED, v1::SEVERITY_INFO, "paired", ""},
    {PairingOutcome::bondedWithPasskey, v1::PAIRING_BONDED, v1::SEVERITY_INFO,
     "paired with its passkey", ""},
    {PairingOutcome::timedOut, v1::PAIRING_TIMED_OUT, v1::SEVERITY_WARNING,
     "pairing was not finished in time", "put the device into pairing mode, near the hub"},
    {PairingOutcome::refused, v1::PAIRING_REFUSED, v1::SEVERITY_WARNING, "pairing was refused",
     "put the device into pairing mode, near the hub"},
    {PairingOutcome::passkeyNotAsked, v1::PAIRING_REFUSED, v1::SEVERITY_WARNING,
     "pairing was refused before the device's passkey was asked for",
     "put the device into pairing mode, near the hub; is it the one whose passkey is configured?"},
    {PairingOutcome::passkeyRefused, v1::PAIRING_REFUSED, v1::SEVERITY_WARNING,
     "the device does not take its passkey",
     "compare the device's passkey in the configuration with the six digits printed on the device, "
     "correct it, and put the device into pairing mode"},
    {PairingOutcome::passkeyUnreadable, v1::PAIRING_REFUSED, v1::SEVERITY_WARNING,
     "the device's passkey cannot be read",
     "run vitalgate check-config: it says what is wrong with the file of the passkey; then put the "
     "device into pairing mode"},
    {PairingOutcome::withoutPasskey, v1::PAIRING_REFUSED, v1::SEVERITY_WARNING,
     "the device was paired without its passkey: the bond is removed",
     "make sure that it is your device; if it knows no passkey, take it out of the configuration"},
    {PairingOutcome::noPasskey, v1::PAIRING_REFUSED, v1::SEVERITY_WARNING,
     "the configuration allows pairing only with a passkey, and has none for this device",
     "add the device's passkey to the configuration, or set bluetooth.pairing.policy to "
     "just-works"},
    {PairingOutcome::byPolicy, v1::PAIRING_REFUSED, v1::SEVERITY_WARNING,
     "the configuration allows no pairing",
     "set bluetooth.pairing.policy to passkey or just-works"},
    {PairingOutcome::peerForgot, v1::PAIRING_PEER_FORGOT, v1::SEVERITY_WARNING,
     "the device has forgotten this hub",
     "remove the device with bluetoothctl and put it into pairing mode: the hub then pairs it"},
    {PairingOutcome::hubForgot, v1::PAIRING_HUB_FORGOT, v1::SEVERITY_INFO,
     "the bond with the device is gone from this hub",
     "put the device into pairing mode: the hub then pairs it"},
});

}  // namespace

const PairingReport& reportOf(PairingOutcome outcome) {
    return *std::ranges::find(kReports, outcome, &PairingReport::outcome);
}

}  // namespace vitalgate::bluez
