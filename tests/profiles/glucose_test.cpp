#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kMeasurement = 0x2A18;
constexpr std::uint16_t kFeature = 0x2A51;

constexpr auto kCapillaryWhole = "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD";

Bytes full() {
    return sample({
        {"1b", "flags: offset, concentration in kg/L, status, context follows"},
        {"2a01", "sequence number 298"},
        {"ea07 0b 17", "base time 2026-11-23"},
        {"08 0e 05", "08:14:05"},
        {"3c00", "offset 60 min"},
        {"70b0", "112 x 10^-5 kg/L"},
        {"11", "capillary whole blood, finger"},
        {"0100", "status: battery low"},
    });
}

profiles::Measurement withConcentration(std::string_view hex) {
    return measurement(kMeasurement, octets("02 0100 ea070b17080e05" + std::string(hex)));
}

profiles::Measurement withStatus(std::string_view status, std::string_view concentration = "70b0") {
    return measurement(kMeasurement, octets("0a 0100 ea070b17080e05" + std::string(concentration) +
                                            "11" + std::string(status)));
}

std::string timeOf(std::string_view baseAndOffset) {
    const auto m =
        measurement(kMeasurement, octets("03 0100" + std::string(baseAndOffset) + "70b011"));
    return m.reading.device_time() + (m.clockNotSet ? ", not set" : "");
}

v1::Comparator comparatorOf(const profiles::Measurement& m) {
    REQUIRE(m.reading.observations_size() == 1);
    return m.reading.observations(0).comparator();
}

}  // namespace

TEST_CASE("a complete glucose measurement has every field") {
    const auto m = measurement(kMeasurement, full());
    CHECK(m.reading.kind() == "glucose");
    REQUIRE(m.reading.observations_size() == 1);
    CHECK(shown(m, kCapillaryWhole) == "112 mg/dL");
    CHECK(reported(m, kCapillaryWhole) == "");
    CHECK(m.reading.observations(0).mdc() == 160184);
    CHECK(m.reading.observations(0).body_site().code() == "vitalgate:finger");
    CHECK(m.reading.observations(0).comparator() == v1::COMPARATOR_UNSPECIFIED);
    CHECK(m.reading.device_time() == "2026-11-23T09:14:05");
    CHECK(m.deviceTime == LocalDateTime{2026, 11, 23, 9, 14, 5});
    CHECK(m.reading.source().record_number() == 298);
    CHECK(statusOf(m) == std::vector<std::string>{"battery-low"});
    REQUIRE(m.part);
    CHECK(m.part->kind == profiles::Part::Kind::glucose);
    CHECK(m.part->event == "298");
    CHECK(m.part->announced);
    CHECK_FALSE(m.refused);
    CHECK_FALSE(m.clockNotSet);
}

TEST_CASE("every octet short, long or wrong of a glucose measurement is noticed") {
    checkPrefixes(kMeasurement, full());
    checkBitFlips(kMeasurement, full());
    checkTrailing(kMeasurement, full());
}

TEST_CASE("no digit of a concentration is lost on its way to our unit") {
    const auto milligrams = withConcentration("65a4 11");  // 1125 x 10^-6 kg/L
    CHECK(shown(milligrams, kCapillaryWhole) == "112.5 mg/dL");
    CHECK(milligrams.reading.observations(0).value() == 112.5);
    const auto moles = measurement(kMeasurement, octets("06 0100 ea070b17080e05 3ec0 11"));
    CHECK(shown(moles, kCapillaryWhole) == "111.7 mg/dL");
    CHECK(reported(moles, kCapillaryWhole) == "6.2 mmol/L");
    CHECK(moles.reading.observations(0).reported().value() == 6.2);
}

TEST_CASE("the type of the sample chooses the observation") {
    struct Row {
        const char* typeAndLocation;
        std::uint32_t mdc;
    };
    for (const auto& row : {Row{"11", 160184}, Row{"12", 160188}, Row{"13", 160192},
                            Row{"14", 160196}, Row{"15", 160200}, Row{"16", 160204},
                            Row{"17", 160364}, Row{"18", 160368}, Row{"19", 160212}}) {
        CAPTURE(row.typeAndLocation);
        const auto m = withConcentration("70b0" + std::string(row.typeAndLocation));
        REQUIRE(m.reading.observations_size() == 1);
        CHECK(m.reading.observations(0).mdc() == row.mdc);
    }
}

TEST_CASE("a reserved type is refused, a reserved location is no site") {
    for (const auto* type : {"10", "1b", "1f"}) {
        const auto m = withConcentration("70b0" + std::string(type));
        CHECK(m.refused == v1::REFUSED_UNKNOWN_FORMAT);
        CHECK(m.refusedField == "type");
    }
    const auto site = [](std::string_view typeAndLocation) {
        return withConcentration("70b0" + std::string(typeAndLocation))
            .reading.observations(0)
            .body_site()
            .code();
    };
    CHECK(site("21") == "vitalgate:alternate-site");
    CHECK(site("31") == "vitalgate:ear-lobe");
    CHECK(site("f1").empty());
    CHECK(site("01").empty());
    CHECK(site("51").empty());
}

TEST_CASE("a control solution is no patient, by type or by location") {
    for (const auto* typeAndLocation : {"1a", "4a", "41", "fa"}) {
        CAPTURE(typeAndLocation);
        const auto m = withConcentration("70b0" + std::string(typeAndLocation));
        CHECK(m.refused == v1::REFUSED_CONTROL_SOLUTION);
        CHECK(m.reading.kind() == "glucose");
        CHECK(m.reading.observations().empty());
    }
}

TEST_CASE("the person's time is the base time and the offset") {
    CHECK(timeOf("ea070b17080e05 0000") == "2026-11-23T08:14:05");
    CHECK(timeOf("ea070b17080e05 c4ff") == "2026-11-23T07:14:05");
    CHECK(timeOf("ea070c1f173b00 0100") == "2027-01-01T00:00:00");
    CHECK(timeOf("ea070b17080e05 fe7f") == "2026-12-16T02:20:05");
    CHECK(measurement(kMeasurement, octets("00 0100 ea070b17080e05")).reading.device_time() ==
          "2026-11-23T08:14:05");
}

TEST_CASE(
    "a base time that is no date stays as it is, an offset beyond its field tells of a clock") {
    CHECK(timeOf("ea070d17080e05 3c00") == "2026-13-23T08:14:05");
    CHECK(timeOf("00000000000000 3c00") == "0000-00-00T00:00:00");
    CHECK(timeOf("ea070b17080e05 ff7f") == "2026-11-23T08:14:05, not set");
    CHECK(timeOf("ea070b17080e05 0080") == "2026-11-23T08:14:05, not set");
}

TEST_CASE("status bits become words and reserved ones are ignored") {
    struct Row {
        const char* status;
        std::vector<std::string> words;
    };
    for (const auto& row :
         {Row{"0000", {}}, Row{"0100", {"battery-low"}}, Row{"0200", {"sensor-malfunction"}},
          Row{"0400", {"sample-insufficient"}}, Row{"0800", {"strip-insertion-error"}},
          Row{"1000", {"strip-type-incorrect"}}, Row{"2000", {"result-above-range"}},
          Row{"4000", {"result-below-range"}}, Row{"8000", {"temperature-high"}},
          Row{"0001", {"temperature-low"}}, Row{"0002", {"read-interrupted"}},
          Row{"0004", {"device-fault"}}, Row{"0008", {"time-fault"}}, Row{"00f0", {}},
          Row{"8109", {"battery-low", "temperature-high", "temperature-low", "time-fault"}}}) {
        CAPTURE(row.status);
        CHECK(statusOf(withStatus(row.status)) == row.words);
    }
}

TEST_CASE("a fault of sensor, sample or strip leaves no number, other words do") {
    for (const auto* status : {"0200", "0004"}) {
        CHECK(withStatus(status).refused == v1::REFUSED_SENSOR_FAULT);
    }
    for (const auto* status : {"0400", "0800", "1000", "0002", "8000", "0001"}) {
        CHECK(withStatus(status).refused == v1::REFUSED_FAILED);
    }
    for (const auto* status : {"0100", "0008"}) {
        CHECK_FALSE(withStatus(status).refused);
    }
    CHECK(withStatus("0008").clockNotSet);
    CHECK_FALSE(withStatus("0100").clockNotSet);
    CHECK(withStatus("0600").refused == v1::REFUSED_SENSOR_FAULT);
    // Above the range of the meter, and too warm for a valid result.
    CHECK(withStatus("a000").refused == v1::REFUSED_FAILED);
    CHECK(withStatus("8000").reading.observations().empty());
}

TEST_CASE("a result beyond the meter's range is a limit") {
    const auto high = withStatus("2000", "58b2");  // 600 mg/dL
    CHECK(shown(high, kCapillaryWhole) == "600 mg/dL");
    CHECK(comparatorOf(high) == v1::COMPARATOR_ABOVE);
    const auto low = withStatus("4000", "14b0");  // 20 mg/dL
    CHECK(shown(low, kCapillaryWhole) == "20 mg/dL");
    CHECK(comparatorOf(low) == v1::COMPARATOR_BELOW);
    const auto both = withStatus("6000");
    CHECK(both.refused == v1::REFUSED_CONTRADICTORY);
    CHECK(both.refusedField == "status");
}

TEST_CASE("a meter that shows HI or LO is no failure, whatever stands in the place of the number") {
    const auto high = withConcentration("fe07 11");
    CHECK_FALSE(high.refused);
    CHECK(shown(high, kCapillaryWhole) == "ABSENT_POSITIVE_INFINITY");
    CHECK(comparatorOf(high) == v1::COMPARATOR_ABOVE);
    const auto low = withConcentration("0208 11");
    CHECK_FALSE(low.refused);
    CHECK(shown(low, kCapillaryWhole) == "ABSENT_NEGATIVE_INFINITY");
    CHECK(comparatorOf(low) == v1::COMPARATOR_BELOW);
    const auto silent = withStatus("4000", "ff07");
    CHECK_FALSE(silent.refused);
    CHECK(shown(silent, kCapillaryWhole) == "ABSENT_NOT_A_NUMBER");
    CHECK(comparatorOf(silent) == v1::COMPARATOR_BELOW);
    const auto zero = withStatus("4000", "0000");
    CHECK_FALSE(zero.refused);
    CHECK(shown(zero, kCapillaryWhole) == "ABSENT_UNSPECIFIED");
    CHECK(statusOf(zero, kCapillaryWhole) == std::vector<std::string>{"implausible"});
    CHECK(comparatorOf(zero) == v1::COMPARATOR_BELOW);
}

TEST_CASE("without a number the measurement failed, without a concentration it is empty") {
    CHECK(withConcentration("ff07 11").refused == v1::REFUSED_FAILED);
    CHECK(withConcentration("0008 11").refused == v1::REFUSED_FAILED);
    const auto empty = measurement(kMeasurement, octets("00 0100 ea070b17080e05"));
    CHECK(empty.refused == v1::REFUSED_EMPTY);
    const auto faulty = measurement(kMeasurement, octets("08 0100 ea070b17080e05 0200"));
    CHECK(faulty.refused == v1::REFUSED_SENSOR_FAULT);
    CHECK(statusOf(faulty) == std::vector<std::string>{"sensor-malfunction"});
}

TEST_CASE("a concentration that no person has is refused") {
    for (const auto* concentration : {"09b0", "e9b3", "7000", "8fbf"}) {  // 9, 1001, 112 kg/L, -113
        CAPTURE(concentration);
        const auto m = withConcentration(std::string(concentration) + "11");
        CHECK(m.refused == v1::REFUSED_IMPLAUSIBLE);
        CHECK(m.refusedField == "glucose");
    }
}

TEST_CASE("reserved flag bits of a glucose measurement change nothing") {
    auto value = full();
    value[0] |= 0xE0;
    CHECK(measurement(kMeasurement, value).reading.SerializeAsString() ==
          measurement(kMeasurement, full()).reading.SerializeAsString());
}

TEST_CASE(
    "captured from an Accu-Chek Guide: undetermined plasma, the person's clock ten hours off") {
    const auto m = measurement(kMeasurement, octets("1b0400e407070e0b06055a0277b0f80000"));
    CHECK(shown(m, "MDC_CONC_GLU_UNDETERMINED_PLASMA") == "119 mg/dL");
    CHECK(m.reading.device_time() == "2020-07-14T21:08:05");
    CHECK(m.reading.source().record_number() == 4);
    CHECK_FALSE(m.reading.observations(0).has_body_site());
    CHECK(m.part->announced);
}

TEST_CASE("captured from a meter for glucose and ketones") {
    const auto m = measurement(kMeasurement, octets("030000e407030e171700000070b011"));
    CHECK(shown(m, kCapillaryWhole) == "112 mg/dL");
    CHECK(m.reading.device_time() == "2020-03-14T23:23:00");
    CHECK(m.reading.source().record_number() == 0);
    CHECK_FALSE(m.part->announced);
}

TEST_CASE("the feature value names what the meter can notice and may be longer") {
    CHECK(json(kFeature, "0104") == R"({"features":["battery-low-detection","multiple-bonds"]})");
    CHECK(json(kFeature, "0000") == R"({"features":[]})");
    CHECK(json(kFeature, "2000aa") == R"({"features":["result-range-detection"]})");
    checkPrefixes(kFeature, octets("0104"));
}

}  // namespace vitalgate::testing
