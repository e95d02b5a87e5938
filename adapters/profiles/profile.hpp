#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/byte_reader.hpp"
#include "gateway/base/bytes.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/base/time.hpp"
#include "vitalgate/v1/reading.pb.h"
#include "vitalgate/v1/vocabulary.pb.h"

namespace vitalgate::profiles {

/// A row's name in the quirk table and what it changes in a decoder; the default is strict.
struct DecodeOptions {
    std::string quirk;  ///< empty: none
    Bytes feature;      ///< value of the service's feature characteristic, where a decoder needs it
    /// Gets every field that is read, in order: what the octets mean. Null: nobody asks.
    std::vector<FieldSpan>* trace = nullptr;
};

/// Why a payload gives no measurement. `field` and `octet` say where decoding stopped.
struct DecodeError {
    v1::MeasurementRefusal reason = v1::REFUSED_MALFORMED;
    std::string field;
    std::uint32_t octet = 0;
    std::string
        message;  ///< a sentence without any value of the payload: "systolic: needs octets …"
};

/// Which piece of an event a value is, where the device gives the event in several values. Those of
/// one device that have the same `event` belong together, as session::Joiner says.
struct Part {
    enum class Kind { weight, composition, glucose, glucoseContext };
    Kind kind = Kind::weight;
    std::string event;       ///< what the device names the event by: time and user, or its number
    bool announced = false;  ///< the device has announced that another value follows
};

/// Of a value that holds several records, wraps one, or says how it comes (live, from the memory):
/// what the record is by itself, however it comes. Identity is taken from it.
struct Embedded {
    std::uint16_t characteristic = 0;
    Bytes payload;
};

/// What one payload says. `reading` has kind, type, device_time, duration_ms, user_slot,
/// observations and status; whoever received it fills in the rest (id, device, times, subject,
/// source).
struct Measurement {
    v1::Reading reading;
    /// The device's calendar as given, also when it names no real day. Absent: the device sent
    /// none.
    std::optional<LocalDateTime> deviceTime;
    /// The device itself says that its clock was never set.
    bool clockNotSet = false;
    /// Whether the sensor touches the skin, where it knows (2A37).
    std::optional<bool> sensorContact;
    /// Minutes since the start of the device's session (2AA7), which stands elsewhere: whoever
    /// knows it makes `deviceTime` of both.
    std::optional<std::uint32_t> sessionMinutes;
    std::optional<Part> part;
    std::optional<Embedded> embedded;
    /// One of a stream of values, which are gathered into a series of samples.
    bool continuous = false;
    /// Not a final result (intermediate cuff pressure): shown perhaps, never kept.
    bool intermediate = false;
    /// Set: not a clinical value. It becomes an event with this reason and the raw bytes, and
    /// `reading.observations` is empty.
    std::optional<v1::MeasurementRefusal> refused;
    /// With `refused`: the field that gave cause, where it is one of them ("systolic"); never its
    /// value.
    std::string refusedField;
};

/// A named value of a characteristic that is no measurement (information, feature, time, control).
/// Where the device gives no number, a word stands in its place.
struct Field {
    std::string name;  ///< lowerCamel, as in JSON: "manufacturer", "batteryPercent"
    std::variant<std::string, double, bool, std::vector<std::string>> value;
    std::uint32_t decimals = 0;  ///< for numbers
};

/// One measurement, the several that one value holds, or fields.
using Decoded = std::variant<Measurement, std::vector<Measurement>, std::vector<Field>>;
using DecodeFunction = std::expected<Decoded, DecodeError> (*)(ByteView, const DecodeOptions&);

/// What a conversation does with a characteristic.
enum class Role {
    measurement,   ///< subscribe last; each value is a measurement
    intermediate,  ///< on the way to a measurement; not subscribed
    information,   ///< read once at the start of a conversation (also battery)
    feature,       ///< read once before measurements
    clock,         ///< compare, and set where writable and off by more than configured
    control,       ///< written, and answers by indication, in a conversation of its profile
    conversation,  ///< read, and written, in a conversation of its profile
};

struct CharacteristicSpec {
    std::uint16_t uuid;
    std::string_view name;  ///< the SIG's name: "Blood Pressure Measurement"
    Role role;
    DecodeFunction decode;  ///< never null
    /// The characteristic of the same service that says the same with less: not subscribed where
    /// this one is there. 0: none.
    std::uint16_t replaces = 0;
};

/// One GATT service. `kind` is the word of its readings ("blood-pressure"); empty for services that
/// give none (Device Information).
struct Profile {
    std::uint16_t service;
    std::string_view kind;
    std::string_view name;  ///< the SIG's name: "Blood Pressure"
    std::span<const CharacteristicSpec> characteristics;
};

/// The table of all profiles.
std::span<const Profile> allProfiles();

/// Merges what is said once and for all about the sensor, in the feature characteristic of the
/// service (2A1D, 2A38), into a measurement of `characteristic`. Others have no such facts.
void applyFeature(Measurement& measurement, std::uint16_t characteristic, ByteView feature);

/// Null if no profile knows it.
const Profile* findService(const Uuid& service);
const CharacteristicSpec* findCharacteristic(const Uuid& characteristic);
/// By the word of its readings ("blood-pressure").
const Profile* findKind(std::string_view kind);

}  // namespace vitalgate::profiles
