#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "gateway/base/time.hpp"

namespace vitalgate::profiles {

/// What a decoder does differently, chosen by DecodeOptions::quirk. The default is strict: a value
/// that does not follow its format is refused.
struct DecoderQuirk {
    bool ignoreTrailingOctets = false;  ///< octets after the last field are not an error
    bool poundsInTenths = false;        ///< 2A9D: pounds come in steps of 0.1 lb, not 0.01 lb
    bool reservedIsBelowZero = false;   ///< 2A9D: reserved flags say that the weight is below zero
    bool bigEndianPulseAndStatus = false;  ///< 2A35: pulse and status come high octet first
    bool userAlwaysPresent = false;        ///< 2A35: the user octet is there whatever its flag says
    bool operator==(const DecoderQuirk&) const = default;
};

/// How a device, or a family of them, differs from the profiles: in its values, and in the
/// conversation. A row fits a device if each of its texts that is not empty is contained, in
/// whatever case, in what the device says of itself; a row without any is for the configuration
/// only.
struct Quirk {
    std::string_view name;  ///< in the configuration, on the command line and in messages
    std::string_view manufacturer = {};
    std::string_view model = {};
    std::string_view advertisedName = {};
    DecoderQuirk decoding = {};
    /// The device ignores, or suffers from, a new connection before this has passed.
    Duration reconnectDelay = std::chrono::seconds{10};
    std::string_view reason;  ///< which devices, and what was seen
};

/// The table of all devices that differ. A device that is known under two names has two rows of the
/// same name, one after the other, which differ in nothing else.
std::span<const Quirk> quirks();

/// What a device says of itself; empty: nothing.
struct DeviceNames {
    std::string_view manufacturer = {};
    std::string_view model = {};
    std::string_view advertised;
};

/// The first row that fits; null if none does. Rows live as long as the process.
const Quirk* fittingQuirk(const DeviceNames& device);

/// The row of that name; null if there is none.
const Quirk* namedQuirk(std::string_view name);

/// How the decoders take a row; strictly for every name that is not in the table.
const DecoderQuirk& decoderQuirk(std::string_view name);

/// The names of the rows that a person can mean: the row of that name; else all with `text` in
/// their name, or with a model or an advertised name that `text` has in it ("UC-352BLE").
std::vector<std::string_view> quirksMeant(std::string_view text);

}  // namespace vitalgate::profiles
