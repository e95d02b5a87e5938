#include "gateway/codes/codes.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace vitalgate::codes {

namespace {

// Sources: "11073" is the term table of ISO/IEEE 11073-10101 with the device specialisations;
// "LOINC" the vital signs panel and its members; the ranges are what a living person can have and a
// home device can show, wide on purpose: they catch foreign frames, not illness.
constexpr std::array kObservations{
    ObservationCode{Term::bloodPressure, "blood pressure", "MDC_PRESS_BLD_NONINV", 150020,
                    "85354-9", "", 0, 0, "11073-10407; LOINC vital signs"},
    ObservationCode{Term::systolicPressure, "systolic", "MDC_PRESS_BLD_NONINV_SYS", 150021,
                    "8480-6", "mm[Hg]", 30, 320,
                    "11073-10407; LOINC vital signs; cuffs end at 300"},
    ObservationCode{Term::diastolicPressure, "diastolic", "MDC_PRESS_BLD_NONINV_DIA", 150022,
                    "8462-4", "mm[Hg]", 10, 250, "11073-10407; LOINC vital signs"},
    ObservationCode{Term::meanPressure, "mean", "MDC_PRESS_BLD_NONINV_MEAN", 150023, "8478-0",
                    "mm[Hg]", 10, 280, "11073-10407; LOINC"},
    ObservationCode{Term::cuffPressure, "cuff pressure", "MDC_PRESS_CUFF", 150300, "", "mm[Hg]", 0,
                    400, "11073-10101; a cuff opens its valve below 400"},
    ObservationCode{Term::cuffPulseRate, "pulse", "MDC_PULS_RATE_NON_INV", 149546, "8867-4", "/min",
                    20, 300, "11073-10407; LOINC generic heart rate"},
    ObservationCode{Term::heartRate, "heart rate", "MDC_ECG_HEART_RATE", 147842, "8867-4", "/min",
                    20, 300, "11073-10406; LOINC vital signs"},
    ObservationCode{Term::rrInterval, "RR interval", "MDC_ECG_TIME_PD_RR_GL", 147240, "", "ms", 150,
                    10000, "11073-10406; from 400 beats a minute to a pause of ten seconds"},
    ObservationCode{Term::energyExpended, "energy expended", "MDC_HF_ENERGY", 8454263, "", "kJ", 0,
                    65535, "11073-10441, partition 129"},
    ObservationCode{
        Term::bodyTemperature, "temperature", "MDC_TEMP_BODY", 150364, "8310-5", "Cel", 25, 46,
        "11073-10408; LOINC vital signs; an ear thermometer pointed at the room shows less"},
    ObservationCode{Term::bodyWeight, "weight", "MDC_MASS_BODY_ACTUAL", 188736, "29463-7", "kg",
                    0.3, 400, "11073-10415; LOINC vital signs; newborn to the field's end"},
    ObservationCode{Term::bodyHeight, "height", "MDC_LEN_BODY_ACTUAL", 188740, "8302-2", "m", 0.2,
                    2.8, "11073-10415; LOINC vital signs"},
    ObservationCode{Term::bodyMassIndex, "BMI", "MDC_RATIO_MASS_BODY_LEN_SQ", 188752, "39156-5",
                    "kg/m2", 4, 250, "11073-10415; LOINC vital signs"},
    ObservationCode{Term::bodyFat, "body fat", "MDC_BODY_FAT", 188748, "41982-0", "%", 1, 80,
                    "11073-10420; LOINC"},
    ObservationCode{Term::basalMetabolism, "basal metabolism", "vitalgate:basal-metabolism", 0, "",
                    "kJ", 1000, 40000, "no term known; a day of a child to one of an athlete"},
    ObservationCode{Term::musclePercentage, "muscle", "vitalgate:muscle-percentage", 0, "", "%", 1,
                    95, "no term known"},
    ObservationCode{Term::muscleMass, "muscle mass", "vitalgate:muscle-mass", 0, "", "kg", 0.1, 250,
                    "no term known"},
    ObservationCode{Term::fatFreeMass, "fat-free mass", "MDC_MASS_BODY_FAT_FREE", 188756, "", "kg",
                    0.2, 350, "11073-10420"},
    ObservationCode{Term::softLeanMass, "soft lean mass", "MDC_MASS_BODY_SOFT_LEAN", 188760, "",
                    "kg", 0.2, 350, "11073-10420"},
    ObservationCode{Term::bodyWaterMass, "body water", "MDC_BODY_WATER", 188764, "", "kg", 0.1, 250,
                    "11073-10420"},
    ObservationCode{Term::bodyImpedance, "impedance", "vitalgate:body-impedance", 0, "", "Ohm", 10,
                    6000, "no term known; foot to foot, dry skin included"},
    ObservationCode{Term::oxygenSaturation, "oxygen saturation", "MDC_PULS_OXIM_SAT_O2", 150456,
                    "2708-6", "%", 30, 100, "11073-10404; LOINC vital signs"},
    ObservationCode{Term::oximeterPulseRate, "pulse", "MDC_PULS_OXIM_PULS_RATE", 149530, "8867-4",
                    "/min", 20, 300, "11073-10404; LOINC generic heart rate"},
    ObservationCode{Term::perfusionIndex, "perfusion", "MDC_PULS_OXIM_PERF_REL", 150448, "", "%", 0,
                    100, "11073-10404"},
    ObservationCode{Term::glucoseCapillaryWhole, "glucose", "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD",
                    160184, "2339-0", "mg/dL", 10, 1000,
                    "11073-10417; LOINC; meters end at 600 to 800"},
    ObservationCode{Term::glucoseCapillaryPlasma, "glucose", "MDC_CONC_GLU_CAPILLARY_PLASMA",
                    160188, "2339-0", "mg/dL", 10, 1000,
                    "11073-10417; LOINC; meters end at 600 to 800"},
    ObservationCode{Term::glucoseVenousWhole, "glucose", "MDC_CONC_GLU_VENOUS_WHOLEBLOOD", 160192,
                    "2339-0", "mg/dL", 10, 1000, "11073-10417; LOINC; meters end at 600 to 800"},
    ObservationCode{Term::glucoseVenousPlasma, "glucose", "MDC_CONC_GLU_VENOUS_PLASMA", 160196,
                    "2339-0", "mg/dL", 10, 1000, "11073-10417; LOINC; meters end at 600 to 800"},
    ObservationCode{Term::glucoseArterialWhole, "glucose", "MDC_CONC_GLU_ARTERIAL_WHOLEBLOOD",
                    160200, "2339-0", "mg/dL", 10, 1000,
                    "11073-10417; LOINC; meters end at 600 to 800"},
    ObservationCode{Term::glucoseArterialPlasma, "glucose", "MDC_CONC_GLU_ARTERIAL_PLASMA", 160204,
                    "2339-0", "mg/dL", 10, 1000, "11073-10417; LOINC; meters end at 600 to 800"},
    ObservationCode{Term::glucoseUndeterminedWhole, "glucose",
                    "MDC_CONC_GLU_UNDETERMINED_WHOLEBLOOD", 160364, "2339-0", "mg/dL", 10, 1000,
                    "11073-10417; LOINC; meters end at 600 to 800"},
    ObservationCode{Term::glucoseUndeterminedPlasma, "glucose", "MDC_CONC_GLU_UNDETERMINED_PLASMA",
                    160368, "2339-0", "mg/dL", 10, 1000,
                    "11073-10417; LOINC; meters end at 600 to 800"},
    ObservationCode{Term::glucoseInterstitial, "glucose", "MDC_CONC_GLU_ISF", 160212, "99504-3",
                    "mg/dL", 10, 1000, "11073-10425; LOINC"},
    ObservationCode{Term::glucoseTrend, "glucose trend", "vitalgate:glucose-trend", 0, "",
                    "mg/dL/min", -50, 50,
                    "no term known; ten times the steepest that sensors show"},
    ObservationCode{Term::glucoseQuality, "glucose quality", "vitalgate:glucose-quality", 0, "",
                    "%", 0, 100, "no term known"},
    ObservationCode{Term::glycatedHaemoglobin, "HbA1c", "MDC_CONC_HBA1C", 160220, "4548-4", "%", 2,
                    25, "11073-10417; LOINC"},
    ObservationCode{Term::carbohydrate, "carbohydrate", "MDC_CTXT_GLU_CARB", 8417764, "", "g", 0,
                    500, "11073-10417, partition 128; no meal has more"},
    ObservationCode{Term::exerciseIntensity, "exercise intensity", "MDC_CTXT_GLU_EXERCISE", 8417760,
                    "", "%", 0, 100, "11073-10417, partition 128"},
    ObservationCode{Term::exerciseDuration, "exercise", "vitalgate:exercise-duration", 0, "", "s",
                    0, 65534, "no term known; all that the field holds"},
    ObservationCode{Term::medicationMass, "medication", "MDC_CTXT_GLU_MEDICATION", 8417796, "",
                    "mg", 0, 5000,
                    "11073-10417, partition 128; no dose of a diabetes medicine is more"},
    ObservationCode{Term::medicationVolume, "medication", "vitalgate:medication-volume", 0, "",
                    "mL", 0, 10, "no term known beside that of the mass; 1000 units of insulin"},
    ObservationCode{Term::meal, "meal", "MDC_CTXT_GLU_MEAL", 8417864, "", "", 0, 0,
                    "11073-10417, partition 128"},
    ObservationCode{Term::tester, "tester", "MDC_CTXT_GLU_TESTER", 8417884, "", "", 0, 0,
                    "11073-10417, partition 128"},
    ObservationCode{Term::health, "health", "MDC_CTXT_GLU_HEALTH", 8417820, "", "", 0, 0,
                    "11073-10417, partition 128"},
};

consteval bool rowsFollowTheTerms() {
    for (std::size_t i = 0; i < kObservations.size(); ++i) {
        if (static_cast<std::size_t>(kObservations[i].term) != i) return false;
    }
    return true;
}
static_assert(rowsFollowTheTerms());

constexpr std::array kUnits{
    UnitCode{"mm[Hg]", 266016, "11073-10101"},
    UnitCode{"kPa", 265987, "11073-10101"},
    UnitCode{"/min", 264864, "11073-10101"},
    UnitCode{"ms", 264338, "11073-10101"},
    UnitCode{"Cel", 268192, "11073-10101"},
    UnitCode{"[degF]", 266560, "11073-10101"},
    UnitCode{"kg", 263875, "11073-10101"},
    UnitCode{"[lb_av]", 263904, "11073-10101"},
    UnitCode{"m", 263424, "11073-10101"},
    UnitCode{"[in_i]", 263520, "11073-10101"},
    // Device specialisations and newer term tables differ on this one; the former is what devices
    // of the kind say.
    UnitCode{"kg/m2", 264096, "11073-10415"},
    // Term tables have the joule, not its thousand.
    UnitCode{"kJ", 0, "none"},
    UnitCode{"%", 262688, "11073-10101"},
    UnitCode{"Ohm", 266432, "11073-10101"},
    UnitCode{"mg/dL", 264274, "11073-10101"},
    UnitCode{"mmol/L", 266866, "11073-10101"},
    UnitCode{"mg/dL/min", 0, "none"},
    UnitCode{"g", 263872, "11073-10101"},
    UnitCode{"mg", 263890, "11073-10101"},
    UnitCode{"mL", 263762, "11073-10101"},
    UnitCode{"L", 263744, "11073-10101"},
    UnitCode{"s", 264320, "11073-10101"},
};

constexpr std::array kConversions{
    Conversion{"kPa", "mm[Hg]", 0, 7.50062, 1, 1, "1 mmHg = 133.322 Pa"},
    Conversion{"[degF]", "Cel", -32, 5, 9, 2, "definition"},
    Conversion{"[lb_av]", "kg", 0, 0.45359237, 1, 3, "international pound of 1959"},
    Conversion{"mmol/L", "mg/dL", 0, 18.0156, 1, 1, "molar mass of glucose, 180.156 g/mol"},
    Conversion{"[in_i]", "m", 0, 0.0254, 1, 3, "international inch of 1959"},
};

// The reference names are those of the temperature there.
constexpr std::array kTemperatureSites{
    BodySite{1, "armpit", "MDC_TEMP_AXILLA", 188452},
    BodySite{2, "body (general)", "", 0},
    BodySite{3, "ear", "MDC_TEMP_EAR", 188428},
    BodySite{4, "finger", "MDC_TEMP_FINGER", 188432},
    BodySite{5, "gastro-intestinal", "MDC_TEMP_GIT", 188456},
    BodySite{6, "mouth", "MDC_TEMP_ORAL", 188424},
    BodySite{7, "rectum", "MDC_TEMP_RECT", 188420},
    BodySite{8, "toe", "MDC_TEMP_TOE", 188448},
    BodySite{9, "tympanum", "MDC_TEMP_TYMP", 150392},
};

constexpr std::array kSensorLocations{
    BodySite{0, "other", "", 0},
    BodySite{1, "chest", "vitalgate:chest", 0},
    BodySite{2, "wrist", "vitalgate:wrist", 0},
    BodySite{3, "finger", "vitalgate:finger", 0},
    BodySite{4, "hand", "vitalgate:hand", 0},
    BodySite{5, "ear lobe", "vitalgate:ear-lobe", 0},
    BodySite{6, "foot", "vitalgate:foot", 0},
};

// 4 is "control solution", 15 "not available".
constexpr std::array kSampleLocations{
    BodySite{1, "finger", "vitalgate:finger", 0},
    BodySite{2, "alternate site", "vitalgate:alternate-site", 0},
    BodySite{3, "ear lobe", "vitalgate:ear-lobe", 0},
};

constexpr std::uint32_t kMostDecimals = 15;

/// So many that one step in the last digit of what the device said is at least one step here.
std::uint32_t decimalsFor(const Conversion& row, std::uint32_t said) {
    auto decimals = said;
    for (double step = row.factor / row.divisor; step < 1; step *= 10) ++decimals;
    return std::min(std::max(decimals, row.decimals), kMostDecimals);
}

}  // namespace

std::span<const ObservationCode> allObservations() {
    return kObservations;
}
std::span<const UnitCode> allUnits() {
    return kUnits;
}
std::span<const Conversion> allConversions() {
    return kConversions;
}
std::span<const BodySite> temperatureSites() {
    return kTemperatureSites;
}
std::span<const BodySite> sensorLocations() {
    return kSensorLocations;
}
std::span<const BodySite> sampleLocations() {
    return kSampleLocations;
}

const ObservationCode& observation(Term term) {
    return kObservations[static_cast<std::size_t>(term)];
}

const ObservationCode* findObservation(std::string_view code) {
    const auto row = std::ranges::find(kObservations, code, &ObservationCode::code);
    return row == kObservations.end() ? nullptr : &*row;
}

const BodySite* findSite(std::span<const BodySite> sites, std::uint8_t number) {
    const auto row = std::ranges::find(sites, number, &BodySite::number);
    return row == sites.end() || row->code.empty() ? nullptr : &*row;
}

std::string_view siteWord(std::span<const BodySite> sites, std::uint8_t number) {
    const auto row = std::ranges::find(sites, number, &BodySite::number);
    return row == sites.end() ? "unknown" : row->word;
}

std::optional<ConvertedValue> convert(double value, std::uint32_t decimals, std::string_view from,
                                      std::string_view to) {
    const auto row = std::ranges::find_if(
        kConversions, [&](const Conversion& c) { return c.from == from && c.to == to; });
    if (row == kConversions.end()) return std::nullopt;
    const double converted = (value + row->shift) * row->factor / row->divisor;
    const auto kept = decimalsFor(*row, decimals);
    return ConvertedValue{roundTo(converted, kept), kept};
}

double roundTo(double value, std::uint32_t decimals) {
    // Both the rounded number and a power of ten up to 10^15 are exact, so the quotient is the
    // double nearest to the decimal number.
    const double scale = std::pow(10.0, std::min(decimals, kMostDecimals));
    return std::round(value * scale) / scale;
}

bool isPlausible(const ObservationCode& row, double value) {
    return value >= row.lowest && value <= row.highest;
}

}  // namespace vitalgate::codes
