#include "adapters/profiles/continuous_glucose.hpp"
#include "adapters/profiles/glucose_control_point.hpp"
#include "tests/simulator/round_trip.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;
using namespace std::chrono_literals;

namespace {

Sample glucose(const Number& value) {
    Sample sample;
    sample.time = kTime;
    sample.age = 70min;
    sample.values = {{"glucose", value}};
    return sample;
}

Bytes feature(const Model& model, std::uint16_t uuid) {
    return model.read(Uuid{uuid}, {}).value();
}

}  // namespace

TEST_CASE("what a meter measured is what the hub decodes, with the time that the person sees") {
    auto settings = inUnit("mg/dL");
    settings.userTimeOffset = 602min;
    const auto meter = make("glucose", settings);
    (void)meter->measured(glucose({90, 0}), 1);
    const auto outputs = meter->measured(glucose({95.5, 1}), 2);
    const auto measurement = decoded(outputs[0]);
    CHECK_FALSE(measurement.refused);
    CHECK(measurement.deviceTime == kTime);
    CHECK(measurement.reading.source().record_number() == 1);
    CHECK(values(measurement).at("MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD") == "95.5 mg/dL");
    REQUIRE(measurement.part);
    CHECK_FALSE(measurement.part->announced);
}

TEST_CASE("every type word of a meter is another code of the hub, and control solution is none") {
    const auto* spec = findModel("glucose");
    std::set<std::string> codes;
    for (const auto& word : spec->choices[0].words) {
        auto sample = glucose({5.4, 1});
        sample.choices["type"] = word.value;
        const auto measurement = decoded("glucose", sample, inUnit("mmol/L"));
        CAPTURE(word.word);
        if (word.word == "control-solution") {
            CHECK(measurement.refused == v1::REFUSED_CONTROL_SOLUTION);
        } else {
            REQUIRE(measurement.reading.observations_size() == 1);
            CHECK(measurement.reading.observations(0).value() ==
                  doctest::Approx(97.28).epsilon(0.001));
            codes.insert(measurement.reading.observations(0).code());
        }
    }
    CHECK(codes.size() == 9);
    auto control = glucose({120, 0});
    control.choices["control"] = 1;
    CHECK(decoded("glucose", control).refused == v1::REFUSED_CONTROL_SOLUTION);
}

TEST_CASE("a context comes over with all that it says, and belongs to its record") {
    auto sample = glucose({95, 0});
    sample.values["carbohydrate"] = {45, 0};
    sample.values["exercise"] = {1800, 0};
    sample.values["exercise-intensity"] = {60, 0};
    sample.values["medication"] = {12, 0};
    sample.values["hba1c"] = {6.5, 1};
    sample.choices = {{"meal", 1}, {"tester", 1}, {"health", 5}};
    const auto outputs = make("glucose")->measured(sample, 1);
    REQUIRE(outputs.size() == 2);
    const auto record = decoded(outputs[0]);
    const auto context = decoded(outputs[1]);
    CHECK(record.part->announced);
    CHECK(context.part->event == record.part->event);
    const auto all = values(context);
    CHECK(all.at("MDC_CTXT_GLU_CARB") == "45 g");
    CHECK(all.at("vitalgate:exercise-duration") == "1800 s");
    CHECK(all.at("MDC_CTXT_GLU_EXERCISE") == "60 %");
    CHECK(all.at("MDC_CTXT_GLU_MEDICATION") == "12 mg");
    CHECK(all.at("MDC_CONC_HBA1C") == "6.5 %");
    CHECK(all.contains("MDC_CTXT_GLU_MEAL"));
    CHECK(all.contains("MDC_CTXT_GLU_TESTER"));
    CHECK(all.contains("MDC_CTXT_GLU_HEALTH"));
}

TEST_CASE("every status word of a meter and of a sensor is that of the hub") {
    for (const auto* word : {"glucose", "continuous-glucose"}) {
        for (const auto& status : findModel(word)->statuses) {
            auto sample = glucose({95, 0});
            sample.status = status.bits;
            const auto model = make(word);
            const auto outputs = model->measured(sample, 1);
            CAPTURE(status.word);
            CHECK(words(decoded(outputs[0])) == Texts{std::string(status.word)});
        }
    }
}

TEST_CASE("a failed test is refused, whatever meter it comes from") {
    for (const auto* word : {"glucose", "continuous-glucose"}) {
        auto sample = glucose({95, 0});
        sample.failed = true;
        CHECK(decoded(word, sample).refused.has_value());
    }
}

TEST_CASE("what a sensor measured comes over, with and without CRC, also several in one value") {
    for (const bool crc : {false, true}) {
        DeviceSettings settings;
        settings.crc = crc;
        settings.records.kept = true;
        settings.session.together = 3;
        const auto sensor = make("continuous-glucose", settings);
        for (std::uint64_t i = 0; i < 3; ++i) {
            auto sample = glucose({100 + static_cast<double>(i), 0});
            sample.values["trend"] = {-1.5, 1};
            sample.values["quality"] = {98, 0};
            sample.age = std::chrono::minutes{10 + i};
            (void)sensor->measured(sample, i + 1);
        }
        const auto answer = sensor->write(Uuid{0x2a52}, *fromHex("0101"), {});
        REQUIRE(answer);
        const auto all = decodedAll(answer->outputs[0], feature(*sensor, 0x2aa8));
        REQUIRE(all.size() == 3);
        CHECK(all[2].sessionMinutes == 12U);
        CHECK_FALSE(all[2].refused);
        const auto said = values(all[2]);
        CHECK(said.at("MDC_CONC_GLU_ISF") == "102 mg/dL");
        CHECK(said.at("vitalgate:glucose-trend") == "-1.5 mg/dL/min");
        CHECK(said.at("vitalgate:glucose-quality") == "98 %");
    }
}

TEST_CASE("the session: the hub writes its time, and reads when it began and how it is") {
    for (const bool crc : {false, true}) {
        DeviceSettings settings;
        settings.crc = crc;
        const auto sensor = make("continuous-glucose", settings);
        const auto own = profiles::glucoseFeature(feature(*sensor, 0x2aa8));
        REQUIRE(own);
        CHECK(own->hasCrc == crc);
        const auto written = profiles::encodeSessionStart(kTime, 60min, 0min, crc);
        REQUIRE(sensor->write(Uuid{0x2aaa}, written, {.age = 14min}));
        const auto start = profiles::decodeSessionStart(*sensor->read(Uuid{0x2aaa}, {}), crc);
        REQUIRE(start);
        CHECK(start->time == LocalDateTime{2026, 11, 23, 8, 0, 5});
        CHECK(start->utcOffset == 60min);
        const auto status = profiles::decodeSessionStatus(*sensor->read(Uuid{0x2aa9}, 15min), crc);
        REQUIRE(status);
        CHECK(status->minutes == 15);
        CHECK_FALSE(status->stopped);
        CHECK(profiles::decodeRunTime(*sensor->read(Uuid{0x2aab}, {}), crc) == 240h);
    }
}
