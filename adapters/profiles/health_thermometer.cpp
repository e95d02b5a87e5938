#include "adapters/profiles/health_thermometer.hpp"

#include <array>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"

// Health Thermometer Service 1.0: 2A1C, 2A1E, 2A1D, 2A21.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kFahrenheit = 0x01;
constexpr std::uint8_t kHasTime = 0x02;
constexpr std::uint8_t kHasType = 0x04;

DecodeResult decodeTemperature(ByteView bytes, const DecodeOptions& options, bool intermediate) {
    ByteReader reader(bytes, options.trace);
    Measurement measurement;
    measurement.reading.set_kind("body-temperature");
    measurement.intermediate = intermediate;
    const auto flags = reader.u8("flags");
    const auto temperature = readLongFloat(reader, "temperature");
    addObservation(measurement, codes::Term::bodyTemperature, temperature,
                   (flags & kFahrenheit) != 0 ? "[degF]" : "Cel");
    if ((flags & kHasTime) != 0) readTimeStamp(reader, measurement);
    if ((flags & kHasType) != 0) {
        setBodySite(measurement, codes::findSite(codes::temperatureSites(), reader.u8("type")));
    }
    return conclude(std::move(measurement), reader, options);
}

DecodeResult decodeMeasurement(ByteView bytes, const DecodeOptions& options) {
    return decodeTemperature(bytes, options, false);
}

DecodeResult decodeIntermediate(ByteView bytes, const DecodeOptions& options) {
    return decodeTemperature(bytes, options, true);
}

DecodeResult decodeType(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto word = codes::siteWord(codes::temperatureSites(), reader.u8("type"));
    std::vector<Field> fields{{"temperatureType", std::string(word)}};
    return conclude(std::move(fields), reader, options);
}

DecodeResult decodeInterval(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    std::vector<Field> fields{
        {"measurementIntervalSeconds", static_cast<double>(reader.u16("interval"))}};
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A1C, "Temperature Measurement", Role::measurement, decodeMeasurement},
    CharacteristicSpec{0x2A1E, "Intermediate Temperature", Role::intermediate, decodeIntermediate},
    CharacteristicSpec{0x2A1D, "Temperature Type", Role::feature, decodeType},
    CharacteristicSpec{0x2A21, "Measurement Interval", Role::information, decodeInterval},
    kDateTimeCharacteristic,
};

constexpr Profile kProfile{0x1809, "body-temperature", "Health Thermometer", kCharacteristics};

}  // namespace

const Profile& healthThermometerProfile() {
    return kProfile;
}

void applyTemperatureType(Measurement& measurement, std::uint8_t type) {
    for (const auto& observation : measurement.reading.observations()) {
        if (observation.has_body_site()) return;
    }
    setBodySite(measurement, codes::findSite(codes::temperatureSites(), type));
}

}  // namespace vitalgate::profiles
