#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kMeasurement = 0x2A35;
constexpr std::uint16_t kIntermediate = 0x2A36;
constexpr std::uint16_t kFeature = 0x2A49;

constexpr auto kSystolic = "MDC_PRESS_BLD_NONINV_SYS";
constexpr auto kDiastolic = "MDC_PRESS_BLD_NONINV_DIA";
constexpr auto kMean = "MDC_PRESS_BLD_NONINV_MEAN";
constexpr auto kPulse = "MDC_PULS_RATE_NON_INV";

Bytes full() {
    return sample({
        {"1e", "flags: mmHg, time stamp, pulse, user, status"},
        {"8000", "systolic 128"},
        {"5200", "diastolic 82"},
        {"6100", "mean 97"},
        {"ea07 0b 17", "2026-11-23"},
        {"08 0e 05", "08:14:05"},
        {"4700", "pulse 71"},
        {"01", "user 1"},
        {"0400", "status: irregular pulse"},
    });
}

Bytes withStatus(std::string_view status) {
    return octets("10 8000 5200 6100" + std::string(status));
}

}  // namespace

TEST_CASE("a complete blood pressure has every field") {
    const auto m = measurement(kMeasurement, full());
    CHECK(m.reading.kind() == "blood-pressure");
    CHECK(m.reading.type().code() == "MDC_PRESS_BLD_NONINV");
    CHECK(m.reading.type().mdc() == 150020);
    CHECK(m.reading.type().loinc() == "85354-9");
    REQUIRE(m.reading.observations_size() == 4);
    CHECK(m.reading.observations(0).mdc() == 150021);
    CHECK(m.reading.observations(0).loinc() == "8480-6");
    CHECK(shown(m, kSystolic) == "128 mm[Hg]");
    CHECK(shown(m, kDiastolic) == "82 mm[Hg]");
    CHECK(shown(m, kMean) == "97 mm[Hg]");
    CHECK(shown(m, kPulse) == "71 /min");
    CHECK(reported(m, kSystolic) == "");
    CHECK(m.reading.device_time() == "2026-11-23T08:14:05");
    CHECK(m.deviceTime == LocalDateTime{2026, 11, 23, 8, 14, 5});
    CHECK(m.reading.user_slot() == 1);
    CHECK(statusOf(m) == std::vector<std::string>{"irregular-pulse"});
    CHECK_FALSE(m.refused);
    CHECK_FALSE(m.intermediate);
    CHECK_FALSE(m.clockNotSet);
}

TEST_CASE("the shortest blood pressure has the three pressures alone") {
    const auto m = measurement(kMeasurement, octets("00 8000 5200 6100"));
    CHECK(m.reading.observations_size() == 3);
    CHECK_FALSE(m.deviceTime);
    CHECK(m.reading.device_time().empty());
    CHECK_FALSE(m.reading.has_user_slot());
}

TEST_CASE("kilopascals become millimetres of mercury and stay as reported") {
    const auto m = measurement(kMeasurement, sample({
                                                 {"01", "flags: kPa"},
                                                 {"a0f0", "systolic 16.0"},
                                                 {"6bf0", "diastolic 10.7"},
                                                 {"7df0", "mean 12.5"},
                                             }));
    CHECK(shown(m, kSystolic) == "120.0 mm[Hg]");
    CHECK(reported(m, kSystolic) == "16.0 kPa");
    CHECK(shown(m, kDiastolic) == "80.3 mm[Hg]");
    CHECK(reported(m, kDiastolic) == "10.7 kPa");
    CHECK(shown(m, kMean) == "93.8 mm[Hg]");
}

TEST_CASE("every octet short, long or wrong of a blood pressure is noticed") {
    checkPrefixes(kMeasurement, full());
    checkBitFlips(kMeasurement, full());
    checkTrailing(kMeasurement, full());
}

TEST_CASE("a truncated blood pressure names field and octets") {
    const auto error = decodeError(kMeasurement, octets("1680"));
    CHECK(error.field == "systolic");
    CHECK(error.octet == 1);
    CHECK(error.message == "systolic: needs octets 1 to 2, the value has only 2 octets");
}

TEST_CASE("the unknown user is left out, user 0 and user 254 are users") {
    const auto slot = [](std::string_view user) {
        const auto m = measurement(kMeasurement, octets("08 8000 5200 6100" + std::string(user)));
        return m.reading.has_user_slot() ? static_cast<int>(m.reading.user_slot()) : -1;
    };
    CHECK(slot("ff") == -1);
    CHECK(slot("00") == 0);
    CHECK(slot("fe") == 254);
}

TEST_CASE("status bits become words and reserved ones are ignored") {
    struct Row {
        const char* status;
        std::vector<std::string> words;
    };
    for (const auto& row :
         {Row{"0000", {}}, Row{"0100", {"body-movement"}}, Row{"0200", {"cuff-loose"}},
          Row{"0400", {"irregular-pulse"}}, Row{"0800", {"pulse-rate-above-range"}},
          Row{"1000", {"pulse-rate-below-range"}}, Row{"1800", {}},
          Row{"2000", {"improper-position"}}, Row{"c0ff", {}},
          Row{"2f00",
              {"body-movement", "cuff-loose", "irregular-pulse", "pulse-rate-above-range",
               "improper-position"}}}) {
        CAPTURE(row.status);
        CHECK(statusOf(measurement(kMeasurement, withStatus(row.status))) == row.words);
    }
}

TEST_CASE("reserved flag bits change nothing") {
    auto value = full();
    value[0] |= 0xE0;
    CHECK(measurement(kMeasurement, value).reading.SerializeAsString() ==
          measurement(kMeasurement, full()).reading.SerializeAsString());
    CHECK(measurement(kMeasurement, octets("e0 8000 5200 6100")).reading.SerializeAsString() ==
          measurement(kMeasurement, octets("00 8000 5200 6100")).reading.SerializeAsString());
}

TEST_CASE("a mean or pulse of zero was not computed") {
    const auto m = measurement(kMeasurement, octets("04 8000 5200 0000 0000"));
    CHECK(shown(m, kMean) == "ABSENT_NOT_COMPUTED");
    CHECK(shown(m, kPulse) == "ABSENT_NOT_COMPUTED");
    CHECK_FALSE(m.refused);
}

TEST_CASE("special values are absent with their reason") {
    const auto m = measurement(kMeasurement, octets("04 8000 0008 ff07 fe07"));
    CHECK(shown(m, kSystolic) == "128 mm[Hg]");
    CHECK(shown(m, kDiastolic) == "ABSENT_NOT_AT_THIS_RESOLUTION");
    CHECK(shown(m, kMean) == "ABSENT_NOT_A_NUMBER");
    CHECK(shown(m, kPulse) == "ABSENT_POSITIVE_INFINITY");
    CHECK(m.reading.observations(1).unit() == "mm[Hg]");
}

TEST_CASE("a single pressure is what it is, and says of the others why they are none") {
    const auto systolic = measurement(kMeasurement, octets("00 8000 ff07 0008"));
    CHECK_FALSE(systolic.refused);
    CHECK(shown(systolic, kSystolic) == "128 mm[Hg]");
    CHECK(shown(systolic, kDiastolic) == "ABSENT_NOT_A_NUMBER");
    CHECK(shown(systolic, kMean) == "ABSENT_NOT_AT_THIS_RESOLUTION");
    const auto diastolic = measurement(kMeasurement, octets("00 0208 5200 0000"));
    CHECK_FALSE(diastolic.refused);
    CHECK(shown(diastolic, kSystolic) == "ABSENT_NEGATIVE_INFINITY");
    CHECK(shown(diastolic, kDiastolic) == "82 mm[Hg]");
    CHECK(shown(diastolic, kMean) == "ABSENT_NOT_COMPUTED");
    const auto mean = measurement(kMeasurement, octets("01 ff07 0108 7df0"));
    CHECK_FALSE(mean.refused);
    CHECK(shown(mean, kSystolic) == "ABSENT_NOT_A_NUMBER");
    CHECK(shown(mean, kDiastolic) == "ABSENT_RESERVED_VALUE");
    CHECK(shown(mean, kMean) == "93.8 mm[Hg]");
    CHECK(reported(mean, kMean) == "12.5 kPa");
    CHECK(mean.reading.type().mdc() == 150020);
}

TEST_CASE("a mean alone that no person has is refused, and a pulse beside it is no pressure") {
    for (const auto* hex : {"00 ff07 ff07 2c01", "04 ff07 ff07 2c01 4700"}) {
        CAPTURE(hex);
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK(m.refused == v1::REFUSED_IMPLAUSIBLE);
        CHECK(m.refusedField == "mean");
        CHECK(m.reading.observations().empty());
    }
}

TEST_CASE("without a single pressure the measurement failed, though it has a pulse") {
    for (const auto* hex : {"04 ff07 ff07 ff07 4800", "04 ff07 ff07 0000 4600"}) {
        CAPTURE(hex);
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK(m.refused == v1::REFUSED_FAILED);
        CHECK(m.reading.observations().empty());
    }
}

TEST_CASE("without a single number the measurement failed, but time, user and status stay") {
    const auto m =
        measurement(kMeasurement, octets("1e ff07 ff07 ff07 ea070b17080e05 ff07 02 0100"));
    CHECK(m.refused == v1::REFUSED_FAILED);
    CHECK(m.refusedField.empty());
    CHECK(m.reading.observations().empty());
    CHECK_FALSE(m.reading.has_type());
    CHECK(m.reading.device_time() == "2026-11-23T08:14:05");
    CHECK(m.reading.user_slot() == 2);
    CHECK(statusOf(m) == std::vector<std::string>{"body-movement"});
}

TEST_CASE("values that no person has are refused with the field that is wrong") {
    const auto refusedFor = [](std::string_view hex) {
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK(m.refused == v1::REFUSED_IMPLAUSIBLE);
        CHECK(m.reading.observations().empty());
        return m.refusedField;
    };
    CHECK(refusedFor("00 4101 5200 6100") == "systolic");   // 321
    CHECK(refusedFor("00 0000 ff07 ff07") == "systolic");   // 0
    CHECK(refusedFor("00 8000 0900 6100") == "diastolic");  // 9
    CHECK(refusedFor("01 8000 5200 6100") == "systolic");   // 128 kPa
}

TEST_CASE("a mean or pulse that no person has is left out, and the pressures stand") {
    const auto slow = measurement(kMeasurement, octets("14 8000 5200 6100 0f00 1000"));  // 15 /min
    CHECK_FALSE(slow.refused);
    CHECK(shown(slow, kSystolic) == "128 mm[Hg]");
    CHECK(shown(slow, kPulse) == "ABSENT_UNSPECIFIED");
    CHECK(statusOf(slow, kPulse) == std::vector<std::string>{"implausible"});
    CHECK(statusOf(slow) == std::vector<std::string>{"pulse-rate-below-range"});
    const auto high = measurement(kMeasurement, octets("00 3601 6400 2c01"));  // 310/100, 300
    CHECK_FALSE(high.refused);
    CHECK(shown(high, kMean) == "ABSENT_UNSPECIFIED");
    CHECK(statusOf(high, kMean) == std::vector<std::string>{"implausible"});
    const auto precise = measurement(kMeasurement, octets("04 8000 5200 6100 8cf0"));  // 14.0 /min
    CHECK(shown(precise, kPulse) == "ABSENT_UNSPECIFIED");
    CHECK(precise.reading.observations(3).decimals() == 0);
}

TEST_CASE("a diastolic pressure that is not below the systolic one contradicts") {
    for (const auto* hex : {"00 5200 8000 6100", "00 5200 5200 5200"}) {
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK(m.refused == v1::REFUSED_CONTRADICTORY);
        CHECK(m.refusedField == "diastolic");
        CHECK(m.reading.observations().empty());
    }
}

TEST_CASE("a mean pressure that is not between the two others contradicts") {
    for (const auto* hex :
         {"00 8000 5200 5100", "00 8000 5200 8100", "00 7800 5000 0a00", "00 7800 5000 1801"}) {
        CAPTURE(hex);
        const auto m = measurement(kMeasurement, octets(hex));
        CHECK(m.refused == v1::REFUSED_CONTRADICTORY);
        CHECK(m.refusedField == "mean");
        CHECK(m.reading.observations().empty());
    }
    for (const auto* hex : {"00 8000 5200 5200", "00 8000 5200 8000", "00 8000 5200 0000",
                            "00 8000 ff07 1000", "00 ff07 5200 1000"}) {
        CAPTURE(hex);
        CHECK_FALSE(measurement(kMeasurement, octets(hex)).refused);
    }
}

TEST_CASE("a mean that no person has costs the pressures nothing, wherever it lies") {
    for (const auto* hex : {"00 7800 5000 f401", "00 7800 5000 0900", "00 7800 5000 1901"}) {
        for (const std::uint16_t characteristic : {kMeasurement, std::uint16_t{0x2B34}}) {
            CAPTURE(hex);
            const auto m = measurement(characteristic, octets(hex));
            CHECK_FALSE(m.refused);
            CHECK(shown(m, kSystolic) == "120 mm[Hg]");
            CHECK(shown(m, kDiastolic) == "80 mm[Hg]");
            CHECK(shown(m, kMean) == "ABSENT_UNSPECIFIED");
            CHECK(statusOf(m, kMean) == std::vector<std::string>{"implausible"});
        }
    }
    const auto kilopascal = measurement(kMeasurement, octets("01 a0f0 6bf0 f401"));  // 500 kPa
    CHECK_FALSE(kilopascal.refused);
    CHECK(shown(kilopascal, kMean) == "ABSENT_UNSPECIFIED");
    CHECK(reported(kilopascal, kMean).empty());
    // The two others are still judged by each other.
    CHECK(measurement(kMeasurement, octets("00 5000 7800 f401")).refusedField == "diastolic");
}

TEST_CASE("kilopascals with two decimals stay apart") {
    const auto mean = [](std::string_view hex) {
        return shown(measurement(kMeasurement, octets("01 40e6 20e4" + std::string(hex))), kMean);
    };
    // 16.00 kPa over 10.56 kPa
    CHECK(mean("96e4") == "88.06 mm[Hg]");
    CHECK(mean("97e4") == "88.13 mm[Hg]");
}

TEST_CASE("a vendor's frame in the place of a blood pressure is not believed") {
    const auto decoded =
        spec(kMeasurement).decode(octets("fe202700ff0102030405060708090a0b0c0d"), {});
    CHECK((!decoded || std::get<profiles::Measurement>(*decoded).refused.has_value()));
}

TEST_CASE("an impossible date is kept as the device said it") {
    const auto m = measurement(kMeasurement, octets("02 8000 5200 6100 ea070d20193d3d"));
    CHECK(m.reading.device_time() == "2026-13-32T25:61:61");
    REQUIRE(m.deviceTime);
    CHECK_FALSE(m.deviceTime->isComplete());
    const auto unknown = measurement(kMeasurement, octets("02 8000 5200 6100 00000000000000"));
    CHECK(unknown.reading.device_time() == "0000-00-00T00:00:00");
}

TEST_CASE("an intermediate cuff pressure is marked and has the pressure of the cuff alone") {
    const auto value = sample({
        {"00", "flags: mmHg"},
        {"b400", "cuff pressure 180"},
        {"ff07", "unused"},
        {"ff07", "unused"},
    });
    const auto m = measurement(kIntermediate, value);
    CHECK(m.intermediate);
    CHECK(m.reading.observations_size() == 1);
    CHECK(shown(m, "MDC_PRESS_CUFF") == "180 mm[Hg]");
    CHECK_FALSE(m.reading.has_type());
    checkPrefixes(kIntermediate, value);
    checkBitFlips(kIntermediate, value);
    checkTrailing(kIntermediate, value);
}

TEST_CASE("the feature value names what the cuff can notice and may be longer") {
    CHECK(
        json(kFeature, "2500") ==
        R"({"features":["body-movement-detection","irregular-pulse-detection","multiple-bonds"]})");
    CHECK(json(kFeature, "0000") == R"({"features":[]})");
    CHECK(json(kFeature, "0100aabb") == R"({"features":["body-movement-detection"]})");
    checkPrefixes(kFeature, octets("2500"));
}

TEST_CASE("with the row beurer-bm85 pulse and status come high octet first and a user always") {
    const auto value = sample({
        {"16", "flags: mmHg, time stamp, pulse, status; no user"},
        {"8000 5200 6100", "128/82, mean 97"},
        {"ea070b17080e05", "2026-11-23T08:14:05"},
        {"0047", "pulse 71, high octet first"},
        {"02", "user 2"},
        {"0004", "irregular pulse, high octet first"},
    });
    const auto m = measurement(kMeasurement, value, {.quirk = "beurer-bm85", .feature = {}});
    CHECK(shown(m, kPulse) == "71 /min");
    CHECK(m.reading.user_slot() == 2);
    CHECK(statusOf(m) == std::vector<std::string>{"irregular-pulse"});
    CHECK(decodeError(kMeasurement, value).reason == v1::REFUSED_MALFORMED);
}

TEST_CASE("octets after the last field are ignored only with a row that says so") {
    auto value = full();
    value.push_back(0xAA);
    CHECK(decodeError(kMeasurement, value, {.quirk = "unheard-of", .feature = {}}).field == "end");
    const auto m = measurement(kMeasurement, value, {.quirk = "trailing-octets", .feature = {}});
    CHECK(shown(m, kSystolic) == "128 mm[Hg]");
}

}  // namespace vitalgate::testing
