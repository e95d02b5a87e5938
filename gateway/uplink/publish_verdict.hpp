#pragma once

#include <string_view>

namespace vitalgate::uplink {

/// What to do when a broker refuses one message (PUBACK reason 0x80 and above, MQTT 5.0
/// section 3.4.2.1).
enum class PublishVerdict {
    retryLater,  ///< the broker or its rules may change: keep the row, try again with growing
                 ///< pauses
    setAside,    ///< this row will never be taken: report it as lost to this uplink
    reconnect,   ///< the two sides no longer agree on the state of the connection
};

PublishVerdict publishVerdict(int reason);

/// What the hub was allowed to write when it connected may have run out since.
inline constexpr int kNotAuthorized = 0x87;

/// No reason of the specification: the broker gives none, and ends the connection (Suspicion).
inline constexpr int kEndsConnection = 0x100;

/// "not authorized": as the specification names it.
std::string_view publishReasonText(int reason);

}  // namespace vitalgate::uplink
