#pragma once

#include "gateway/runtime/clock.hpp"
#include "gateway/uplink/mqtt_transport.hpp"
#include "gateway/uplink/uplink_thread.hpp"

namespace vitalgate::uplink {

/// Transports over the Paho library as a plain transport: no persistence, no buffer, no
/// reconnecting of its own, a new client for each connection. Names are resolved (NameResolver),
/// with a limit, before the library sees them. `thread` and `clock` must outlive every transport.
///
/// Leaving the process: destroy all transports, then UplinkThread::finish() with a short limit; if
/// it gives false, leave with std::_Exit, for the library may still be resolving a name or waiting
/// for a peer.
MqttTransportFactory pahoTransports(UplinkThread& thread, Clock& clock);

}  // namespace vitalgate::uplink
