#include "adapters/profiles/glucose_control_point.hpp"

#include <array>

#include "adapters/profiles/e2e_crc.hpp"
#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

using profiles::GlucoseCalibration;
using profiles::GlucoseLimit;
using profiles::withCrc;

constexpr auto kControlPoint = profiles::kGlucoseControlPoint;
constexpr std::array kAllLimits{GlucoseLimit::patientHigh, GlucoseLimit::patientLow,
                                GlucoseLimit::hypo,        GlucoseLimit::hyper,
                                GlucoseLimit::fallRate,    GlucoseLimit::riseRate};

GlucoseCalibration calibration() {
    GlucoseCalibration said;
    said.concentration = profiles::Decimal{110, 0};
    said.sampledMinutes = 60;
    said.type = 1;
    said.location = 1;
    said.nextMinutes = 1500;
    return said;
}

/// Answer with the calibration of record 3, which the device has not applied yet.
Bytes calibrationAnswer() {
    return sample({
        {"06", "op code: calibration"},
        {"6e00", "110 mg/dL"},
        {"3c00", "60 min after the start"},
        {"11", "capillary whole blood, finger"},
        {"dc05", "next one 1500 min after the start"},
        {"0300", "record 3"},
        {"04", "pending"},
    });
}

profiles::GlucoseAnswer answer(std::string_view hex, bool hasCrc = false) {
    const auto decoded = profiles::decodeGlucoseAnswer(octets(hex), hasCrc);
    if (!decoded) FAIL(decoded.error().message);
    return *decoded;
}

profiles::DecodeError answerError(std::string_view hex, bool hasCrc = false) {
    const auto decoded = profiles::decodeGlucoseAnswer(octets(hex), hasCrc);
    REQUIRE_FALSE(decoded);
    return decoded.error();
}

}  // namespace

TEST_CASE("requests without a CRC") {
    CHECK(toHex(profiles::getGlucoseInterval(false)) == "02");
    CHECK(toHex(profiles::setGlucoseInterval(5, false)) == "0105");
    CHECK(toHex(profiles::getGlucoseCalibration(3, false)) == "050300");
    CHECK(toHex(profiles::getGlucoseCalibration(profiles::kLatestCalibration, false)) == "05ffff");
    CHECK(toHex(profiles::resetGlucoseAlert(false)) == "19");
    CHECK(toHex(profiles::startGlucoseSession(false)) == "1a");
    CHECK(toHex(profiles::stopGlucoseSession(false)) == "1b");
}

TEST_CASE("requests with a CRC") {
    CHECK(toHex(profiles::startGlucoseSession(true)) == "1a5cb0");
    CHECK(toHex(profiles::getGlucoseInterval(true)) == "02952c");
    CHECK(profiles::setGlucoseInterval(5, true) == withCrc(octets("0105")));
    CHECK(*profiles::setGlucoseLimit(GlucoseLimit::hypo, {55, 0}, true) ==
          withCrc(octets("0d3700")));
}

TEST_CASE("each limit has its three op codes") {
    const std::array sets{"076400", "0a6400", "0d6400", "106400", "136400", "166400"};
    const std::array gets{"08", "0b", "0e", "11", "14", "17"};
    const std::array answers{"096400", "0c6400", "0f6400", "126400", "156400", "186400"};
    const std::array words{"patient-high", "patient-low", "hypo",
                           "hyper",        "fall-rate",   "rise-rate"};
    for (std::size_t i = 0; i < kAllLimits.size(); ++i) {
        CAPTURE(i);
        CHECK(toHex(*profiles::setGlucoseLimit(kAllLimits[i], {100, 0}, false)) == sets[i]);
        CHECK(toHex(profiles::getGlucoseLimit(kAllLimits[i], false)) == gets[i]);
        const auto said = answer(answers[i]);
        CHECK(said.limit == kAllLimits[i]);
        REQUIRE(said.limitValue);
        CHECK((*said.limitValue)->value == 100);
        CHECK(said.operation == octets(gets[i])[0]);
        CHECK(said.code == profiles::kGlucoseSuccess);
        CHECK(profiles::glucoseLimitWord(kAllLimits[i]) == words[i]);
    }
}

TEST_CASE("a rate keeps its digits") {
    CHECK(toHex(*profiles::setGlucoseLimit(GlucoseLimit::fallRate, {-2.5, 1}, false)) == "13e7ff");
    CHECK(toHex(*profiles::setGlucoseLimit(GlucoseLimit::riseRate, {3, 1}, false)) == "161ef0");
}

TEST_CASE("a limit that the format cannot say is not sent") {
    CHECK_FALSE(profiles::setGlucoseLimit(GlucoseLimit::patientHigh, {2047, 0}, false));
    CHECK_FALSE(profiles::setGlucoseLimit(GlucoseLimit::patientHigh, {123.456, 3}, false));
    CHECK(profiles::setGlucoseLimit(GlucoseLimit::patientHigh, {2050, 0}, false) ==
          octets("07cd10"));
}

TEST_CASE("a calibration is written in the layout of the answer") {
    CHECK(toHex(*profiles::setGlucoseCalibration(calibration(), false)) ==
          "046e003c0011dc05000000");
    CHECK(*profiles::setGlucoseCalibration(calibration(), true) ==
          withCrc(octets("046e003c0011dc05000000")));
    auto none = calibration();
    none.concentration = std::unexpected(v1::ABSENT_NOT_A_NUMBER);
    CHECK_FALSE(profiles::setGlucoseCalibration(none, false));
}

TEST_CASE("the answer with a calibration has every field") {
    const auto said = answer(toHex(calibrationAnswer()));
    CHECK(said.operation == 5);
    REQUIRE(said.calibration);
    REQUIRE(said.calibration->concentration);
    CHECK(said.calibration->concentration->value == 110);
    CHECK(said.calibration->sampledMinutes == 60);
    CHECK(said.calibration->type == 1);
    CHECK(said.calibration->location == 1);
    CHECK(said.calibration->nextMinutes == 1500);
    CHECK(said.calibration->record == 3);
    CHECK_FALSE(said.calibration->isRejected);
    CHECK_FALSE(said.calibration->isOutOfRange);
    CHECK(said.calibration->isPending);
}

TEST_CASE("answers") {
    CHECK(answer("03 05").intervalMinutes == 5);
    CHECK(answer("03 05").operation == 2);
    CHECK(answer("1c 1a 01").operation == 26);
    CHECK(answer("1c 1a 01").code == profiles::kGlucoseSuccess);
    CHECK(answer("1c 1a 04").code == 4);
    CHECK(answer("1c 1a 01 6d60", true).operation == 26);
    CHECK_FALSE(answer("1c 1a 01").intervalMinutes);
    CHECK_FALSE(answer("1c 1a 01").limit);
    CHECK((*answer("09 fe07").limitValue).error() == v1::ABSENT_POSITIVE_INFINITY);
}

TEST_CASE("what is no answer is refused") {
    CHECK(answerError("02").field == "op code");
    CHECK(answerError("1d").reason == v1::REFUSED_MALFORMED);
    CHECK(answerError("00").reason == v1::REFUSED_MALFORMED);
    CHECK(answerError("08").field == "op code");
    CHECK(answerError("").reason == v1::REFUSED_TRUNCATED);
    CHECK(answerError("1c 1a").field == "response code");
    CHECK(answerError("1c 1a 01 00").field == "end");
    CHECK(answerError("1c 1a 01", true).field == "E2E-CRC");
    CHECK(answerError("1c 1a 01 6d61", true).reason == v1::REFUSED_CHECKSUM);
}

TEST_CASE("op codes and response codes have words") {
    CHECK(profiles::glucoseOperationWord(1) == "set-interval");
    CHECK(profiles::glucoseOperationWord(24) == "rise-rate");
    CHECK(profiles::glucoseOperationWord(26) == "start-session");
    CHECK(profiles::glucoseOperationWord(28) == "answer");
    CHECK(profiles::glucoseOperationWord(29) == "unknown");
    CHECK(profiles::glucoseAnswerWord(2) == "unsupported");
    CHECK(profiles::glucoseAnswerWord(3) == "invalid-operand");
    CHECK(profiles::glucoseAnswerWord(4) == "not-completed");
    CHECK(profiles::glucoseAnswerWord(5) == "out-of-range");
    CHECK(profiles::glucoseAnswerWord(6) == "unknown");
}

TEST_CASE("requests and answers of the control point are named fields") {
    CHECK(json(kControlPoint, "0105") == R"({"operation":"set-interval","intervalMin":5})");
    CHECK(json(kControlPoint, "02") == R"({"operation":"get-interval"})");
    CHECK(json(kControlPoint, "050300") == R"({"operation":"get-calibration","record":3})");
    CHECK(json(kControlPoint, toHex(calibrationAnswer())) ==
          R"({"operation":"calibration","concentrationMgDl":110,"sampledMin":60,)"
          R"("type":"capillary-whole-blood","location":"finger","nextMin":1500,"record":3,)"
          R"("status":["pending"]})");
    CHECK(json(kControlPoint, "07f000") == R"({"operation":"set-patient-high","limitMgDl":240})");
    CHECK(json(kControlPoint, "0e") == R"({"operation":"get-hypo"})");
    CHECK(json(kControlPoint, "15e7ff") == R"({"operation":"fall-rate","limitMgDlMin":-2.5})");
    CHECK(json(kControlPoint, "1a") == R"({"operation":"start-session"})");
    CHECK(json(kControlPoint, "1c1a01") ==
          R"({"operation":"answer","requested":"start-session","answer":"success"})");
    CHECK(json(kControlPoint, "4401020304") == R"({"operation":"unknown"})");
    profiles::DecodeOptions options;
    options.feature = octets("001000 59 f049");
    CHECK(json(kControlPoint, "1c1a016d60", options) ==
          R"({"operation":"answer","requested":"start-session","answer":"success"})");
    CHECK(decodeError(kControlPoint, octets("1c1a016d61"), options).reason == v1::REFUSED_CHECKSUM);
    CHECK(json(kControlPoint, toHex(withCrc(octets("440102"))), options) ==
          R"({"operation":"unknown"})");
}

TEST_CASE("every octet short or wrong of the control point is noticed") {
    for (const auto& value : {octets("0105"), octets("050300"), octets("07f000"), octets("1c1a01"),
                              calibrationAnswer()}) {
        checkPrefixes(kControlPoint, value);
        checkBitFlips(kControlPoint, value);
        checkTrailing(kControlPoint, value);
    }
}

}  // namespace vitalgate::testing
