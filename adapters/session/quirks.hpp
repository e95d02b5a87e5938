#pragma once

#include <span>
#include <string_view>

#include "gateway/base/time.hpp"

namespace vitalgate::session {

/// How a device, or a family of them, differs from the profiles. A row fits a device if each of
/// its texts that is not empty is contained, in whatever case, in what the device says of itself; a
/// row without any is for the configuration only.
struct Quirk {
    std::string_view name;  ///< in the configuration and in messages; also the decoders' row
    std::string_view manufacturer = {};
    std::string_view model = {};
    std::string_view advertisedName = {};
    /// The device ignores, or suffers from, a new connection before this has passed.
    Duration reconnectDelay = std::chrono::seconds{10};
    std::string_view reason;
};

std::span<const Quirk> quirks();

/// What a device says of itself; empty: nothing.
struct DeviceNames {
    std::string_view manufacturer = {};
    std::string_view model = {};
    std::string_view advertised;
};

/// `configured` is a row's name, "none", or empty for the first row that fits. The answer is the
/// strict row (its name is empty) if there is none. Never null; lives as long as the process.
const Quirk* chooseQuirk(std::string_view configured, const DeviceNames& device);

}  // namespace vitalgate::session
