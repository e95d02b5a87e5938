#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kMeasurement = 0x2A9D;
constexpr std::uint16_t kFeature = 0x2A9E;
constexpr auto kWeight = "MDC_MASS_BODY_ACTUAL";
constexpr auto kHeight = "MDC_LEN_BODY_ACTUAL";
constexpr auto kBmi = "MDC_RATIO_MASS_BODY_LEN_SQ";

Bytes full() {
    return sample({
        {"0e", "flags: kg, time stamp, user, BMI and height"},
        {"4038", "14400 x 0.005 kg = 72.000 kg"},
        {"ea07 0b 17", "2026-11-23"},
        {"07 1e 00", "07:30:00"},
        {"02", "user 2"},
        {"de00", "BMI 22.2"},
        {"0807", "1.800 m"},
    });
}

profiles::DecodeOptions withFeature(std::string_view hex) {
    return {.quirk = "", .feature = octets(hex)};
}

}  // namespace

TEST_CASE("a complete weight has every field") {
    const auto m = measurement(kMeasurement, full());
    CHECK(m.reading.kind() == "weight");
    CHECK(m.reading.observations_size() == 3);
    CHECK(shown(m, kWeight) == "72.000 kg");
    CHECK(shown(m, kBmi) == "22.2 kg/m2");
    CHECK(shown(m, kHeight) == "1.800 m");
    CHECK(m.reading.observations(0).mdc() == 188736);
    CHECK(m.reading.observations(0).loinc() == "29463-7");
    CHECK(m.reading.device_time() == "2026-11-23T07:30:00");
    CHECK(m.reading.user_slot() == 2);
    CHECK(reported(m, kWeight) == "");
}

TEST_CASE("pounds and inches become kilograms and metres and stay as reported") {
    const auto m = measurement(kMeasurement, sample({
                                                 {"09", "flags: imperial, BMI and height"},
                                                 {"fe3d", "15870 x 0.01 lb"},
                                                 {"de00", "BMI 22.2"},
                                                 {"c502", "70.9 in"},
                                             }));
    CHECK(shown(m, kWeight) == "71.985 kg");
    CHECK(reported(m, kWeight) == "158.70 [lb_av]");
    CHECK(shown(m, kHeight) == "1.801 m");
    CHECK(reported(m, kHeight) == "70.9 [in_i]");
    CHECK(reported(m, kBmi) == "");
}

TEST_CASE("every octet short, long or wrong of a weight is noticed") {
    checkPrefixes(kMeasurement, full());
    checkBitFlips(kMeasurement, full());
    checkTrailing(kMeasurement, full());
}

TEST_CASE("an unsuccessful weighing is refused and never 327 kg") {
    const auto m = measurement(kMeasurement, octets("06 ffff ea070b17071e00 02"));
    CHECK(m.refused == v1::REFUSED_FAILED);
    CHECK(m.refusedField == "weight");
    CHECK(m.reading.observations().empty());
    CHECK(m.reading.user_slot() == 2);
    CHECK(m.reading.device_time() == "2026-11-23T07:30:00");
    CHECK(measurement(kMeasurement, octets("01 ffff")).refused == v1::REFUSED_FAILED);
}

TEST_CASE("an empty platform is no weight") {
    const auto m = measurement(kMeasurement, octets("00 0000"));
    CHECK(m.refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(m.refusedField == "weight");
}

TEST_CASE("a scale that does not know the person leaves BMI and height out") {
    const auto m = measurement(kMeasurement, octets("08 4038 0000 0000"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kBmi) == "ABSENT_NOT_COMPUTED");
    CHECK(shown(m, kHeight) == "ABSENT_NOT_COMPUTED");
}

TEST_CASE("a height or BMI that no person has is left out, and the weight stands") {
    const auto tall = measurement(kMeasurement, octets("08 4038 de00 1027"));  // 10.000 m
    CHECK_FALSE(tall.refused);
    CHECK(shown(tall, kWeight) == "72.000 kg");
    CHECK(shown(tall, kBmi) == "22.2 kg/m2");
    CHECK(shown(tall, kHeight) == "ABSENT_UNSPECIFIED");
    CHECK(statusOf(tall, kHeight) == std::vector<std::string>{"implausible"});
    const auto imperial = measurement(kMeasurement, octets("09 fe3d 0100 1027"));  // 0.1, 1000.0 in
    CHECK_FALSE(imperial.refused);
    CHECK(shown(imperial, kBmi) == "ABSENT_UNSPECIFIED");
    CHECK(shown(imperial, kHeight) == "ABSENT_UNSPECIFIED");
    CHECK(reported(imperial, kHeight) == "");
    CHECK(imperial.reading.observations(2).decimals() == 0);
}

TEST_CASE("a height or BMI with all bits set is not known, and the weight stands") {
    const auto m = measurement(kMeasurement, octets("08 4038 ffff ffff"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kWeight) == "72.000 kg");
    CHECK(shown(m, kBmi) == "ABSENT_RESERVED_VALUE");
    CHECK(shown(m, kHeight) == "ABSENT_RESERVED_VALUE");
    CHECK(statusOf(m, kBmi).empty());
}

TEST_CASE("a BMI that is not weight by height squared goes with the height, the weight stands") {
    const auto isLeftOut = [](std::string_view hex) {
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK_FALSE(m.refused);
        CHECK(m.reading.observations(0).has_value());
        const bool implausible = statusOf(m, kBmi) == std::vector<std::string>{"implausible"};
        CHECK(statusOf(m, kHeight) == statusOf(m, kBmi));
        CHECK(m.reading.observations(1).has_absent() == implausible);
        return implausible;
    };
    // 72 kg and 1.800 m are 22.22: 20.1 and 24.4 are within a tenth, 19.9 and 24.5 are not.
    CHECK_FALSE(isLeftOut("08 4038 c900 0807"));
    CHECK(isLeftOut("08 4038 c700 0807"));
    CHECK_FALSE(isLeftOut("08 4038 f400 0807"));
    CHECK(isLeftOut("08 4038 f500 0807"));
    // 158.70 lb and 70.9 in are 22.2.
    CHECK_FALSE(isLeftOut("09 fe3d de00 c502"));
    CHECK(isLeftOut("09 fe3d 2c01 c502"));
    // Where one of the three is no number nothing contradicts.
    const auto heightless = measurement(kMeasurement, octets("08 4038 2c01 0000"));
    CHECK(shown(heightless, kBmi) == "30.0 kg/m2");
    CHECK(measurement(kMeasurement, octets("08 0000 de00 0807")).refusedField == "weight");
}

TEST_CASE("a weight stays as the scale said it beside a BMI and a height that contradict") {
    const auto m = measurement(kMeasurement, octets("0e 0a0a ea070b17061e00 01 5a00 dc05"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kWeight) == "12.850 kg");
    CHECK(shown(m, kBmi) == "ABSENT_UNSPECIFIED");
    CHECK(shown(m, kHeight) == "ABSENT_UNSPECIFIED");
    CHECK(m.reading.user_slot() == 1);
    const auto imperial = measurement(kMeasurement, octets("09 fe3d 2c01 c502"));
    CHECK(reported(imperial, kWeight) == "158.70 [lb_av]");
    CHECK(reported(imperial, kHeight).empty());
    CHECK(imperial.reading.observations(2).decimals() == 0);
    CHECK(statusOf(imperial, kWeight).empty());
}

TEST_CASE("with the row detecto-7550 a reserved flag says that the weight is below zero") {
    const profiles::DecodeOptions detecto{.quirk = "detecto-7550", .feature = {}};
    for (const auto* hex : {"10 4038", "80 4038"}) {
        CHECK_FALSE(measurement(kMeasurement, octets(hex)).refused);
        const auto m = measurement(kMeasurement, octets(hex), detecto);
        CHECK(m.refused == v1::REFUSED_IMPLAUSIBLE);
        CHECK(m.refusedField == "weight");
    }
    CHECK_FALSE(measurement(kMeasurement, full(), detecto).refused);
    CHECK(measurement(kMeasurement, octets("10 ffff"), detecto).refused == v1::REFUSED_FAILED);
}

TEST_CASE("the unknown user is left out and reserved flag bits change nothing") {
    CHECK_FALSE(measurement(kMeasurement, octets("04 4038 ff")).reading.has_user_slot());
    auto value = full();
    value[0] |= 0xF0;
    CHECK(measurement(kMeasurement, value).reading.SerializeAsString() ==
          measurement(kMeasurement, full()).reading.SerializeAsString());
    CHECK(measurement(kMeasurement, octets("f0 4038")).reading.SerializeAsString() ==
          measurement(kMeasurement, octets("00 4038")).reading.SerializeAsString());
}

TEST_CASE("the feature value says how many decimals the scale means, but no digit is cut") {
    CHECK(shown(measurement(kMeasurement, full(), withFeature("1f000000")), kWeight) == "72.0 kg");
    CHECK(shown(measurement(kMeasurement, full(), withFeature("9f000000")), kHeight) == "1.80 m");
    // 14401 x 0.005 kg from a scale that claims steps of 0.1 kg
    CHECK(shown(measurement(kMeasurement, octets("00 4138"), withFeature("1f000000")), kWeight) ==
          "72.005 kg");
    CHECK(reported(measurement(kMeasurement, octets("01 fe3d"), withFeature("1f000000")),
                   kWeight) == "158.7 [lb_av]");
    CHECK(shown(measurement(kMeasurement, full(), withFeature("1f")), kWeight) == "72.000 kg");
    CHECK(shown(measurement(kMeasurement, full(), withFeature("ffffffff")), kWeight) ==
          "72.000 kg");
}

TEST_CASE("with the row and-scale pounds come in tenths") {
    const auto value = octets("01 b002");
    CHECK(reported(measurement(kMeasurement, value), kWeight) == "6.88 [lb_av]");
    const auto m = measurement(kMeasurement, value, {.quirk = "and-scale", .feature = {}});
    CHECK(reported(m, kWeight) == "68.8 [lb_av]");
    CHECK(shown(m, kWeight) == "31.207 kg");
}

TEST_CASE("a weight captured from a Beurer BF600 decodes") {
    const auto m = measurement(kMeasurement, octets("0ef22fe507071715211f02d400a406"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kWeight) == "61.370 kg");
    CHECK(shown(m, kBmi) == "21.2 kg/m2");
    CHECK(shown(m, kHeight) == "1.700 m");
    CHECK(m.reading.device_time() == "2021-07-23T21:33:31");
    CHECK(m.reading.user_slot() == 2);
}

TEST_CASE("a weight says which weighing it is part of") {
    const auto partOf = [](std::string_view hex) {
        return measurement(kMeasurement, octets(hex)).part.value();
    };
    CHECK(partOf("06 4038 ea070b17071e00 02").kind == profiles::Part::Kind::weight);
    CHECK(partOf("06 4038 ea070b17071e00 02").event == "2026-11-23T07:30:00/2");
    CHECK_FALSE(partOf("06 4038 ea070b17071e00 02").announced);
    CHECK(partOf("02 4038 ea070b17071e00").event == "2026-11-23T07:30:00/-");
    CHECK(partOf("04 4038 00").event == "/0");
    CHECK(partOf("00 4038").event == "");
    CHECK(partOf("06 ffff ea070b17071e00 02").event == "2026-11-23T07:30:00/2");
}

TEST_CASE("the feature value names abilities and resolutions") {
    CHECK(json(kFeature, "9f000000") ==
          R"({"features":["time-stamp","multiple-users","body-mass-index"],)"
          R"("weightResolutionKg":0.1,"weightResolutionLb":0.2,)"
          R"("heightResolutionM":0.01,"heightResolutionIn":1})");
    CHECK(json(kFeature, "00000000") ==
          R"({"features":[],"weightResolutionKg":"unknown","weightResolutionLb":"unknown",)"
          R"("heightResolutionM":"unknown","heightResolutionIn":"unknown"})");
    checkPrefixes(kFeature, octets("9f000000"));
}

}  // namespace vitalgate::testing
