#pragma once

#include <string>

#include "adapters/adapter.hpp"
#include "adapters/session/database.hpp"
#include "adapters/session/device_clock.hpp"
#include "adapters/session/gatt_link.hpp"
#include "adapters/session/joiner.hpp"
#include "adapters/session/options.hpp"
#include "adapters/session/record_mark.hpp"

namespace vitalgate::session {

/// What is known when a value arrives, beside the value. Refers to its parts: they must outlive it.
struct AssemblyContext {
    const DeviceSettings& settings;
    const SubjectMap& subjects;  ///< by the numbers that people have on the device
    const SessionOptions& options;
    const Database& database;
    const DeviceClock& clock;
    const TimeZone& zone;  ///< the device's, else the configured one
    Moment connected;      ///< when the connection began
    v1::Link security = v1::LINK_UNSPECIFIED;
    std::string adapter;
    std::optional<int> rssiDbm;
    std::string quirk;  ///< row of the quirk table; empty: strict
    /// When the device's session began, in a calendar of its own; measurements count minutes from
    /// there.
    std::optional<LocalDateTime> sessionStart;
    const DeviceClock& sessionClock;
    const TimeZone& sessionZone;  ///< does not follow summer time: minutes run on evenly
};

/// False for values of a kind that the settings do not list, also of a device whose services are
/// not known yet: nothing of them is kept.
bool isAskedFor(const AssemblyContext& context, const Value& value);

/// A piece that is none of a patient.
struct RefusedPart {
    profiles::Part part;
    v1::MeasurementRefusal reason = v1::REFUSED_UNSPECIFIED;
};

/// What one value gave: measurements, of which some are pieces of a whole, and what is none and
/// carries the octets.
struct Decoding {
    std::vector<Piece> pieces;
    std::vector<NewRefusal> refusals;
    std::vector<v1::Event> events;
    std::vector<SeenRecord> records;
    std::vector<RefusedPart> refusedParts;
};

/// Never nothing but for intermediate values, answers of control points, and what is not asked for.
/// A refused value of a continuous measurement is a piece. Pure.
Decoding decode(const AssemblyContext& context, const Value& value);

/// What becomes of pieces and of what decode() gave beside them. A series in which every value is
/// refused is an event.
Append appendOf(const AssemblyContext& context, const std::vector<Piece>& pieces,
                Decoding rest = {});

/// The readings, events and refusals of `more` too.
void addTo(Append& append, Append more);

/// The event for a value that must not be trusted whatever it says.
v1::Event refusedEvent(const AssemblyContext& context, const Value& value,
                       v1::MeasurementRefusal reason, std::string text);

}  // namespace vitalgate::session
