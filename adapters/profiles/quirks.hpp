#pragma once

#include <span>
#include <string_view>

namespace vitalgate::profiles {

/// What a decoder does differently for one kind of device, chosen by DecodeOptions::quirk. The
/// default is strict: a value that does not follow its format is refused.
struct DecoderQuirk {
    std::string_view name;
    bool ignoreTrailingOctets = false;  ///< octets after the last field are not an error
    bool poundsInTenths = false;        ///< 2A9D: pounds come in steps of 0.1 lb, not 0.01 lb
    bool reservedIsBelowZero = false;   ///< 2A9D: reserved flags say that the weight is below zero
    bool bigEndianPulse = false;        ///< 2A35: pulse and status come high octet first
    bool userAlwaysPresent = false;     ///< 2A35: the user octet is there whatever its flag says
    std::string_view reason;            ///< which devices, and what was seen
};

/// All rows a decoder knows; a row of the conversation's quirk table may bear the same name.
std::span<const DecoderQuirk> decoderQuirks();

/// The strict row, whose name is empty, for every name that is not in the table.
const DecoderQuirk& decoderQuirk(std::string_view name);

}  // namespace vitalgate::profiles
