#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kContext = 0x2A34;

constexpr auto kCarbohydrate = "MDC_CTXT_GLU_CARB";
constexpr auto kMeal = "MDC_CTXT_GLU_MEAL";
constexpr auto kTester = "MDC_CTXT_GLU_TESTER";
constexpr auto kHealth = "MDC_CTXT_GLU_HEALTH";
constexpr auto kIntensity = "MDC_CTXT_GLU_EXERCISE";
constexpr auto kDuration = "vitalgate:exercise-duration";
constexpr auto kMedication = "MDC_CTXT_GLU_MEDICATION";
constexpr auto kMedicationVolume = "vitalgate:medication-volume";
constexpr auto kGlycatedHaemoglobin = "MDC_CONC_HBA1C";

Bytes full() {
    return sample({
        {"df",
         "flags: extended flags, carbohydrate, meal, tester and health, exercise, medication "
         "in kilograms, HbA1c"},
        {"2a01", "sequence number 298"},
        {"00", "extended flags"},
        {"02", "lunch"},
        {"3cd0", "60 x 10^-3 kg"},
        {"02", "after the meal"},
        {"51", "tested by oneself; no health issues"},
        {"0807", "exercise of 1800 s"},
        {"28", "40 %"},
        {"01", "rapid acting insulin"},
        {"0fa0", "15 x 10^-6 kg"},
        {"41f0", "HbA1c 6.5 %"},
    });
}

/// The code of a coded result; empty if there is no such observation.
std::string coded(const profiles::Measurement& measurement, std::string_view code) {
    for (const auto& observation : measurement.reading.observations()) {
        if (observation.code() == code) return observation.coded().codes(0).code();
    }
    return "";
}

profiles::Measurement context(std::string_view hex) {
    return measurement(kContext, octets(hex));
}

}  // namespace

TEST_CASE("a complete context has every field, and the number of its measurement") {
    const auto m = measurement(kContext, full());
    CHECK(m.reading.kind() == "glucose");
    CHECK(m.reading.observations_size() == 8);
    CHECK(shown(m, kCarbohydrate) == "60 g");
    CHECK(statusOf(m, kCarbohydrate) == std::vector<std::string>{"lunch"});
    CHECK(coded(m, kMeal) == "vitalgate:meal-postprandial");
    CHECK(coded(m, kTester) == "vitalgate:tester-self");
    CHECK(coded(m, kHealth) == "vitalgate:health-no-issues");
    CHECK(shown(m, kDuration) == "1800 s");
    CHECK(shown(m, kIntensity) == "40 %");
    CHECK(shown(m, kMedication) == "15 mg");
    CHECK(statusOf(m, kMedication) == std::vector<std::string>{"rapid-acting-insulin"});
    CHECK(shown(m, kGlycatedHaemoglobin) == "6.5 %");
    CHECK(m.reading.source().record_number() == 298);
    REQUIRE(m.part);
    CHECK(m.part->kind == profiles::Part::Kind::glucoseContext);
    CHECK(m.part->event == "298");
    CHECK_FALSE(m.part->announced);
    CHECK_FALSE(m.deviceTime);
    CHECK_FALSE(m.refused);
}

TEST_CASE("every octet short, long or wrong of a context is noticed") {
    checkPrefixes(kContext, full());
    checkBitFlips(kContext, full());
    checkTrailing(kContext, full());
}

TEST_CASE("a medication in litres is a volume") {
    const auto m = context("30 0100 04 09d0");
    CHECK(shown(m, kMedicationVolume) == "9 mL");
    CHECK(statusOf(m, kMedicationVolume) == std::vector<std::string>{"long-acting-insulin"});
    CHECK(shown(m, kMedication) == "no such observation");
}

TEST_CASE("every known code is a word and a reserved one none") {
    const auto meal = [](std::string_view octet) {
        return coded(context("42 0100" + std::string(octet) + "41f0"), kMeal);
    };
    CHECK(meal("01") == "vitalgate:meal-preprandial");
    CHECK(meal("02") == "vitalgate:meal-postprandial");
    CHECK(meal("03") == "vitalgate:meal-fasting");
    CHECK(meal("04") == "vitalgate:meal-casual");
    CHECK(meal("05") == "vitalgate:meal-bedtime");
    CHECK(meal("00").empty());
    CHECK(meal("07").empty());
    const auto both = [](std::string_view octet) {
        const auto m = context("44 0100" + std::string(octet) + "41f0");
        return coded(m, kTester) + " " + coded(m, kHealth);
    };
    CHECK(both("11") == "vitalgate:tester-self vitalgate:health-minor-issues");
    CHECK(both("22") == "vitalgate:tester-health-care-professional vitalgate:health-major-issues");
    CHECK(both("33") == "vitalgate:tester-laboratory vitalgate:health-during-menses");
    CHECK(both("4f") == " vitalgate:health-under-stress");
    CHECK(both("f1") == "vitalgate:tester-self ");
    CHECK(both("60") == " ");
    const auto food = [](std::string_view octet) {
        return statusOf(context("01 0100" + std::string(octet) + "3cd0"), kCarbohydrate);
    };
    CHECK(food("01") == std::vector<std::string>{"breakfast"});
    CHECK(food("07") == std::vector<std::string>{"brunch"});
    CHECK(food("00").empty());
    CHECK(food("08").empty());
    const auto medication = [](std::string_view octet) {
        return statusOf(context("10 0100" + std::string(octet) + "0fa0"), kMedication);
    };
    CHECK(medication("02") == std::vector<std::string>{"short-acting-insulin"});
    CHECK(medication("05") == std::vector<std::string>{"premixed-insulin"});
    CHECK(medication("06").empty());
}

TEST_CASE("a context with the meal that marks ketone is refused, whatever else it says") {
    for (const auto* hex : {"02 ffff 06", "42 ffff 06 41f0",
                            "df ffff 00 02 3cd0 06 51 0807 28 01 "
                            "0fa0 41f0"}) {
        CAPTURE(hex);
        const auto m = context(hex);
        CHECK(m.refused == v1::REFUSED_UNKNOWN_FORMAT);
        CHECK(m.refusedField == "meal");
        CHECK(m.reading.observations().empty());
        CHECK(m.reading.source().record_number() == 65535);
        REQUIRE(m.part);
        CHECK(m.part->kind == profiles::Part::Kind::glucoseContext);
        CHECK(m.part->event == "65535");
    }
    CHECK(decodeError(kContext, octets("42 ffff 06")).field == "HbA1c");
}

TEST_CASE("an exercise longer than the field can say has no duration") {
    const auto m = context("08 0100 ffff 64");
    CHECK(shown(m, kDuration) == "ABSENT_OVERRUN");
    CHECK(shown(m, kIntensity) == "100 %");
    CHECK(shown(context("08 0100 feff 64"), kDuration) == "65534 s");
}

TEST_CASE("an amount that nobody takes is left out, and the rest stands") {
    // 60 kg where 60 g were meant: the raw octets keep it, nobody guesses
    const auto m = context("03 0100 02 3c00 03");
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kCarbohydrate) == "ABSENT_UNSPECIFIED");
    CHECK(statusOf(m, kCarbohydrate) == std::vector<std::string>{"implausible", "lunch"});
    CHECK(coded(m, kMeal) == "vitalgate:meal-fasting");
    CHECK(shown(context("0a 0100 03 3c00 65"), kIntensity) == "ABSENT_UNSPECIFIED");
    CHECK(context("01 0100 02 ff07").refused == v1::REFUSED_FAILED);
}

TEST_CASE("a context whose only amount is one that nobody takes is implausible, not failed") {
    struct Row {
        const char* hex;
        const char* field;
    };
    for (const auto& row :
         {Row{"01 0100 02 3c00", "carbohydrate"}, Row{"10 0100 01 0f00", "medication"},
          Row{"30 0100 01 0f00", "medication"}, Row{"40 0100 0100", "HbA1c"},
          Row{"09 0100 02 ff07 ffff 65", "exercise intensity"}}) {
        CAPTURE(row.hex);
        const auto m = context(row.hex);
        CHECK(m.refused == v1::REFUSED_IMPLAUSIBLE);
        CHECK(m.refusedField == row.field);
        CHECK(m.reading.observations().empty());
        CHECK(m.part->event == "1");
    }
}

TEST_CASE("amounts are plausible up to what a person takes at once") {
    const auto carbohydrate = [](std::string_view mass) {
        return shown(context("03 0100 02" + std::string(mass) + "03"), kCarbohydrate);
    };
    CHECK(carbohydrate("f4d1") == "500 g");
    CHECK(carbohydrate("f5d1") == "ABSENT_UNSPECIFIED");
    const auto medication = [](std::string_view mass) {
        return shown(context("12 0100 03 01" + std::string(mass)), kMedication);
    };
    CHECK(medication("05d0") == "5000 mg");
    CHECK(medication("f5b1") == "ABSENT_UNSPECIFIED");  // 501 x 10^-5 kg
    const auto medicationVolume = [](std::string_view volume) {
        return shown(context("32 0100 03 01" + std::string(volume)), kMedicationVolume);
    };
    CHECK(medicationVolume("0ad0") == "10 mL");
    CHECK(medicationVolume("65c0") == "ABSENT_UNSPECIFIED");  // 101 x 10^-4 l
}

TEST_CASE("an amount that nobody takes stays as the device said it") {
    const auto m = context("32 0100 03 01 0cd0");
    CHECK(shown(m, kMedicationVolume) == "ABSENT_UNSPECIFIED");
    CHECK(reported(m, kMedicationVolume) == "0.012 L");
    CHECK(statusOf(m, kMedicationVolume) ==
          std::vector<std::string>{"implausible", "rapid-acting-insulin"});
    CHECK(reported(context("12 0100 03 01 0f00"), kMedication) == "15 kg");
    CHECK(reported(context("03 0100 02 3c00 03"), kCarbohydrate) == "60 kg");
    CHECK(reported(context("03 0100 02 3cd0 03"), kCarbohydrate) == "");
    CHECK(reported(context("03 0100 02 ff07 03"), kCarbohydrate) == "");
}

TEST_CASE("a context that says nothing known is empty") {
    for (const auto* hex : {"00 0100", "02 0100 07", "04 0100 ff", "80 0100 01", "20 0100"}) {
        CAPTURE(hex);
        const auto m = context(hex);
        CHECK(m.refused == v1::REFUSED_EMPTY);
        CHECK(m.part->event == "1");
    }
}

}  // namespace vitalgate::testing
