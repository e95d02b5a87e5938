#include "gateway/cli/format.hpp"

#include <doctest/doctest.h>

#include "gateway/cli/format_values.hpp"
#include "gateway/codes/codes.hpp"

using namespace vitalgate;
using namespace vitalgate::cli;

namespace {

Formatter prague() {
    Labels labels;
    labels.devices = {{"cuff", "Upper arm cuff"}, {"strap", "strap"}};
    labels.people = {{"p-4711", "Anna"}, {"p-4712", "Josef"}};
    return {labels, *TimeZone::find("Europe/Prague")};
}

void add(v1::Reading& reading, const char* code, double value, const char* unit,
         std::uint32_t decimals) {
    auto& observation = *reading.add_observations();
    observation.set_code(code);
    observation.set_value(value);
    observation.set_unit(unit);
    observation.set_decimals(decimals);
}

void setTime(v1::Reading& reading, const char* measured, const char* received,
             v1::TimeBasis basis) {
    toTimestamp(*parseUtc(measured), *reading.mutable_measured());
    toTimestamp(*parseUtc(received), *reading.mutable_received()->mutable_time());
    reading.set_time_basis(basis);
}

v1::Reading bloodPressure() {
    v1::Reading reading;
    reading.set_device("cuff");
    reading.set_kind("blood-pressure");
    reading.mutable_type()->set_code("MDC_PRESS_BLD_NONINV");
    setTime(reading, "2026-11-23T07:14:05Z", "2026-11-23T07:14:09Z", v1::TIME_DEVICE);
    add(reading, "MDC_PRESS_BLD_NONINV_SYS", 128, "mm[Hg]", 0);
    add(reading, "MDC_PRESS_BLD_NONINV_DIA", 82, "mm[Hg]", 0);
    add(reading, "MDC_PRESS_BLD_NONINV_MEAN", 97, "mm[Hg]", 0);
    add(reading, "MDC_PULS_RATE_NON_INV", 71, "/min", 0);
    reading.set_subject("p-4711");
    reading.set_user_slot(1);
    reading.add_status("irregular-pulse");
    return reading;
}

v1::Reading single(const char* kind, const char* code, double value, const char* unit,
                   std::uint32_t decimals) {
    v1::Reading reading;
    reading.set_device("thermometer");
    reading.set_kind(kind);
    setTime(reading, "2026-11-23T07:14:05Z", "2026-11-23T07:14:09Z", v1::TIME_DEVICE);
    add(reading, code, value, unit, decimals);
    return reading;
}

void addCoded(v1::Reading& reading, const char* code, const char* result) {
    auto& observation = *reading.add_observations();
    observation.set_code(code);
    observation.mutable_coded()->add_codes()->set_code(result);
}

v1::Reading glucose(double value) {
    return single("glucose", "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD", value, "mg/dL", 0);
}

v1::Event eventAt(const char* time) {
    v1::Event event;
    toTimestamp(*parseUtc(time), *event.mutable_occurred()->mutable_time());
    return event;
}

}  // namespace

TEST_CASE("the header stands over the columns") {
    CHECK(
        prague().header() ==
        "MEASURED              DEVICE          WHAT              PERSON  VALUES                   "
        "                   REMARKS");
}

TEST_CASE("a blood pressure is one line with local time, labels and remarks") {
    CHECK(prague().reading(bloodPressure()) ==
          "08:14:05              Upper arm cuff  blood pressure    Anna    128/82 mmHg, mean 97 "
          "mmHg, pulse 71 /min    irregular pulse");
}

TEST_CASE("how the time was found stands in brackets unless it is the device's") {
    auto reading = bloodPressure();
    reading.set_time_basis(v1::TIME_CORRECTED);
    CHECK(prague().reading(reading).starts_with("08:14:05 (corrected)  Upper"));
    reading.set_time_basis(v1::TIME_RECEIVED);
    CHECK(prague().reading(reading).starts_with("08:14:05 (received)   Upper"));
}

TEST_CASE("a reading of another day shows its date, in local time") {
    auto reading = bloodPressure();
    setTime(reading, "2026-11-22T23:30:00Z", "2026-11-23T07:00:00Z", v1::TIME_DEVICE);
    CHECK(prague().reading(reading).starts_with("00:30:00              Upper"));
    setTime(reading, "2026-11-22T22:30:00Z", "2026-11-23T07:00:00Z", v1::TIME_CORRECTED);
    CHECK(prague().reading(reading).starts_with("2026-11-22 23:30:00 (corrected)  Upper"));
}

TEST_CASE("nobody's reading says whose slot it was") {
    auto reading = bloodPressure();
    reading.clear_subject();
    reading.clear_status();
    reading.set_user_slot(3);
    CHECK(prague().reading(reading) ==
          "08:14:05              Upper arm cuff  blood pressure    –       128/82 mmHg, mean 97 "
          "mmHg, pulse 71 /min    slot 3: unassigned");
}

TEST_CASE("numbers keep the digits of the device") {
    CHECK(formatValues(single("body-temperature", "MDC_TEMP_BODY", 36.6, "Cel", 1)) == "36.6 °C");
    CHECK(formatValues(single("body-temperature", "MDC_TEMP_BODY", 37, "Cel", 2)) == "37.00 °C");
    auto weight = single("weight", "MDC_MASS_BODY_ACTUAL", 72.35, "kg", 2);
    add(weight, "MDC_RATIO_MASS_BODY_LEN_SQ", 22.6, "kg/m2", 1);
    add(weight, "MDC_LEN_BODY_ACTUAL", 1.79, "m", 2);
    CHECK(formatValues(weight) == "72.35 kg, BMI 22.6 kg/m², height 1.79 m");
    CHECK(formatValues(single("x", "MDC_X", 1e300, "", 4000000000U)).size() < 400);
}

TEST_CASE("what is no number is said, never shown as one") {
    auto reading = bloodPressure();
    reading.mutable_observations(2)->set_absent(v1::ABSENT_NOT_A_NUMBER);
    CHECK(formatValues(reading) == "128/82 mmHg, mean – (not a number), pulse 71 /min");
    reading.mutable_observations(1)->set_absent(v1::ABSENT_RESERVED_VALUE);
    CHECK(formatValues(reading) ==
          "systolic 128 mmHg, diastolic – (reserved value), mean – (not a number), pulse 71 /min");
    reading.mutable_observations(0)->set_comparator(v1::COMPARATOR_ABOVE);
    CHECK(formatValues(reading).starts_with("systolic > 128 mmHg"));
    reading.mutable_observations(3)->set_absent(v1::ABSENT_UNSPECIFIED);
    reading.mutable_observations(3)->add_status("implausible");
    CHECK(formatValues(reading).ends_with("pulse –"));
    CHECK(formatRemarks(reading).back() == "pulse: implausible");
}

TEST_CASE("RR intervals are listed while they are few") {
    auto reading = single("heart-rate", "MDC_ECG_HEART_RATE", 71, "/min", 0);
    auto& rr = *reading.add_observations();
    rr.set_code("MDC_ECG_TIME_PD_RR_GL");
    rr.set_unit("ms");
    auto& samples = *rr.mutable_samples();
    samples.set_scale(0.9765625);
    samples.set_decimals(0);
    samples.add_raw(1024);
    samples.add_raw(512);
    CHECK(formatValues(reading) == "71 /min, RR interval 1000 500 ms");
    for (int i = 0; i < 5; ++i) samples.add_raw(768);
    CHECK(formatValues(reading) == "71 /min, RR interval 7 values 500 to 1000 ms");
}

TEST_CASE("remarks tell how a value came about") {
    auto reading = single("body-temperature", "MDC_TEMP_BODY", 36.67, "Cel", 2);
    auto& observation = *reading.mutable_observations(0);
    observation.mutable_body_site()->set_code("MDC_TEMP_EAR");
    observation.mutable_reported()->set_value(98);
    observation.mutable_reported()->set_decimals(1);
    observation.mutable_reported()->set_unit("[degF]");
    observation.add_status("fever");
    reading.set_partial(true);
    reading.set_amends("x");
    reading.mutable_device_clock()->set_fault(v1::CLOCK_FAULT_UNSET);
    reading.mutable_received()->set_clock(v1::CLOCK_UNSYNCHRONISED);
    CHECK(formatRemarks(reading) ==
          std::vector<std::string>{"ear", "temperature: fever", "measured as 98.0 °F", "incomplete",
                                   "replaces an earlier reading",
                                   "the device's clock was never set",
                                   "the hub's clock is not synchronised"});
}

TEST_CASE("a refused measurement is a plain sentence without a number") {
    auto event = eventAt("2026-11-23T07:15:02Z");
    event.set_device("cuff");
    event.set_text("never shown");
    event.mutable_refused()->set_reason(v1::REFUSED_FAILED);
    event.mutable_refused()->set_kind("blood-pressure");
    event.mutable_refused()->set_user_slot(2);
    event.mutable_refused()->add_status("cuff-loose");
    CHECK(prague().event(event) ==
          "08:15:02              Upper arm cuff  blood pressure    –       no value: the device "
          "reports a failed measurement, cuff loose  slot 2");
    event.mutable_refused()->set_reason(static_cast<v1::MeasurementRefusal>(999));
    CHECK(prague().event(event).find("for a reason not known here") != std::string::npos);
}

TEST_CASE("every reason of a refusal has its sentence") {
    const auto* reasons = v1::MeasurementRefusal_descriptor();
    for (int i = 0; i < reasons->value_count(); ++i) {
        CAPTURE(reasons->value(i)->name());
        v1::Event event;
        event.mutable_refused()->set_reason(
            static_cast<v1::MeasurementRefusal>(reasons->value(i)->number()));
        CHECK(prague().event(event).find("not known here") == std::string::npos);
    }
}

TEST_CASE("every kind of event has a line") {
    const auto* what = v1::Event::descriptor()->FindOneofByName("what");
    for (int i = 0; i < what->field_count(); ++i) {
        auto event = eventAt("2026-11-23T07:15:02Z");
        event.GetReflection()->MutableMessage(&event, what->field(i));
        const auto line = prague().event(event);
        CAPTURE(line);
        CHECK(line.starts_with("08:15:02              hub"));
        CHECK(line.find("does not know") == std::string::npos);
    }
    auto event = eventAt("2026-11-23T07:15:02Z");
    event.mutable_loss()->set_reason(v1::LOSS_QUOTA);
    event.mutable_loss()->set_count(12);
    CHECK(prague().event(event) ==
          "08:15:02              hub             loss              –       12 records are lost: "
          "quota");
    event.mutable_connection()->set_reason(v1::DISCONNECT_BY_DEVICE);
    CHECK(prague().event(event).ends_with("disconnected: by device"));
    event.set_text("A sentence of the hub.");
    CHECK(prague().event(event).ends_with("A sentence of the hub."));
}

TEST_CASE("results and the hub's status have lines too") {
    v1::CommandResult result;
    toTimestamp(*parseUtc("2026-11-23T07:15:02Z"), *result.mutable_when()->mutable_time());
    result.set_kind("get-status");
    result.set_state(v1::COMMAND_DONE);
    CHECK(prague().result(result) ==
          "08:15:02              hub             get-status        –       done");
    result.set_state(v1::COMMAND_REFUSED);
    result.set_refusal(v1::REFUSAL_BAD_SIGNATURE);
    result.set_text("the signature is wrong");
    CHECK(prague().result(result).ends_with("refused (bad-signature): the signature is wrong"));

    v1::HubStatus status;
    status.set_hub("hub-7f3a");
    status.set_state(v1::HUB_LOST);
    CHECK(prague().status(status) ==
          "                      hub             status            –       hub-7f3a is lost");
    status.set_state(v1::HUB_ONLINE);
    toTimestamp(*parseUtc("2026-11-23T07:15:02Z"), *status.mutable_now()->mutable_time());
    status.add_problems()->set_text("no adapter");
    CHECK(prague().status(status) ==
          "08:15:02              hub             status            –       " +
              fmt::format("{:<42}  no adapter", "hub-7f3a is online"));
}

TEST_CASE("a place that several observations share is named once") {
    v1::Reading reading;
    for (int i = 0; i < 2; ++i) {
        auto& site = *reading.add_observations()->mutable_body_site();
        site.set_code(std::string(codes::temperatureSites()[0].code));
    }
    CHECK(formatRemarks(reading).size() == 1);
}

TEST_CASE("a glucose is its value, with what the person has told the meter") {
    auto reading = glucose(112);
    CHECK(formatValues(reading) == "112 mg/dL");
    reading.mutable_observations(0)->mutable_body_site()->set_code("vitalgate:alternate-site");
    addCoded(reading, "MDC_CTXT_GLU_MEAL", "vitalgate:meal-preprandial");
    addCoded(reading, "MDC_CTXT_GLU_TESTER", "vitalgate:tester-health-care-professional");
    addCoded(reading, "MDC_CTXT_GLU_HEALTH", "vitalgate:health-minor-issues");
    add(reading, "vitalgate:exercise-duration", 1800, "s", 0);
    add(reading, "MDC_CTXT_GLU_CARB", 30, "g", 0);
    reading.mutable_observations(5)->add_status("breakfast");
    CHECK(formatValues(reading) ==
          "112 mg/dL, meal preprandial, tester health care professional, health minor issues, "
          "exercise 1800 s, carbohydrate 30 g");
    CHECK(formatRemarks(reading) ==
          std::vector<std::string>{"alternate site", "carbohydrate: breakfast"});
}

TEST_CASE("a context without its glucose is not shown as one") {
    const auto reading = single("glucose", "MDC_CTXT_GLU_CARB", 30, "g", 0);
    CHECK(formatValues(reading) == "carbohydrate 30 g");
}

TEST_CASE("codes that this version does not know are shown without what marks them as ours") {
    v1::Reading reading;
    reading.set_kind("glucose");
    addCoded(reading, "MDC_CTXT_GLU_MEAL", "vitalgate:between-meals");
    addCoded(reading, "vitalgate:mood", "MDC_OTHER");
    CHECK(formatValues(reading) == "meal between meals, mood MDC_OTHER");
}

TEST_CASE("a glucose beyond the meter's range is never a plain number") {
    auto reading = glucose(600);
    auto& observation = *reading.mutable_observations(0);
    observation.set_comparator(v1::COMPARATOR_ABOVE);
    CHECK(formatValues(reading) == "> 600 mg/dL");
    observation.set_absent(v1::ABSENT_POSITIVE_INFINITY);
    CHECK(formatValues(reading) == "above the device's range");
    observation.set_comparator(v1::COMPARATOR_BELOW);
    CHECK(formatValues(reading) == "below the device's range");
}

TEST_CASE("a sensor's glucose has its trend, and a hole in its records says how long") {
    auto reading = single("glucose-continuous", "MDC_CONC_GLU_ISF", 112, "mg/dL", 0);
    add(reading, "vitalgate:glucose-trend", -1.5, "mg/dL/min", 1);
    add(reading, "vitalgate:glucose-quality", 97, "%", 0);
    CHECK(formatValues(reading) == "112 mg/dL, glucose trend -1.5 mg/dL/min, glucose quality 97 %");
    auto hole = single("glucose-continuous", "MDC_CONC_GLU_ISF", 0, "mg/dL", 0);
    hole.mutable_observations(0)->set_absent(v1::ABSENT_NOT_RECORDED);
    hole.set_duration_ms(1'500'000);
    CHECK(formatValues(hole) == "– (not recorded)");
    CHECK(formatRemarks(hole) == std::vector<std::string>{"over 25 min"});
}

TEST_CASE("an oximeter's averages are told apart") {
    auto reading = single("pulse-oximetry", "MDC_PULS_OXIM_SAT_O2", 97, "%", 0);
    add(reading, "MDC_PULS_OXIM_PULS_RATE", 71, "/min", 0);
    CHECK(formatValues(reading) == "97 %, pulse 71 /min");
    add(reading, "MDC_PULS_OXIM_SAT_O2", 96, "%", 0);
    reading.mutable_observations(2)->add_status("fast");
    add(reading, "MDC_PULS_OXIM_PULS_RATE", 70, "/min", 0);
    reading.mutable_observations(3)->add_status("slow");
    add(reading, "MDC_PULS_OXIM_PERF_REL", 3.2, "%", 1);
    CHECK(formatValues(reading) ==
          "97 %, pulse 71 /min, fast oxygen saturation 96 %, slow pulse 70 /min, perfusion 3.2 %");
    CHECK(formatRemarks(reading).empty());
}

TEST_CASE("a series is its range, how long it lasted and why some of it is missing") {
    auto reading = single("pulse-oximetry", "MDC_PULS_OXIM_SAT_O2", 0, "%", 0);
    reading.set_duration_ms(60'000);
    auto& samples = *reading.mutable_observations(0)->mutable_samples();
    samples.set_scale(1);
    samples.set_period_ms(1000);
    for (int i = 0; i < 60; ++i) samples.add_raw(95 + i % 4);
    CHECK(formatValues(reading) == "60 values 95 to 98 %");
    CHECK(formatRemarks(reading) == std::vector<std::string>{"over 60 s"});
    reading.set_duration_ms(119'700);
    samples.add_spans()->add_status("no-contact");
    samples.add_spans()->set_absent(v1::ABSENT_NOT_RECORDED);
    samples.add_spans()->add_status("no-contact");
    CHECK(formatRemarks(reading) ==
          std::vector<std::string>{"over 120 s",
                                   "some values are missing: no contact, not recorded"});
}

TEST_CASE("a scale's composition stands behind the weight, or alone under its names") {
    auto reading = single("weight", "MDC_MASS_BODY_ACTUAL", 72.35, "kg", 2);
    add(reading, "MDC_BODY_FAT", 23.1, "%", 1);
    add(reading, "vitalgate:body-impedance", 512.3, "Ohm", 1);
    CHECK(formatValues(reading) == "72.35 kg, body fat 23.1 %, impedance 512.3 Ω");
    auto alone = single("body-composition", "MDC_BODY_FAT", 23.1, "%", 1);
    add(alone, "vitalgate:basal-metabolism", 7012, "kJ", 0);
    alone.set_partial(true);
    CHECK(formatValues(alone) == "body fat 23.1 %, basal metabolism 7012 kJ");
    CHECK(formatRemarks(alone) == std::vector<std::string>{"incomplete"});
}

TEST_CASE("of what nobody has looked into only the length is shown") {
    v1::Reading reading;
    reading.set_kind("opaque");
    auto& raw = *reading.mutable_source()->add_raw();
    raw.set_characteristic("2AF9");
    raw.set_value("\x01\x02\x03");
    CHECK(formatValues(reading) == "3 octets of 2AF9");
    raw.set_value("\x01");
    CHECK(formatValues(reading) == "1 octet of 2AF9");
}
