#pragma once

#include "adapters/simulator/scenario.hpp"

namespace vitalgate::simulator {

/// The device of a scenario that one real controller can be: the only one that can be connected to;
/// those that only advertise are left out. ErrorKind::invalid, with what to change, if there is
/// none or a second one, or if its advertisement does not fit into a packet.
Result<DeviceSettings> peripheralOf(const Scenario& scenario);

}  // namespace vitalgate::simulator
