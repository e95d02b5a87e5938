#include "adapters/profiles/continuous_glucose.hpp"

#include "adapters/profiles/e2e_crc.hpp"
#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

using profiles::DecodeOptions;
using profiles::withCrc;
using namespace std::chrono_literals;

constexpr auto kGlucose = "MDC_CONC_GLU_ISF";
constexpr auto kTrend = "vitalgate:glucose-trend";
constexpr auto kQuality = "vitalgate:glucose-quality";

Bytes full() {
    return sample({
        {"0d", "size: 13 octets"},
        {"e3", "flags: trend, quality, warning, calibration and temperature, status"},
        {"7800", "120 mg/dL"},
        {"0500", "5 min after the start"},
        {"02", "status: battery low"},
        {"04", "calibration recommended"},
        {"20", "warning: rises too fast"},
        {"0ff0", "1.5 mg/dL/min"},
        {"6200", "98 %"},
    });
}

/// Interstitial fluid, subcutaneous tissue, with CRC.
DecodeOptions withFeature(std::string_view hex = "001000 59 f049") {
    DecodeOptions options;
    options.feature = octets(hex);
    return options;
}

std::vector<profiles::Measurement> records(ByteView value, const DecodeOptions& options = {}) {
    const auto decoded = spec(profiles::kGlucoseRecords).decode(value, options);
    if (!decoded) FAIL(decoded.error().message);
    REQUIRE(std::holds_alternative<std::vector<profiles::Measurement>>(*decoded));
    return std::get<std::vector<profiles::Measurement>>(*decoded);
}

profiles::Measurement record(std::string_view hex, const DecodeOptions& options = {}) {
    const auto all = records(octets(hex), options);
    REQUIRE(all.size() == 1);
    return all.front();
}

profiles::DecodeError recordError(std::string_view hex, const DecodeOptions& options = {}) {
    return decodeError(profiles::kGlucoseRecords, octets(hex), options);
}

std::vector<std::string> words(std::initializer_list<std::string> list) {
    return list;
}

}  // namespace

TEST_CASE("a complete record of continuous glucose has every field") {
    const auto m = record(toHex(full()));
    CHECK(m.reading.kind() == "glucose-continuous");
    CHECK_FALSE(m.refused);
    CHECK(m.reading.observations_size() == 3);
    CHECK(shown(m, kGlucose) == "120 mg/dL");
    CHECK(m.reading.observations(0).mdc() == 160212);
    CHECK(m.reading.observations(0).loinc() == "99504-3");
    CHECK(shown(m, kTrend) == "1.5 mg/dL/min");
    CHECK(shown(m, kQuality) == "98 %");
    CHECK(statusOf(m) == words({"battery-low", "calibration-recommended", "rise-rate-exceeded"}));
    CHECK(m.sessionMinutes == 5);
    CHECK(m.reading.source().record_number() == 5);
    CHECK_FALSE(m.deviceTime);
    CHECK_FALSE(m.continuous);
    REQUIRE(m.embedded);
    CHECK(m.embedded->characteristic == 0x2AA7);
    CHECK(m.embedded->payload == full());
    CHECK(m.reading.observations(0).comparator() == v1::COMPARATOR_UNSPECIFIED);
}

TEST_CASE("the shortest record has concentration and time offset alone") {
    const auto m = record("06 00 7800 ffff");
    CHECK(shown(m, kGlucose) == "120 mg/dL");
    CHECK(m.sessionMinutes == 65535);
    CHECK(m.reading.observations_size() == 1);
    CHECK(m.reading.status().empty());
}

TEST_CASE("status, calibration and warning come in this order, each with its own flag") {
    CHECK(statusOf(record("07 80 7800 0500 01")) == words({"session-stopped"}));
    CHECK(statusOf(record("07 40 7800 0500 08")) == words({"calibration-required"}));
    CHECK(statusOf(record("07 20 7800 0500 04")) == words({"below-hypo"}));
    // Two of three: the low flag (warning, b5) is the last octet.
    CHECK(statusOf(record("08 a0 7800 0500 0201")) == words({"battery-low", "below-patient-low"}));
    CHECK(statusOf(record("08 60 7800 0500 0201")) ==
          words({"calibration-not-allowed", "below-patient-low"}));
}

TEST_CASE("a value holds several records, and each keeps its own octets") {
    const auto all = records(octets("06 00 7800 0500  06 00 7900 0a00  07 80 7a00 0f00 02"));
    REQUIRE(all.size() == 3);
    CHECK(shown(all[0], kGlucose) == "120 mg/dL");
    CHECK(shown(all[1], kGlucose) == "121 mg/dL");
    CHECK(shown(all[2], kGlucose) == "122 mg/dL");
    CHECK(all[1].sessionMinutes == 10);
    CHECK(toHex(all[1].embedded->payload) == "060079000a00");
    CHECK(toHex(all[2].embedded->payload) == "07807a000f0002");
    CHECK(statusOf(all[2]) == words({"battery-low"}));
    CHECK_FALSE(all[2].refused);
}

TEST_CASE("every octet short of a record is noticed") {
    checkPrefixes(profiles::kGlucoseRecords, full());
    // A prefix that ends with a record is a value.
    checkPrefixes(profiles::kGlucoseRecords, octets("06 00 7800 0500 06 00 7900 0a00"), {6});
}

TEST_CASE("what follows the last record must be a record") {
    // One octet more is the size of a record that is not there.
    auto value = full();
    value.push_back(6);
    CHECK(decodeError(profiles::kGlucoseRecords, value).reason == v1::REFUSED_TRUNCATED);
    value.resize(600, 0);
    CHECK(decodeError(profiles::kGlucoseRecords, value).reason == v1::REFUSED_MALFORMED);
}

TEST_CASE("more records than an attribute holds are refused") {
    Bytes value;
    for (int i = 0; i < 86; ++i) {
        const auto one = octets("06 00 7800 0500");
        value.insert(value.end(), one.begin(), one.end());
    }
    CHECK(value.size() == 516);
    CHECK(decodeError(profiles::kGlucoseRecords, value).reason == v1::REFUSED_MALFORMED);
    value.resize(510);
    CHECK(records(value).size() == 85);
}

TEST_CASE("a single wrong bit of a record gives nothing that may not be believed") {
    checkBitFlips(profiles::kGlucoseRecords, full());
    checkBitFlips(profiles::kGlucoseRecords, octets("06 00 fe07 0500 07 20 9001 0500 80"));
}

TEST_CASE("a size that the flags do not demand is malformed") {
    const auto error = recordError("07 00 7800 0500 01");
    CHECK(error.reason == v1::REFUSED_MALFORMED);
    CHECK(error.field == "size");
    CHECK(error.octet == 0);
    CHECK(recordError("06 80 7800 0500").field == "size");
    CHECK(recordError("00 00 7800 0500").field == "size");
    const auto second = recordError("06 00 7800 0500 07 00 7800 0500 01");
    CHECK(second.field == "size");
    CHECK(second.octet == 6);
}

TEST_CASE("a size beyond the value is truncated") {
    const auto error = recordError("06 00 7800 0500 06 00 7800");
    CHECK(error.reason == v1::REFUSED_TRUNCATED);
    CHECK(error.octet == 6);
    CHECK(error.message == "record: needs octets 6 to 11, the value has only 10 octets");
}

TEST_CASE("a record with the right CRC is believed") {
    const auto value = octets("0f e3 7800 0500 02 04 20 0ff0 6200");
    const auto m = record(toHex(withCrc(value)), withFeature());
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kGlucose) == "120 mg/dL");
    CHECK(m.reading.observations(0).body_site().code() == "vitalgate:subcutaneous-tissue");
    CHECK(m.embedded->payload == withCrc(value));
}

TEST_CASE("a record with a wrong CRC is refused, and those beside it stay") {
    auto value = withCrc(octets("08 00 7800 0500"));
    const auto wrong = octets("08 00 7900 0a00 0000");
    value.insert(value.end(), wrong.begin(), wrong.end());
    const auto third = withCrc(octets("08 00 7a00 0f00"));
    value.insert(value.end(), third.begin(), third.end());
    const auto all = records(value, withFeature());
    REQUIRE(all.size() == 3);
    CHECK(shown(all[0], kGlucose) == "120 mg/dL");
    CHECK(all[1].refused == v1::REFUSED_CHECKSUM);
    CHECK(all[1].refusedField == "E2E-CRC");
    CHECK_FALSE(all[1].sessionMinutes);
    CHECK_FALSE(all[1].reading.has_source());
    CHECK(toHex(all[1].embedded->payload) == "080079000a000000");
    CHECK(shown(all[2], kGlucose) == "122 mg/dL");
}

TEST_CASE("with a CRC every single wrong bit is refused") {
    auto value = withCrc(octets("0f e3 7800 0500 02 04 20 0ff0 6200"));
    for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
        CAPTURE(bit);
        const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
        value[bit / 8] ^= mask;
        const auto decoded = spec(profiles::kGlucoseRecords).decode(value, withFeature());
        if (decoded) {
            const auto& all = std::get<std::vector<profiles::Measurement>>(*decoded);
            REQUIRE(all.size() == 1);
            CHECK(all[0].refused == v1::REFUSED_CHECKSUM);
        }
        value[bit / 8] ^= mask;
    }
}

TEST_CASE("whether there is a CRC is in the feature value alone") {
    const auto value = toHex(withCrc(octets("08 00 7800 0500")));
    CHECK(recordError(value).field == "size");
    CHECK(recordError("06 00 7800 0500", withFeature()).field == "size");
    // b12 clear; and a feature value whose own CRC is wrong says nothing.
    CHECK(shown(record("06 00 7800 0500", withFeature("000000 59 ffff")), kGlucose) == "120 mg/dL");
    CHECK(shown(record("06 00 7800 0500", withFeature("001000 59 0000")), kGlucose) == "120 mg/dL");
}

TEST_CASE("the type of the feature value says what was measured") {
    const auto code = [](std::string_view feature) {
        return record("06 00 7800 0500", withFeature(feature)).reading.observations(0).code();
    };
    CHECK(code("000000 11 ffff") == "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD");
    CHECK(code("000000 02 ffff") == "MDC_CONC_GLU_CAPILLARY_PLASMA");
    CHECK(code("000000 03 ffff") == "MDC_CONC_GLU_VENOUS_WHOLEBLOOD");
    CHECK(code("000000 04 ffff") == "MDC_CONC_GLU_VENOUS_PLASMA");
    CHECK(code("000000 05 ffff") == "MDC_CONC_GLU_ARTERIAL_WHOLEBLOOD");
    CHECK(code("000000 06 ffff") == "MDC_CONC_GLU_ARTERIAL_PLASMA");
    CHECK(code("000000 07 ffff") == "MDC_CONC_GLU_UNDETERMINED_WHOLEBLOOD");
    CHECK(code("000000 08 ffff") == "MDC_CONC_GLU_UNDETERMINED_PLASMA");
    CHECK(code("000000 09 ffff") == kGlucose);
    CHECK(record("06 00 7800 0500").reading.observations(0).code() == kGlucose);
}

TEST_CASE("a reserved type of the feature value is refused, not taken for another") {
    for (const auto* feature : {"000000 00 ffff", "000000 0b ffff", "000000 0f ffff"}) {
        CAPTURE(feature);
        const auto m = record("06 00 7800 0500", withFeature(feature));
        CHECK(m.refused == v1::REFUSED_UNKNOWN_FORMAT);
        CHECK(m.refusedField == "type");
        CHECK(m.reading.observations().empty());
        CHECK(m.sessionMinutes == 5);
    }
}

TEST_CASE("the location of the feature value is the body site") {
    const auto site = [](std::string_view feature) {
        return record("06 00 7800 0500", withFeature(feature))
            .reading.observations(0)
            .body_site()
            .code();
    };
    CHECK(site("000000 19 ffff") == "vitalgate:finger");
    CHECK(site("000000 59 ffff") == "vitalgate:subcutaneous-tissue");
    CHECK(site("000000 f9 ffff") == "");
    CHECK(site("000000 09 ffff") == "");
    CHECK(site("000000 69 ffff") == "");
    const auto m = record("0a 03 7800 0500 0ff0 6200", withFeature("000000 59 ffff"));
    REQUIRE(m.reading.observations_size() == 3);
    CHECK(m.reading.observations(1).body_site().code() == "vitalgate:subcutaneous-tissue");
}

TEST_CASE("a control solution is no patient") {
    for (const auto* feature : {"000000 4a ffff", "000000 5a ffff", "000000 49 ffff"}) {
        CAPTURE(feature);
        const auto m = record("06 00 7800 0500", withFeature(feature));
        CHECK(m.refused == v1::REFUSED_CONTROL_SOLUTION);
        CHECK(m.reading.observations().empty());
    }
}

TEST_CASE("a faulty sensor gives no glucose") {
    for (const auto* hex : {"07 80 7800 0500 04", "07 80 7800 0500 08", "07 80 7800 0500 20"}) {
        CAPTURE(hex);
        const auto m = record(hex);
        CHECK(m.refused == v1::REFUSED_SENSOR_FAULT);
        CHECK(m.refusedField == "status");
        CHECK(m.reading.status_size() == 1);
    }
    CHECK_FALSE(record("07 80 7800 0500 12").refused);
    CHECK_FALSE(record("07 40 7800 0500 cf").refused);
}

TEST_CASE("what a sensor shows while its session is stopped is no glucose") {
    const auto m = record("07 80 7800 0500 01");
    CHECK(m.refused == v1::REFUSED_UNAVAILABLE);
    CHECK(m.refusedField == "status");
    CHECK(m.reading.observations().empty());
    CHECK(record("07 80 7800 0500 13").refused == v1::REFUSED_UNAVAILABLE);
    CHECK(record("07 80 7800 0500 09").refused == v1::REFUSED_SENSOR_FAULT);
}

TEST_CASE("a sensor too warm or too cold for a valid result gives none") {
    for (const auto* octet : {"10", "20", "30", "ff"}) {
        CAPTURE(octet);
        const auto m = record("07 40 7800 0500" + std::string(octet));
        CHECK(m.refused == v1::REFUSED_FAILED);
        CHECK(m.refusedField == "calibration and temperature");
    }
    CHECK(statusOf(record("07 40 7800 0500 30")) == words({"temperature-high", "temperature-low"}));
}

TEST_CASE("without a number there is no glucose, whatever stands beside it") {
    CHECK(record("06 00 ff07 0500").refused == v1::REFUSED_FAILED);
    CHECK(record("0a 03 ff07 0500 0ff0 6200").refused == v1::REFUSED_FAILED);
    CHECK(record("06 00 0008 0500").refused == v1::REFUSED_FAILED);
    CHECK(record("06 00 0108 0500").refused == v1::REFUSED_FAILED);
    CHECK(record("06 00 ff07 0500").refusedField == "concentration");
}

TEST_CASE("beyond the range of the device is a result, with or without a number") {
    const auto high = record("06 00 fe07 0500");
    CHECK_FALSE(high.refused);
    CHECK(shown(high, kGlucose) == "ABSENT_POSITIVE_INFINITY");
    CHECK(high.reading.observations(0).comparator() == v1::COMPARATOR_ABOVE);
    const auto low = record("06 00 0208 0500");
    CHECK(shown(low, kGlucose) == "ABSENT_NEGATIVE_INFINITY");
    CHECK(low.reading.observations(0).comparator() == v1::COMPARATOR_BELOW);
    const auto above = record("07 20 9001 0500 80");
    CHECK(shown(above, kGlucose) == "400 mg/dL");
    CHECK(above.reading.observations(0).comparator() == v1::COMPARATOR_ABOVE);
    CHECK(statusOf(above) == words({"result-above-range"}));
    const auto below = record("07 20 2800 0500 40");
    CHECK(shown(below, kGlucose) == "40 mg/dL");
    CHECK(below.reading.observations(0).comparator() == v1::COMPARATOR_BELOW);
    // Some number has to stand there; 0 is none of a person, and "below" is still true.
    const auto nothing = record("07 20 0000 0500 40");
    CHECK_FALSE(nothing.refused);
    CHECK(shown(nothing, kGlucose) == "ABSENT_UNSPECIFIED");
    CHECK(nothing.reading.observations(0).comparator() == v1::COMPARATOR_BELOW);
}

TEST_CASE("above and below the range at once is a contradiction") {
    const auto m = record("07 20 7800 0500 c0");
    CHECK(m.refused == v1::REFUSED_CONTRADICTORY);
    CHECK(m.refusedField == "warning");
}

TEST_CASE("a concentration that no person has is refused") {
    CHECK(record("06 00 0900 0500").refused == v1::REFUSED_IMPLAUSIBLE);
    CHECK(record("06 00 0a00 0500").refused == std::nullopt);
    CHECK(record("06 00 6810 0500").refused == v1::REFUSED_IMPLAUSIBLE);
}

TEST_CASE("an odd trend or quality does not touch the glucose") {
    const auto m = record("0a 03 7800 0500 6400 9600");
    CHECK(shown(m, kGlucose) == "120 mg/dL");
    CHECK(shown(m, kTrend) == "ABSENT_UNSPECIFIED");
    CHECK(statusOf(m, kQuality) == words({"implausible"}));
    const auto none = record("0a 03 7800 0500 ff07 0008");
    CHECK(shown(none, kTrend) == "ABSENT_NOT_A_NUMBER");
    CHECK(shown(none, kQuality) == "ABSENT_NOT_AT_THIS_RESOLUTION");
}

TEST_CASE("reserved bits of a record change nothing") {
    CHECK(record("06 1c 7800 0500").reading.SerializeAsString() ==
          record("06 00 7800 0500").reading.SerializeAsString());
    CHECK(record("08 c0 7800 0500 c0 c0").reading.SerializeAsString() ==
          record("06 00 7800 0500").reading.SerializeAsString());
}

TEST_CASE("records are described in their order") {
    CHECK(
        json(profiles::kGlucoseRecords, "06 00 7800 0500 06 00 ff07 0a00") ==
        R"({"measurements":[{"sessionMinutes":5,"kind":"glucose-continuous","observations":[{"code":"MDC_CONC_GLU_ISF",)"
        R"("mdc":160212,"loinc":"99504-3","value":120,"unit":"mg/dL"}],"source":{"recordNumber":5}},)"
        R"({"refused":"failed","field":"concentration","sessionMinutes":10,"kind":"glucose-continuous","source":{"recordNumber":10}}]})");
}

TEST_CASE("the feature value says what the sensor can do, and where it sits") {
    CHECK(
        json(profiles::kGlucoseFeature, "001000 59 f049") ==
        R"({"features":["e2e-crc"],"type":"interstitial-fluid","location":"subcutaneous-tissue"})");
    CHECK(json(profiles::kGlucoseFeature, "01e001 0b ffff") ==
          R"({"features":["calibration","multiple-bonds","multiple-sessions","trend","quality"],)"
          R"("type":"unknown","location":"unknown"})");
    const auto feature = profiles::glucoseFeature(octets("015000 59 e5b3"));
    CHECK_FALSE(feature);
    const auto right = profiles::glucoseFeature(withCrc(octets("015000 59")));
    REQUIRE(right);
    CHECK(right->hasCrc);
    CHECK(right->knowsCalibration);
    CHECK(right->hasSessions);
    CHECK(right->type == 9);
    CHECK(right->location == 5);
    CHECK_FALSE(profiles::glucoseFeature(octets("000000 59 1234"))->hasCrc);
    CHECK_FALSE(profiles::glucoseFeature(octets("000000 59")));
    CHECK_FALSE(profiles::glucoseFeature({}));
}

TEST_CASE("every octet short or wrong of the feature value is noticed") {
    checkPrefixes(profiles::kGlucoseFeature, octets("00100059f049"));
    checkTrailing(profiles::kGlucoseFeature, octets("00000059ffff"));
    auto value = octets("00100059f049");
    const auto error = decodeError(profiles::kGlucoseFeature, octets("00100059f04a"));
    CHECK(error.reason == v1::REFUSED_CHECKSUM);
    CHECK(error.octet == 4);
    checkBitFlips(profiles::kGlucoseFeature, value);
}

TEST_CASE("the session status has always three octets") {
    CHECK(
        json(profiles::kGlucoseStatus, "0a00 01 0c 80") ==
        R"({"sessionMinutes":10,"status":["session-stopped","calibration-recommended","calibration-required","result-above-range"]})");
    const auto status = profiles::decodeSessionStatus(octets("0a00 000000 207c"), true);
    REQUIRE(status);
    CHECK(status->minutes == 10);
    CHECK_FALSE(status->stopped);
    CHECK(status->words.empty());
    CHECK(profiles::decodeSessionStatus(octets("0a00 010000"), false)->stopped);
    CHECK(profiles::decodeSessionStatus(octets("0a00 000000 0000"), true).error().reason ==
          v1::REFUSED_CHECKSUM);
    CHECK(profiles::decodeSessionStatus(octets("0a00 000000"), true).error().reason ==
          v1::REFUSED_TRUNCATED);
    CHECK(profiles::decodeSessionStatus(octets("0a00 000000 207c"), false).error().reason ==
          v1::REFUSED_MALFORMED);
    checkPrefixes(profiles::kGlucoseStatus, octets("0a00010c80"));
    checkTrailing(profiles::kGlucoseStatus, octets("0a00010c80"));
}

TEST_CASE("the session start is local time with its offset") {
    const auto start = profiles::decodeSessionStart(octets("ea070b17080e05 04 04"), false);
    REQUIRE(start);
    CHECK(start->time.text() == "2026-11-23T08:14:05");
    CHECK(start->utcOffset == 120min);
    CHECK_FALSE(profiles::decodeSessionStart(octets("ea070b17080e05 80 04"), false)->utcOffset);
    CHECK_FALSE(profiles::decodeSessionStart(octets("ea070b17080e05 04 ff"), false)->utcOffset);
    CHECK(json(profiles::kGlucoseSessionStart, "ea070b17080e05 04 00") ==
          R"({"sessionStart":"2026-11-23T08:14:05","utcOffsetMin":60})");
    CHECK(json(profiles::kGlucoseSessionStart, "00000000000000 80 ff") ==
          R"({"sessionStart":"0000-00-00T00:00:00","utcOffsetMin":"unknown"})");
    checkPrefixes(profiles::kGlucoseSessionStart, octets("ea070b17080e050400"));
    checkTrailing(profiles::kGlucoseSessionStart, octets("ea070b17080e050400"));
}

TEST_CASE("a session start is written as it is read") {
    const LocalDateTime time{2026, 11, 23, 8, 14, 5};
    CHECK(toHex(profiles::encodeSessionStart(time, 60min, 60min, false)) == "ea070b17080e050404");
    CHECK(toHex(profiles::encodeSessionStart(time, 60min, 60min, true)) ==
          "ea070b17080e050404d327");
    CHECK(toHex(profiles::encodeSessionStart(time, -210min, 0min, false)) == "ea070b17080e05f200");
    // What the format cannot say.
    CHECK(toHex(profiles::encodeSessionStart(time, 67min, 45min, false)) == "ea070b17080e0580ff");
    CHECK(toHex(profiles::encodeSessionStart(time, 855min, 0min, false)) == "ea070b17080e058000");
    const auto again = profiles::decodeSessionStart(
        profiles::encodeSessionStart(time, -720min, 30min, true), true);
    REQUIRE(again);
    CHECK(again->time == time);
    CHECK(again->utcOffset == -690min);
}

TEST_CASE("the run time is in hours") {
    CHECK(json(profiles::kGlucoseRunTime, "5001") == R"({"runTimeHours":336})");
    CHECK(profiles::decodeRunTime(octets("5001"), false) == std::chrono::hours{336});
    CHECK(profiles::decodeRunTime(octets("5001 c632"), true) == std::chrono::hours{336});
    CHECK(profiles::decodeRunTime(octets("5001 c633"), true).error().reason ==
          v1::REFUSED_CHECKSUM);
    CHECK(json(profiles::kGlucoseRunTime, "5001c632", withFeature()) == R"({"runTimeHours":336})");
    checkPrefixes(profiles::kGlucoseRunTime, octets("5001"));
    checkTrailing(profiles::kGlucoseRunTime, octets("5001"));
}

}  // namespace vitalgate::testing
