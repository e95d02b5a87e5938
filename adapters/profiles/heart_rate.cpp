#include "adapters/profiles/heart_rate.hpp"

#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"

// Heart Rate Service 1.0: 2A37, 2A38, 2A39.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kWideRate = 0x01;
constexpr std::uint8_t kHasContact = 0x02;
constexpr std::uint8_t kKnowsContact = 0x04;
constexpr std::uint8_t kHasEnergy = 0x08;
constexpr std::uint8_t kHasIntervals = 0x10;
constexpr std::uint16_t kEnergyFull = 0xFFFF;
constexpr std::uint8_t kResetEnergy = 1;

void readEnergy(ByteReader& reader, Measurement& measurement) {
    const auto energy = reader.u16("energy expended");
    auto& observation =
        addSecondary(measurement, codes::Term::energyExpended, decimal(energy, 0), "kJ");
    // 3.1.1.3: the counter stays at its highest value until it is reset.
    if (energy == kEnergyFull) observation.set_comparator(v1::COMPARATOR_ABOVE);
}

/// A place where intervals were left out, `elapsed` (1/1024 s) after the first one began. How long
/// they were is not known, so it is a point.
void markGap(v1::Samples& samples, std::uint64_t elapsed) {
    const auto at = static_cast<std::uint32_t>(elapsed * 1000 / 1024);
    if (!samples.spans().empty() && samples.spans().rbegin()->from_ms() == at) return;
    auto& span = *samples.add_spans();
    span.set_from_ms(at);
    span.set_to_ms(at);
    span.add_status(std::string(kImplausible));
}

/// The rest of the value, oldest first; none at all is how many straps say "no beat since". An
/// interval that no heart has is left out and its place marked: over it no two intervals follow
/// each other.
void readIntervals(ByteReader& reader, Measurement& measurement) {
    if (reader.remaining() == 0) return;
    const auto& row = codes::observation(codes::Term::rrInterval);
    auto& observation = *measurement.reading.add_observations();
    observation.set_code(std::string(row.code));
    observation.set_mdc(row.mdc);
    observation.set_unit(std::string(row.unit));
    auto& samples = *observation.mutable_samples();
    samples.set_scale(1000.0 / 1024);
    samples.set_decimals(1);
    std::uint64_t elapsed = 0;
    while (reader.remaining() > 0) {
        const auto raw = reader.u16("RR interval");
        if (!codes::isPlausible(row, raw * samples.scale())) {
            markGap(samples, elapsed);
            continue;
        }
        samples.add_raw(raw);
        elapsed += raw;
    }
    if (samples.raw().empty()) setImplausible(observation);
}

DecodeResult decodeMeasurement(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    measurement.reading.set_kind("heart-rate");
    const auto flags = reader.u8("flags");
    const std::uint16_t rate =
        (flags & kWideRate) != 0 ? reader.u16("heart rate") : reader.u8("heart rate");
    addObservation(measurement, codes::Term::heartRate, decimal(rate, 0), "/min");
    if ((flags & kHasEnergy) != 0) readEnergy(reader, measurement);
    if ((flags & kHasIntervals) != 0) readIntervals(reader, measurement);
    if ((flags & kKnowsContact) != 0) measurement.sensorContact = (flags & kHasContact) != 0;
    if (measurement.sensorContact == false) {
        refuse(measurement, v1::REFUSED_NO_CONTACT, "flags");
    } else if (rate == 0) {
        refuse(measurement, v1::REFUSED_FAILED, "heart rate");
    }
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeLocation(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto word = codes::siteWord(codes::sensorLocations(), reader.u8("location"));
    std::vector<Field> fields{{"sensorLocation", std::string(word)}};
    return conclude(std::move(fields), reader, options);
}

DecodeResult decodeControl(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto command = reader.u8("command");
    std::vector<Field> fields{
        {"command", std::string(command == kResetEnergy ? "reset-energy" : "unknown")}};
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A37, "Heart Rate Measurement", Role::measurement, decodeMeasurement},
    CharacteristicSpec{0x2A38, "Body Sensor Location", Role::feature, decodeLocation},
    CharacteristicSpec{0x2A39, "Heart Rate Control Point", Role::control, decodeControl},
};

constexpr Profile kProfile{0x180D, "heart-rate", "Heart Rate", kCharacteristics};

}  // namespace

const Profile& heartRateProfile() {
    return kProfile;
}

void applySensorLocation(Measurement& measurement, std::uint8_t location) {
    setBodySite(measurement, codes::findSite(codes::sensorLocations(), location));
}

}  // namespace vitalgate::profiles
