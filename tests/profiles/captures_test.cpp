#include "tests/profiles/samples.hpp"

// What real devices sent, as their owners published it.
namespace vitalgate::testing {

TEST_CASE("captured from a Pyle thermometer: tympanum, no time") {
    const auto m = measurement(0x2A1C, octets("04530d00fe09"));
    CHECK(shown(m, "MDC_TEMP_BODY") == "34.11 Cel");
    CHECK(m.reading.observations(0).body_site().code() == "MDC_TEMP_TYMP");
    CHECK_FALSE(m.deviceTime);
    CHECK_FALSE(m.refused);
}

TEST_CASE(
    "captured from a FORA IR20 thermometer: its clock was never set and its type is reserved") {
    const auto m = measurement(0x2A1C, octets("066b0100ffda070102011f0000"));
    CHECK(shown(m, "MDC_TEMP_BODY") == "36.3 Cel");
    CHECK(m.reading.device_time() == "2010-01-02T01:31:00");
    CHECK_FALSE(m.reading.observations(0).has_body_site());
    CHECK_FALSE(m.refused);
}

TEST_CASE(
    "captured from a cuff that showed an error after movement: no value, and no status either") {
    const auto m = measurement(0x2A35, octets("16ff07ff07ff07e80706170e230aff070000"));
    CHECK(m.refused == v1::REFUSED_FAILED);
    CHECK(m.reading.observations().empty());
    CHECK(m.reading.device_time() == "2024-06-23T14:35:10");
    CHECK(m.reading.status().empty());
}

TEST_CASE("captured from a cuff that sets reserved bits and computes no mean") {
    const auto m = measurement(0x2A35, octets("de88f420f3ff07e4070113163700bcf2014401"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, "MDC_PRESS_BLD_NONINV_SYS") == "116.0 mm[Hg]");
    CHECK(shown(m, "MDC_PRESS_BLD_NONINV_DIA") == "80.0 mm[Hg]");
    CHECK(shown(m, "MDC_PRESS_BLD_NONINV_MEAN") == "ABSENT_NOT_A_NUMBER");
    CHECK(shown(m, "MDC_PULS_RATE_NON_INV") == "70.0 /min");
    CHECK(m.reading.device_time() == "2020-01-19T22:55:00");
    CHECK(m.reading.user_slot() == 1);
    CHECK(statusOf(m) == std::vector<std::string>{"irregular-pulse"});
}

TEST_CASE("captured from a Beurer BF720 scale: all fields") {
    const auto m = measurement(0x2A9D, octets("0e783eea07050c12353601ee002607"));
    CHECK_FALSE(m.refused);
    CHECK(shown(m, "MDC_MASS_BODY_ACTUAL") == "79.960 kg");
    CHECK(shown(m, "MDC_RATIO_MASS_BODY_LEN_SQ") == "23.8 kg/m2");
    CHECK(shown(m, "MDC_LEN_BODY_ACTUAL") == "1.830 m");
    CHECK(m.reading.device_time() == "2026-05-12T18:53:54");
    CHECK(m.reading.user_slot() == 1);
}

}  // namespace vitalgate::testing
