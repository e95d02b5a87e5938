#pragma once

#include <string>

#include "adapters/adapter.hpp"
#include "adapters/session/database.hpp"
#include "adapters/session/device_clock.hpp"
#include "adapters/session/gatt_link.hpp"
#include "adapters/session/options.hpp"

namespace vitalgate::session {

/// What is known when a value arrives, beside the value. Refers to its parts: they must outlive it.
struct AssemblyContext {
    const DeviceSettings& settings;
    const SessionOptions& options;
    const Database& database;
    const DeviceClock& clock;
    const TimeZone& zone;  ///< the device's, else the configured one
    Moment connected;      ///< when the connection began
    v1::Link security = v1::LINK_UNSPECIFIED;
    std::string adapter;
    std::optional<int> rssiDbm;
    std::string quirk;  ///< row of the quirk table; empty: strict
};

/// False for values of a kind that the settings do not list, also of a device whose services are
/// not known yet: nothing of them is kept.
bool isAskedFor(const AssemblyContext& context, const Value& value);

/// Turns one value into what is to be kept: one reading, or one event that says why there is none
/// and carries the octets. Nothing at all only for intermediate values and what is not asked for.
/// Pure.
Append assemble(const AssemblyContext& context, const Value& value);

/// The event for a value that must not be trusted whatever it says.
v1::Event refusedEvent(const AssemblyContext& context, const Value& value,
                       v1::MeasurementRefusal reason, std::string text);

}  // namespace vitalgate::session
