#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vitalgate::codes {

/// What can be observed. The order is the order of the table.
enum class Term : std::uint8_t {
    bloodPressure,
    systolicPressure,
    diastolicPressure,
    meanPressure,
    cuffPressure,
    cuffPulseRate,
    heartRate,
    rrInterval,
    energyExpended,
    bodyTemperature,
    bodyWeight,
    bodyHeight,
    bodyMassIndex,
    bodyFat,
    basalMetabolism,
    musclePercentage,
    muscleMass,
    fatFreeMass,
    softLeanMass,
    bodyWaterMass,
    bodyImpedance,
    oxygenSaturation,
    oximeterPulseRate,
    perfusionIndex,
    glucoseCapillaryWhole,
    glucoseCapillaryPlasma,
    glucoseVenousWhole,
    glucoseVenousPlasma,
    glucoseArterialWhole,
    glucoseArterialPlasma,
    glucoseUndeterminedWhole,
    glucoseUndeterminedPlasma,
    glucoseInterstitial,
    glucoseTrend,
    glucoseQuality,
    glycatedHaemoglobin,
    carbohydrate,
    exerciseIntensity,
    exerciseDuration,
    medicationMass,
    medicationVolume,
    meal,
    tester,
    health,
};

/// One row: an observation in the codes of ISO/IEEE 11073-10101 and LOINC, and in UCUM.
struct ObservationCode {
    Term term;
    std::string_view word;  ///< for people and messages: "systolic"
    std::string_view code;  ///< reference name: "MDC_PRESS_BLD_NONINV_SYS"
    std::uint32_t mdc;      ///< partition x 65536 + term
    std::string_view loinc;
    std::string_view unit;  ///< the one unit it is always published in, UCUM; empty for a panel
    double lowest;          ///< plausible range in that unit, both ends included
    double highest;
    std::string_view source;  ///< where code and range come from
};

/// A UCUM unit and its code in partition 4 of ISO/IEEE 11073-10101.
struct UnitCode {
    std::string_view ucum;
    std::uint32_t mdc;
    std::string_view source;
};

/// How a device's unit becomes ours: (value + shift) x factor / divisor.
struct Conversion {
    std::string_view from;
    std::string_view to;
    double shift;
    double factor;
    double divisor;
    std::uint32_t decimals;  ///< of the result, at least
    std::string_view source;
};

/// Where on the body something was measured. `mdc` is 0 and `code` our own where no code of
/// ISO/IEEE 11073-10101 is known for it; a row that names no certain place has no code.
struct BodySite {
    std::uint8_t number;  ///< as the characteristic of the Bluetooth SIG counts them
    std::string_view word;
    std::string_view code;
    std::uint32_t mdc;
};

std::span<const ObservationCode> allObservations();
std::span<const UnitCode> allUnits();
std::span<const Conversion> allConversions();
/// Temperature Type, 0x2A1D.
std::span<const BodySite> temperatureSites();
/// Body Sensor Location, 0x2A38.
std::span<const BodySite> sensorLocations();
/// Sample Location of glucose, in 0x2A18 and 0x2AA8.
std::span<const BodySite> sampleLocations();

const ObservationCode& observation(Term term);

/// By reference name ("MDC_TEMP_BODY"); null if there is no such row.
const ObservationCode* findObservation(std::string_view code);
/// Null for a number that is reserved or names no certain place ("body", "other").
const BodySite* findSite(std::span<const BodySite> sites, std::uint8_t number);
/// As the Bluetooth SIG calls the number; "unknown" for a reserved one.
std::string_view siteWord(std::span<const BodySite> sites, std::uint8_t number);

struct ConvertedValue {
    double value;  ///< the double nearest to the rounded decimal number
    std::uint32_t decimals;
};

/// What a device has said with so many `decimals`, in another unit. It gets as many decimals as
/// keep apart what the device tells apart, no fewer than the row of the table says, and at most 15.
/// Nothing if the table has no way from one unit to the other.
std::optional<ConvertedValue> convert(double value, std::uint32_t decimals, std::string_view from,
                                      std::string_view to);

/// The double nearest to `value` rounded to so many decimals (at most 15).
double roundTo(double value, std::uint32_t decimals);

/// A limit of the range is still plausible; no number (NaN) never is.
bool isPlausible(const ObservationCode& row, double value);

}  // namespace vitalgate::codes
