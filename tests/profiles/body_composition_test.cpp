#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kMeasurement = 0x2A9C;
constexpr std::uint16_t kFeature = 0x2A9B;
constexpr auto kFat = "MDC_BODY_FAT";
constexpr auto kWeight = "MDC_MASS_BODY_ACTUAL";
constexpr auto kHeight = "MDC_LEN_BODY_ACTUAL";
constexpr auto kMetabolism = "vitalgate:basal-metabolism";
constexpr auto kMuscle = "vitalgate:muscle-percentage";
constexpr auto kMuscleMass = "vitalgate:muscle-mass";
constexpr auto kFatFree = "MDC_MASS_BODY_FAT_FREE";
constexpr auto kSoftLean = "MDC_MASS_BODY_SOFT_LEAN";
constexpr auto kWater = "MDC_BODY_WATER";
constexpr auto kImpedance = "vitalgate:body-impedance";
constexpr auto kNone = "no such observation";

Bytes full() {
    return sample({
        {"fe0f", "flags: kg, all fields"},
        {"b600", "body fat 18.2 %"},
        {"ea07 0b 17", "2026-11-23"},
        {"07 1e 00", "07:30:00"},
        {"02", "user 2"},
        {"1318", "basal metabolism 6163 kJ"},
        {"a301", "muscle 41.9 %"},
        {"4c1f", "8012 x 0.005 kg muscle"},
        {"3829", "10552 x 0.005 kg without fat"},
        {"3025", "9520 x 0.005 kg soft lean"},
        {"f41a", "6900 x 0.005 kg water"},
        {"790b", "293.7 ohm"},
        {"4038", "14400 x 0.005 kg weight"},
        {"0807", "1.800 m"},
    });
}

/// What a Beurer BF600 gives: beside it weight, time and user come in its 2A9D.
Bytes withoutWeight() {
    return sample({
        {"9803", "flags: kg, basal metabolism, muscle, soft lean, water, impedance"},
        {"b600", "body fat 18.2 %"},
        {"1318", "basal metabolism 6163 kJ"},
        {"a301", "muscle 41.9 %"},
        {"3025", "47.600 kg soft lean"},
        {"f41a", "34.500 kg water"},
        {"790b", "293.7 ohm"},
    });
}

profiles::DecodeOptions withFeature(std::string_view hex) {
    return {.quirk = "", .feature = octets(hex)};
}

profiles::Part partOf(std::string_view hex) {
    const auto m = measurement(kMeasurement, octets(hex));
    REQUIRE(m.part);
    return *m.part;
}

}  // namespace

TEST_CASE("a complete body composition has every field, the weight first") {
    const auto m = measurement(kMeasurement, full());
    CHECK_FALSE(m.refused);
    CHECK(m.reading.kind() == "weight");
    CHECK(m.reading.observations_size() == 10);
    CHECK(m.reading.observations(0).code() == kWeight);
    CHECK(shown(m, kWeight) == "72.000 kg");
    CHECK(shown(m, kFat) == "18.2 %");
    CHECK(shown(m, kMetabolism) == "6163 kJ");
    CHECK(shown(m, kMuscle) == "41.9 %");
    CHECK(shown(m, kMuscleMass) == "40.060 kg");
    CHECK(shown(m, kFatFree) == "52.760 kg");
    CHECK(shown(m, kSoftLean) == "47.600 kg");
    CHECK(shown(m, kWater) == "34.500 kg");
    CHECK(shown(m, kImpedance) == "293.7 Ohm");
    CHECK(shown(m, kHeight) == "1.800 m");
    CHECK(m.reading.device_time() == "2026-11-23T07:30:00");
    CHECK(m.reading.user_slot() == 2);
    CHECK(reported(m, kWeight) == "");
}

TEST_CASE("without a weight of its own it is a body composition") {
    const auto m = measurement(kMeasurement, withoutWeight());
    CHECK(m.reading.kind() == "body-composition");
    CHECK(m.reading.observations_size() == 6);
    CHECK(m.reading.observations(0).code() == kFat);
    CHECK(m.reading.observations(0).mdc() == 188748);
    CHECK(shown(m, kMetabolism) == "6163 kJ");
    CHECK(shown(m, kSoftLean) == "47.600 kg");
    CHECK(shown(m, kImpedance) == "293.7 Ohm");
    CHECK(shown(m, kWeight) == kNone);
    CHECK(shown(measurement(kMeasurement, octets("0000 b600")), kFat) == "18.2 %");
}

TEST_CASE("pounds and inches of a composition become kilograms and metres") {
    const auto m =
        measurement(kMeasurement, sample({
                                      {"210c", "flags: imperial, muscle, weight, height"},
                                      {"b600", "body fat 18.2 %"},
                                      {"7f22", "8831 x 0.01 lb muscle"},
                                      {"fe3d", "15870 x 0.01 lb weight"},
                                      {"c502", "70.9 in"},
                                  }));
    CHECK(shown(m, kMuscleMass) == "40.057 kg");
    CHECK(reported(m, kMuscleMass) == "88.31 [lb_av]");
    CHECK(shown(m, kWeight) == "71.985 kg");
    CHECK(reported(m, kWeight) == "158.70 [lb_av]");
    CHECK(reported(m, kHeight) == "70.9 [in_i]");
    CHECK(reported(m, kFat) == "");
}

TEST_CASE("every octet short, long or wrong of a body composition is noticed") {
    for (const auto& value : {full(), withoutWeight()}) {
        checkPrefixes(kMeasurement, value);
        checkBitFlips(kMeasurement, value);
        checkTrailing(kMeasurement, value);
    }
}

TEST_CASE("an unsuccessful composition is refused and never 6553.5 percent") {
    for (const auto* hex : {"0000 ffff", "0600 ffff ea070b17071e00 02", "0004 ffff 4038",
                            // More was announced, but this one is no second packet.
                            "0010 ffff", "0610 ffff ea070b17071e00 02"}) {
        CAPTURE(hex);
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK(m.refused == v1::REFUSED_FAILED);
        CHECK(m.refusedField == "body fat");
        CHECK(m.reading.observations().empty());
    }
}

TEST_CASE("in the second packet of a composition the body fat is left out") {
    const auto first = measurement(kMeasurement, octets("0610 b600 ea070b17071e00 02"));
    CHECK(shown(first, kFat) == "18.2 %");
    const auto second =
        measurement(kMeasurement, octets("061e ffff ea070b17071e00 02 790b 4038 0807"));
    CHECK_FALSE(second.refused);
    CHECK(second.reading.kind() == "weight");
    CHECK(second.reading.observations_size() == 3);
    CHECK(shown(second, kFat) == kNone);
    CHECK(shown(second, kWeight) == "72.000 kg");
    CHECK(shown(second, kImpedance) == "293.7 Ohm");
    CHECK(measurement(kMeasurement, octets("0012 ffff 790b")).reading.kind() == "body-composition");
}

TEST_CASE("a composition of zeros alone is empty") {
    for (const auto* hex : {"0000 0000", "9803 0000 0000 0000 0000 0000 0000", "0004 0000 0000",
                            "0600 0000 ea070b17071e00 02", "0012 ffff 0000"}) {
        CAPTURE(hex);
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK(m.refused == v1::REFUSED_EMPTY);
        CHECK(m.refusedField == "");
    }
    CHECK_FALSE(measurement(kMeasurement, octets("9803 0000 1318 0000 0000 0000 0000")).refused);
}

TEST_CASE("a single zero was not computed, and all bits set are not known") {
    // Weighed in socks: no current, no composition.
    const auto m = measurement(kMeasurement, octets("1006 0000 0000 0000 4038"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kWeight) == "72.000 kg");
    CHECK(shown(m, kFat) == "ABSENT_NOT_COMPUTED");
    CHECK(shown(m, kMuscle) == "ABSENT_NOT_COMPUTED");
    CHECK(shown(m, kImpedance) == "ABSENT_NOT_COMPUTED");
    const auto unknown = measurement(kMeasurement, octets("300c b600 ffff ffff 4038 ffff"));
    CHECK_FALSE(unknown.refused);
    CHECK(shown(unknown, kMuscle) == "ABSENT_RESERVED_VALUE");
    CHECK(shown(unknown, kMuscleMass) == "ABSENT_RESERVED_VALUE");
    CHECK(shown(unknown, kHeight) == "ABSENT_RESERVED_VALUE");
    CHECK(shown(measurement(kMeasurement, octets("0004 b600 0000")), kWeight) ==
          "ABSENT_NOT_COMPUTED");
}

TEST_CASE("an implausible principal number refuses, one beside it is left out") {
    const auto fat = measurement(kMeasurement, octets("0000 8403"));  // 90.0 %
    CHECK(fat.refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(fat.refusedField == "body fat");
    const auto weight = measurement(kMeasurement, octets("0004 b600 1000"));  // 0.080 kg
    CHECK(weight.refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(weight.refusedField == "weight");
    const auto beside = measurement(kMeasurement, octets("1804 8403 0100 e803 4038"));
    CHECK_FALSE(beside.refused);
    CHECK(shown(beside, kWeight) == "72.000 kg");
    for (const auto* code : {kFat, kMetabolism, kMuscle}) {
        CHECK(shown(beside, code) == "ABSENT_UNSPECIFIED");
        CHECK(statusOf(beside, code) == std::vector<std::string>{"implausible"});
    }
}

TEST_CASE("reserved flags and the unknown user of a composition change nothing") {
    auto value = full();
    value[1] |= 0xE0;
    CHECK(measurement(kMeasurement, value).reading.SerializeAsString() ==
          measurement(kMeasurement, full()).reading.SerializeAsString());
    CHECK_FALSE(measurement(kMeasurement, octets("0400 b600 ff")).reading.has_user_slot());
}

TEST_CASE("a composition says which weighing it is part of, and whether more follows") {
    CHECK(measurement(kMeasurement, full()).part->kind == profiles::Part::Kind::composition);
    CHECK(measurement(kMeasurement, full()).part->event == "2026-11-23T07:30:00/2");
    CHECK_FALSE(measurement(kMeasurement, full()).part->announced);
    CHECK(partOf("0200 b600 ea070b17071e00").event == "2026-11-23T07:30:00/-");
    CHECK(partOf("0600 b600 ea070b17071e00 ff").event == "2026-11-23T07:30:00/-");
    CHECK(partOf("0400 b600 02").event == "/2");
    CHECK(partOf("0000 b600").event == "");
    CHECK(partOf("0010 b600").announced);
    CHECK(partOf("0600 ffff ea070b17071e00 02").event == "2026-11-23T07:30:00/2");
}

TEST_CASE("the feature value says how many decimals a composition means") {
    // Masses in steps of 0.1 kg, heights in steps of 0.01 m.
    const auto coarse = withFeature("ff9f0000");
    const auto m = measurement(kMeasurement, full(), coarse);
    CHECK(shown(m, kWeight) == "72.0 kg");
    CHECK(shown(m, kWater) == "34.5 kg");
    CHECK(shown(m, kMuscleMass) == "40.06 kg");
    CHECK(shown(m, kHeight) == "1.80 m");
    CHECK(shown(m, kFat) == "18.2 %");
    CHECK(shown(measurement(kMeasurement, full(), withFeature("ff")), kWeight) == "72.000 kg");
    CHECK(shown(measurement(kMeasurement, full(), withFeature("ffffffff")), kWeight) ==
          "72.000 kg");
}

TEST_CASE("the feature value of a composition names abilities and resolutions") {
    CHECK(json(kFeature, "ff9f0000") ==
          R"({"features":["time-stamp","multiple-users","basal-metabolism","muscle-percentage",)"
          R"("muscle-mass","fat-free-mass","soft-lean-mass","body-water","impedance","weight",)"
          R"("height"],"massResolutionKg":0.1,"massResolutionLb":0.2,)"
          R"("heightResolutionM":0.01,"heightResolutionIn":1})");
    CHECK(json(kFeature, "00380000") ==
          R"({"features":[],"massResolutionKg":0.005,"massResolutionLb":0.01,)"
          R"("heightResolutionM":"unknown","heightResolutionIn":"unknown"})");
    CHECK(json(kFeature, "00800100") ==
          R"({"features":[],"massResolutionKg":"unknown","massResolutionLb":"unknown",)"
          R"("heightResolutionM":0.001,"heightResolutionIn":0.1})");
    for (const auto* hex : {"00000000", "00000000 01"}) {
        CHECK(json(kFeature, hex) ==
              R"({"features":[],"massResolutionKg":"unknown","massResolutionLb":"unknown",)"
              R"("heightResolutionM":"unknown","heightResolutionIn":"unknown"})");
    }
    checkPrefixes(kFeature, octets("ff9f0000"));
    checkBitFlips(kFeature, octets("ff9f0000"));
}

}  // namespace vitalgate::testing
