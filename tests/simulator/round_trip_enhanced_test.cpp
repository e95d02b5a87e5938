#include "adapters/profiles/segments.hpp"
#include "tests/simulator/round_trip.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

Sample pressures() {
    Sample sample;
    sample.time = kTime;
    sample.user = 2;
    sample.status = 4;
    sample.values = {
        {"systolic", {128.5, 1}}, {"diastolic", {82, 0}}, {"mean", {97, 0}}, {"pulse", {71, 0}}};
    return sample;
}

void checkPressures(const profiles::Measurement& measurement) {
    CHECK_FALSE(measurement.refused);
    CHECK(measurement.deviceTime == kTime);
    CHECK(measurement.reading.user_slot() == 2);
    CHECK(words(measurement) == Texts{"irregular-pulse"});
    const auto all = values(measurement);
    CHECK(all.at("MDC_PRESS_BLD_NONINV_SYS") == "128.5 mm[Hg]");
    CHECK(all.at("MDC_PULS_RATE_NON_INV") == "71 /min");
}

}  // namespace

TEST_CASE("an enhanced value says the same as the plain one") {
    DeviceSettings settings;
    settings.enhanced = true;
    settings.userTimeOffset = std::chrono::minutes{-45};
    const auto outputs = make("blood-pressure", settings)->measured(pressures(), 1);
    REQUIRE(outputs.size() == 1);
    checkPressures(decoded(outputs[0]));
    checkPressures(decoded(Output{outputs[0].plain->characteristic, outputs[0].plain->value}));
}

TEST_CASE("a record comes over in its segments, with and without CRC") {
    for (const bool crc : {false, true}) {
        DeviceSettings settings;
        settings.enhanced = true;
        settings.records.kept = true;
        settings.crc = crc;
        const auto cuff = make("blood-pressure", settings);
        (void)cuff->measured(pressures(), 1);
        (void)cuff->measured(pressures(), 2);
        const auto answer = cuff->write(Uuid{0x2a52}, *fromHex("0106"), {});
        REQUIRE(answer);
        profiles::Segments segments;
        std::optional<Bytes> whole;
        for (const auto& each : answer->outputs) {
            if (each.characteristic != Uuid{0x2b36}) continue;
            REQUIRE_FALSE(whole);
            const auto taken = segments.take(each.value);
            REQUIRE(taken);
            whole = *taken;
        }
        REQUIRE(whole);
        const auto record = decoded({Uuid{0x2b36}, *whole}, *cuff->read(Uuid{0x2a49}, {}));
        checkPressures(record);
        CHECK(record.reading.source().record_number() == 1);
        REQUIRE(record.embedded);
        CHECK(record.embedded->characteristic == 0x2b34);
    }
}
