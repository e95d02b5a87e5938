#include "adapters/session/assembler.hpp"

#include <algorithm>
#include <iterator>

#include "adapters/profiles/e2e_crc.hpp"
#include "adapters/session/subject.hpp"
#include "gateway/base/words.hpp"

namespace vitalgate::session {

namespace {

/// A measurement that was made so long before the connection waited in the device's memory. Less
/// may be the making itself, the way to the connection, the drift since the comparison, or a clock
/// without seconds.
constexpr Duration kStoredBefore = std::chrono::minutes{5};

void addRaw(const AssemblyContext& context, const Value& value, v1::Source& source) {
    const auto octets =
        std::min<std::size_t>(value.bytes.size(), context.options.limits.valueOctets);
    auto& raw = *source.add_raw();
    raw.set_characteristic(value.characteristic.shortText());
    raw.set_value(asText(ByteView(value.bytes).first(octets)));
}

/// Keeps what the decoder has said of record number and storage.
void fillSource(const AssemblyContext& context, const Value& value, v1::Source& source) {
    const auto origin = context.database.origin(value);
    if (origin && origin->profile != nullptr)
        source.set_profile(std::string(origin->profile->kind));
    source.set_link(context.security);
    source.set_adapter(context.adapter);
    if (context.rssiDbm) source.set_rssi_dbm(*context.rssiDbm);
    source.set_quirk(context.quirk);
}

/// Only where the device's clock was compared with the one that timed the receipt.
bool isStored(const MeasuredTime& time, const Moment& connected, const Moment& received) {
    if (time.basis == v1::TIME_RECEIVED || !time.clock || !time.clock->has_compared()) return false;
    const bool unsynchronised = received.trust == ClockTrust::unsynchronised;
    if ((time.clock->compared().clock() == v1::CLOCK_UNSYNCHRONISED) != unsynchronised) {
        return false;
    }
    // By the clock that was set meanwhile, if it was.
    auto began = received.wall - (received.uptime - connected.uptime);
    // It came in an earlier connection, whose begin is not known any more, and has waited here.
    const bool isEarlier = received.boot != connected.boot || received.uptime < connected.uptime;
    if (isEarlier) began = received.wall;
    return time.measured < began - kStoredBefore;
}

const TimeZone& zoneOf(const AssemblyContext& context, const profiles::Measurement& measurement) {
    return measurement.sessionMinutes ? context.sessionZone : context.zone;
}

MeasuredTime timeOf(const AssemblyContext& context, const Moment& received,
                    const profiles::Measurement& measurement) {
    const auto& clock = measurement.sessionMinutes ? context.sessionClock : context.clock;
    return clock.place(measurement.deviceTime, measurement.clockNotSet, received,
                       zoneOf(context, measurement));
}

void fillTimes(const AssemblyContext& context, const Moment& received,
               const profiles::Measurement& measurement, v1::Reading& reading) {
    const auto time = timeOf(context, received, measurement);
    toTimestamp(time.measured, *reading.mutable_measured());
    reading.set_time_basis(time.basis);
    if (isStored(time, context.connected, received)) reading.mutable_source()->set_stored(true);
    const auto offset = zoneOf(context, measurement).offset(time.measured);
    reading.set_utc_offset_min(
        static_cast<std::int32_t>(std::chrono::floor<std::chrono::minutes>(offset).count()));
    if (time.clock) *reading.mutable_device_clock() = *time.clock;
    toStamp(received, *reading.mutable_received());
}

/// Depends on nothing but the measurement itself, so that it is the same whenever it is read.
MeasurementIdentity identityOf(const AssemblyContext& context, const Value& value,
                               const profiles::Measurement& measurement) {
    MeasurementIdentity identity;
    identity.address = context.settings.address;
    identity.characteristic = value.characteristic;
    identity.payload = value.bytes;
    const auto& said = measurement.deviceTime;
    if (said && !measurement.clockNotSet && !calendarFault(*said)) {
        identity.deviceTime = said->text();
    }
    const auto& source = measurement.reading.source();
    if (const auto& embedded = measurement.embedded) {
        identity.characteristic = Uuid(embedded->characteristic);
        identity.payload = embedded->payload;
    } else if (source.has_record_number()) {
        identity.recordNumber = source.record_number();
    }
    return identity;
}

/// A date that is no time of measurement may stand still: equal values must not become one. Then a
/// record's number tells it from others, but for a sensor's, which counts anew in each session.
/// Where the number is part of the identity anyway the date stays: whether it can be true depends
/// on the hub's clock, which may be another one when the record is read again.
void withoutTime(const profiles::Measurement& measurement, MeasurementIdentity& identity) {
    if (identity.recordNumber && !measurement.sessionMinutes) return;
    identity.deviceTime.clear();
    const auto& source = measurement.reading.source();
    if (source.has_record_number() && !measurement.sessionMinutes)
        identity.recordNumber = source.record_number();
}

/// A clock that stands gives two measurements the same time: then their numbers tell them apart, or
/// nothing does.
void withoutRunningClock(const profiles::Measurement& measurement, MeasurementIdentity& identity) {
    const auto& source = measurement.reading.source();
    if (source.has_record_number()) {
        identity.recordNumber = source.record_number();
    } else {
        identity.deviceTime.clear();
    }
}

/// What the identity is, as far as the hub can use it. `basis` is that of the measurement's time.
MeasurementIdentity usableIdentity(const AssemblyContext& context, const Value& value,
                                   const profiles::Measurement& measurement, v1::TimeBasis basis) {
    auto identity = identityOf(context, value, measurement);
    const bool isStanding = !measurement.sessionMinutes && context.clock.isStanding();
    if (basis == v1::TIME_RECEIVED) {
        withoutTime(measurement, identity);
    } else if (isStanding) {
        withoutRunningClock(measurement, identity);
    }
    return identity;
}

MeasurementIdentity usableIdentity(const AssemblyContext& context, const Value& value,
                                   const profiles::Measurement& measurement) {
    const auto time = timeOf(context, value.received, measurement);
    return usableIdentity(context, value, measurement, time.basis);
}

/// A reading with its late part is another one than without it.
MeasurementIdentity amendedIdentity(MeasurementIdentity first, const std::vector<Value>& values) {
    for (std::size_t i = 1; i < values.size(); ++i) {
        const auto& more = values[i].bytes;
        first.payload.insert(first.payload.end(), more.begin(), more.end());
    }
    return first;
}

const Moment& firstReceived(const Piece& piece) {
    const auto isBefore = [](const Value& a, const Value& b) {
        const auto& one = a.received;
        const auto& other = b.received;
        return one.boot == other.boot ? one.uptime < other.uptime : one.wall < other.wall;
    };
    return std::ranges::min_element(piece.values, isBefore)->received;
}

std::string reasonWord(v1::MeasurementRefusal reason) {
    return enumWord(v1::MeasurementRefusal_Name(reason), "REFUSED_");
}

v1::Event refusedMeasurement(const AssemblyContext& context, const Value& value,
                             const profiles::Measurement& measurement) {
    const auto reason = *measurement.refused;
    auto event = refusedEvent(context, value, reason,
                              fmt::format("measurement refused: {}", reasonWord(reason)));
    auto& refused = *event.mutable_refused();
    const auto& reading = measurement.reading;
    if (!reading.kind().empty()) refused.set_kind(reading.kind());
    if (measurement.deviceTime) refused.set_device_time(measurement.deviceTime->text());
    if (reading.has_user_slot()) refused.set_user_slot(reading.user_slot());
    *refused.mutable_status() = reading.status();
    refused.set_field(measurement.refusedField);
    return event;
}

v1::Event undecodable(const AssemblyContext& context, const Value& value,
                      const profiles::DecodeError& error) {
    auto event = refusedEvent(
        context, value, error.reason,
        fmt::format("value of {} refused: {}", value.characteristic.shortText(), error.message));
    event.mutable_refused()->set_field(error.field);
    event.mutable_refused()->set_octet(error.octet);
    return event;
}

/// Minutes of the device's session as a time of its calendar, or at least as what it said.
void placeInSession(const AssemblyContext& context, profiles::Measurement& measurement) {
    if (!measurement.sessionMinutes) return;
    const std::chrono::minutes minutes{*measurement.sessionMinutes};
    const auto& start = context.sessionStart;
    if (start && !calendarFault(*start)) {
        measurement.deviceTime = toLocalDateTime(toLocal(*start) + minutes);
    } else {
        measurement.reading.set_device_time(fmt::format("ticks:{}", minutes.count()));
    }
}

NewReading readingOf(const AssemblyContext& context, Piece piece) {
    const auto& measurement = piece.measurement;
    const auto& principal = piece.values.front();
    NewReading made;
    auto& reading = made.reading = measurement.reading;
    reading.set_device(context.settings.id);
    if (measurement.deviceTime) reading.set_device_time(measurement.deviceTime->text());
    reading.set_partial(piece.partial);
    fillTimes(context, firstReceived(piece), measurement, reading);
    const auto basis = reading.time_basis();
    made.identity = usableIdentity(context, principal, measurement, basis);
    if (piece.amends) {
        made.amends =
            usableIdentity(context, piece.amends->values.front(), piece.amends->measurement, basis);
        // What came late may be the principal one, which has an identity of its own.
        const bool isPrincipalKnown = made.amends->payload == made.identity.payload;
        if (isPrincipalKnown) {
            made.identity = amendedIdentity(std::move(made.identity), piece.values);
        }
    }
    assignSubject(context.subjects, reading);
    auto& source = *reading.mutable_source();
    fillSource(context, principal, source);
    const bool isOpaque = reading.kind() == kOpaqueKind;
    if (context.options.raw || isOpaque) {
        // What the hub concludes by itself has no octets.
        for (const auto& value : piece.values) {
            if (isOpaque || !value.bytes.empty()) addRaw(context, value, source);
        }
    }
    return made;
}

bool isContext(const profiles::Measurement& measurement) {
    return measurement.part && measurement.part->kind == profiles::Part::Kind::glucoseContext;
}

void noteRecord(const AssemblyContext& context, const Bytes& payload,
                const profiles::Measurement& measurement, Decoding& out) {
    const auto& source = measurement.reading.source();
    if (!source.has_record_number() || isContext(measurement)) return;
    SeenRecord seen;
    seen.check = profiles::e2eCrc(measurement.embedded ? measurement.embedded->payload : payload);
    seen.number = static_cast<std::uint16_t>(source.record_number());
    if (!measurement.sessionMinutes) {
        seen.time = measurement.reading.device_time();
    } else if (context.sessionStart) {
        seen.time = context.sessionStart->text();
    }
    out.records.push_back(std::move(seen));
}

/// The same event each time it is read, where it can be told from others.
void addRefusal(const AssemblyContext& context, const Value& value,
                const profiles::Measurement& measurement, std::vector<v1::Event>& events,
                std::vector<NewRefusal>& refusals) {
    auto event = refusedMeasurement(context, value, measurement);
    auto identity = usableIdentity(context, value, measurement);
    if (identity.deviceTime.empty() && !identity.recordNumber) {
        events.push_back(std::move(event));
    } else {
        refusals.push_back({std::move(event), std::move(identity)});
    }
}

void addPiece(const AssemblyContext& context, const Value& value, profiles::Measurement measurement,
              Decoding& out) {
    if (measurement.intermediate) return;
    placeInSession(context, measurement);
    noteRecord(context, value.bytes, measurement, out);
    // A context that says nothing is the end of its record's wait all the same.
    if (isContext(measurement) && measurement.refused == v1::REFUSED_EMPTY)
        measurement.refused.reset();
    if (measurement.refused && !measurement.continuous) {
        if (measurement.part) out.refusedParts.push_back({*measurement.part, *measurement.refused});
        addRefusal(context, value, measurement, out.events, out.refusals);
        return;
    }
    Piece piece;
    const auto identity = usableIdentity(context, value, measurement);
    piece.hasIdentity = !identity.deviceTime.empty() || identity.recordNumber;
    piece.measurement = std::move(measurement);
    piece.values.push_back(value);
    out.pieces.push_back(std::move(piece));
}

}  // namespace

v1::Event refusedEvent(const AssemblyContext& context, const Value& value,
                       v1::MeasurementRefusal reason, std::string text) {
    v1::Event event;
    toStamp(value.received, *event.mutable_occurred());
    event.set_severity(v1::SEVERITY_WARNING);
    event.set_device(context.settings.id);
    event.set_text(std::move(text));
    auto& refused = *event.mutable_refused();
    refused.set_reason(reason);
    fillSource(context, value, *refused.mutable_source());
    addRaw(context, value, *refused.mutable_source());
    refused.set_kind(refused.source().profile());
    return event;
}

bool isAskedFor(const AssemblyContext& context, const Value& value) {
    const auto origin = context.database.origin(value);
    return !origin || origin->profile == nullptr || isWanted(*origin->profile, context.settings);
}

Decoding decode(const AssemblyContext& context, const Value& value) {
    Decoding out;
    if (!isAskedFor(context, value)) return out;
    const auto origin = context.database.origin(value);
    if (!origin || origin->profile == nullptr) {
        const auto name = value.characteristic.shortText();
        out.events.push_back(refusedEvent(context, value, v1::REFUSED_UNKNOWN_FORMAT,
                                          fmt::format("no profile knows {}", name)));
        return out;
    }
    if (origin->spec->role == profiles::Role::control) return out;
    profiles::DecodeOptions options;
    options.quirk = context.quirk;
    options.feature = context.database.feature(*origin->profile);
    auto decoded = origin->spec->decode(value.bytes, options);
    if (!decoded) {
        out.events.push_back(undecodable(context, value, decoded.error()));
    } else if (auto* one = std::get_if<profiles::Measurement>(&*decoded)) {
        profiles::applyFeature(*one, origin->spec->uuid, options.feature);
        addPiece(context, value, std::move(*one), out);
    } else if (auto* several = std::get_if<std::vector<profiles::Measurement>>(&*decoded)) {
        for (auto& each : *several) addPiece(context, value, std::move(each), out);
    }
    return out;
}

Append appendOf(const AssemblyContext& context, const std::vector<Piece>& pieces, Decoding rest) {
    Append append;
    append.events = std::move(rest.events);
    append.refusals = std::move(rest.refusals);
    for (const auto& piece : pieces) {
        if (piece.measurement.refused) {
            addRefusal(context, piece.values.front(), piece.measurement, append.events,
                       append.refusals);
        } else {
            append.readings.push_back(readingOf(context, piece));
        }
    }
    return append;
}

void addTo(Append& append, Append more) {
    std::ranges::move(more.readings, std::back_inserter(append.readings));
    std::ranges::move(more.events, std::back_inserter(append.events));
    std::ranges::move(more.refusals, std::back_inserter(append.refusals));
}

}  // namespace vitalgate::session
