#pragma once

#include <cstdint>
#include <optional>

#include "gateway/base/time.hpp"
#include "gateway/runtime/time_zone.hpp"

namespace vitalgate::session {

/// How long a conversation waits for each answer, and how much it takes.
struct SessionLimits {
    Duration discover = std::chrono::seconds{20};
    Duration read = std::chrono::seconds{5};
    Duration write = std::chrono::seconds{5};
    Duration subscribe = std::chrono::seconds{10};
    /// Long enough for a person to read six digits off a display and type them.
    Duration pair = std::chrono::seconds{60};
    Duration disconnect = std::chrono::seconds{5};
    /// A procedure of a control point without an answer, or a record, for so long is given up.
    Duration procedure = std::chrono::seconds{30};
    /// Without a value for so long the hub ends the connection: it holds one of few places.
    Duration idle = std::chrono::minutes{10};
    /// Values above this rate wait, after a burst of so many at once.
    std::uint32_t valuesPerSecond = 50;
    std::uint32_t burst = 500;
    /// So many values in a row that had to wait end the conversation.
    std::uint32_t throttledValues = 3000;
    /// A longer value is no measurement of any profile (ATT allows 512 octets).
    std::uint32_t valueOctets = 512;
};

/// What a conversation needs from the configuration beside the device's own settings.
struct SessionOptions {
    TimeZone zone;  ///< time.zone: of devices that know none
    /// time.set-device-clocks: a clock that is off by more is set; nothing: never.
    std::optional<Duration> setDeviceClocks = std::chrono::seconds{30};
    /// readings.series-interval: continuous values are gathered for so long.
    Duration seriesInterval = std::chrono::seconds{60};
    bool raw = true;                ///< readings.raw: the payload goes into each reading
    bool plainIdentifiers = false;  ///< privacy.device-identifiers: plain
    SessionLimits limits;
};

}  // namespace vitalgate::session
