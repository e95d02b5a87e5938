#include "adapters/session/assembler.hpp"

#include <array>

#include "adapters/profiles/health_thermometer.hpp"
#include "adapters/profiles/heart_rate.hpp"
#include "adapters/session/subject.hpp"
#include "gateway/base/words.hpp"

namespace vitalgate::session {

namespace {

/// A measurement that was made so long before the connection waited in the device's memory. Less
/// may be the making itself, the way to the connection, the drift since the comparison, or a clock
/// without seconds.
constexpr Duration kStoredBefore = std::chrono::minutes{5};

/// A static fact of the sensor that stands in a characteristic of its own and belongs into each
/// measurement.
struct StaticFact {
    std::uint16_t characteristic;  ///< of the measurement
    void (*apply)(profiles::Measurement& measurement, std::uint8_t value);
};
constexpr std::array kStaticFacts{
    StaticFact{0x2A1C, profiles::applyTemperatureType},
    StaticFact{0x2A37, profiles::applySensorLocation},
};

void applyStaticFact(profiles::Measurement& measurement, std::uint16_t characteristic,
                     const Bytes& feature) {
    if (feature.size() != 1) return;
    for (const auto& fact : kStaticFacts) {
        if (fact.characteristic == characteristic) fact.apply(measurement, feature.front());
    }
}

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
    const auto began = received.wall - (received.uptime - connected.uptime);
    return time.measured < began - kStoredBefore;
}

void fillTimes(const AssemblyContext& context, const Moment& received,
               const profiles::Measurement& measurement, v1::Reading& reading) {
    const auto time = context.clock.place(measurement.deviceTime, measurement.clockNotSet, received,
                                          context.zone);
    toTimestamp(time.measured, *reading.mutable_measured());
    reading.set_time_basis(time.basis);
    if (isStored(time, context.connected, received)) reading.mutable_source()->set_stored(true);
    const auto offset = context.zone.offset(time.measured);
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
    if (source.has_record_number()) identity.recordNumber = source.record_number();
    return identity;
}

NewReading readingOf(const AssemblyContext& context, const Value& value,
                     profiles::Measurement measurement) {
    NewReading made;
    made.identity = identityOf(context, value, measurement);
    auto& reading = made.reading = measurement.reading;
    reading.set_device(context.settings.id);
    if (measurement.deviceTime) reading.set_device_time(measurement.deviceTime->text());
    fillTimes(context, value.received, measurement, reading);
    // A date that is no time of measurement may stand still: equal values must not become one.
    if (reading.time_basis() == v1::TIME_RECEIVED) made.identity.deviceTime.clear();
    assignSubject(context.settings.subjects, reading);
    fillSource(context, value, *reading.mutable_source());
    if (context.options.raw) addRaw(context, value, *reading.mutable_source());
    return made;
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

Append one(v1::Event event) {
    Append append;
    append.events.push_back(std::move(event));
    return append;
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

Append assemble(const AssemblyContext& context, const Value& value) {
    if (!isAskedFor(context, value)) return {};
    const auto origin = context.database.origin(value);
    if (!origin || origin->profile == nullptr) {
        return one(
            refusedEvent(context, value, v1::REFUSED_UNKNOWN_FORMAT,
                         fmt::format("no profile knows {}", value.characteristic.shortText())));
    }
    profiles::DecodeOptions options;
    options.quirk = context.quirk;
    options.feature = context.database.feature(*origin->profile);
    auto decoded = origin->spec->decode(value.bytes, options);
    if (!decoded) return one(undecodable(context, value, decoded.error()));

    auto* measurement = std::get_if<profiles::Measurement>(&*decoded);
    if (measurement == nullptr || measurement->intermediate) return {};
    applyStaticFact(*measurement, origin->spec->uuid, options.feature);
    if (measurement->refused) return one(refusedMeasurement(context, value, *measurement));
    Append append;
    append.readings.push_back(readingOf(context, value, std::move(*measurement)));
    return append;
}

}  // namespace vitalgate::session
