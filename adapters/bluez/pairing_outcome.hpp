#pragma once

#include <string_view>

#include "vitalgate/v1/vocabulary.pb.h"

namespace vitalgate::bluez {

/// What becomes of a pairing.
enum class PairingOutcome {
    running,
    bonded,
    bondedWithPasskey,
    timedOut,
    refused,            ///< by the device, or it went away
    passkeyNotAsked,    ///< refused by a device that has one, before it was asked for
    passkeyRefused,     ///< it was given, and the device did not take it
    passkeyUnreadable,  ///< it was asked for, and could not be given
    withoutPasskey,     ///< a bond came about that did not take the passkey: it is removed
    noPasskey,          ///< the policy wants a passkey, and none is configured
    byPolicy,           ///< the policy allows no pairing
    peerForgot,
    hubForgot,
};

/// How it is told; what a person should do is empty where nothing is to be done.
struct PairingReport {
    PairingOutcome outcome;
    v1::PairingState state;
    v1::Severity severity;
    std::string_view text;
    std::string_view advice;
};

const PairingReport& reportOf(PairingOutcome outcome);

}  // namespace vitalgate::bluez
