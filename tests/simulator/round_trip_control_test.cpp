#include "adapters/profiles/device_time.hpp"
#include "adapters/profiles/elapsed_time.hpp"
#include "adapters/profiles/glucose_control_point.hpp"
#include "adapters/profiles/record_access.hpp"
#include "adapters/profiles/user_data.hpp"
#include "adapters/simulator/device_time_service.hpp"
#include "tests/simulator/round_trip.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;
using namespace std::chrono_literals;

// What the hub writes to control points and clocks, and what it reads from their answers.

namespace {

using profiles::RecordOperation;

/// The answer of a control point: what it sends last.
Bytes answerOf(Model& model, std::uint16_t uuid, const Bytes& request) {
    const auto answer = model.write(Uuid{uuid}, request, {});
    REQUIRE(answer);
    REQUIRE_FALSE(answer->outputs.empty());
    CHECK(answer->outputs.back().characteristic == Uuid{uuid});
    return answer->outputs.back().value;
}

}  // namespace

TEST_CASE("record access: the hub's requests are understood, and the answers too") {
    DeviceSettings settings;
    settings.records.kept = true;
    const auto meter = make("glucose", settings);
    Sample sample;
    sample.time = kTime;
    sample.values = {{"glucose", {95, 0}}};
    const auto ask = [&](const Bytes& request) {
        const auto answer = profiles::decodeRecordAnswer(answerOf(*meter, 0x2a52, request));
        REQUIRE(answer);
        return *answer;
    };
    CHECK(ask(profiles::allRecords(RecordOperation::report)).code == profiles::kNoRecords);
    for (std::uint64_t i = 1; i <= 5; ++i) (void)meter->measured(sample, i);
    CHECK(ask(profiles::allRecords(RecordOperation::count)).count == 5);
    CHECK(ask(profiles::recordsFrom(RecordOperation::count, 3)).count == 2);
    CHECK(ask(profiles::recordsBetween(RecordOperation::count, 1, 3)).count == 3);
    CHECK(ask(Bytes{0x01, 0x06}).code == profiles::kRecordSuccess);
    CHECK(ask(profiles::recordsBetween(RecordOperation::remove, 0, 1)).code ==
          profiles::kRecordSuccess);
    CHECK(ask(profiles::allRecords(RecordOperation::count)).count == 3);
    const auto aborted = ask(profiles::abortRecords());
    CHECK(aborted.operation == static_cast<std::uint8_t>(RecordOperation::abort));
    CHECK(aborted.code == profiles::kRecordSuccess);
}

TEST_CASE("users: registered, agreed to, refused") {
    DeviceSettings settings;
    settings.consents = {{1, 1234}};
    const auto scale = make("weight-scale", settings);
    const auto ask = [&](const Bytes& request) {
        const auto answer = profiles::decodeUserAnswer(answerOf(*scale, 0x2a9f, request));
        REQUIRE(answer);
        return *answer;
    };
    CHECK(ask(profiles::consentUser(1, 4321)).code == profiles::kUserNotAuthorised);
    CHECK(ask(profiles::consentUser(7, 1234)).code == profiles::kUserParameterInvalid);
    CHECK(ask(profiles::consentUser(1, 1234)).code == profiles::kUserSuccess);
    CHECK(scale->maySend(1));
    const auto registered = ask(profiles::registerUser(77));
    CHECK(registered.code == profiles::kUserSuccess);
    CHECK(registered.index == 2);
    CHECK(ask(profiles::consentUser(2, 77)).code == profiles::kUserSuccess);
}

TEST_CASE(
    "a sensor's control point: interval, calibration, limits and session, with and without CRC") {
    for (const bool crc : {false, true}) {
        DeviceSettings settings;
        settings.crc = crc;
        const auto sensor = make("continuous-glucose", settings);
        const auto ask = [&](const Bytes& request) {
            const auto answer =
                profiles::decodeGlucoseAnswer(answerOf(*sensor, 0x2aac, request), crc);
            REQUIRE(answer);
            return *answer;
        };
        CHECK(ask(profiles::setGlucoseInterval(7, crc)).code == profiles::kGlucoseSuccess);
        CHECK(ask(profiles::getGlucoseInterval(crc)).intervalMinutes == 7);
        profiles::GlucoseCalibration calibration;
        calibration.concentration = profiles::Decimal{104, 0};
        calibration.sampledMinutes = 30;
        calibration.type = 1;
        const auto set = profiles::setGlucoseCalibration(calibration, crc);
        REQUIRE(set);
        CHECK(ask(*set).code == profiles::kGlucoseSuccess);
        const auto latest =
            ask(profiles::getGlucoseCalibration(profiles::kLatestCalibration, crc)).calibration;
        REQUIRE(latest);
        CHECK(latest->record == 1);
        CHECK(latest->sampledMinutes == 30);
        const auto limit = profiles::GlucoseLimit::hypo;
        const auto value = profiles::setGlucoseLimit(limit, {70, 0}, crc);
        REQUIRE(value);
        CHECK(ask(*value).code == profiles::kGlucoseSuccess);
        CHECK(ask(profiles::getGlucoseLimit(limit, crc)).limitValue.value()->value == 70);
        CHECK(ask(profiles::stopGlucoseSession(crc)).code == profiles::kGlucoseSuccess);
        CHECK_FALSE(sensor->measures());
        CHECK(ask(profiles::startGlucoseSession(crc)).code == profiles::kGlucoseSuccess);
        CHECK(sensor->measures());
    }
}

TEST_CASE("elapsed time: the hub reads it, and what it writes is what the device then shows") {
    const auto clock = profiles::decodeElapsedClock(elapsedTime(kTime));
    REQUIRE(clock);
    CHECK(profiles::elapsedTimeText(clock->time) == kTime.text());
    const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 7h};
    const auto written =
        profiles::encodeElapsedTime(now, 60min, clock->time, profiles::kTimeSourceNetwork);
    REQUIRE(written);
    CHECK(fromElapsedTime(*written) == LocalDateTime{2026, 11, 23, 8, 0, 0});
}

TEST_CASE("device time: the hub reads it, and its proposal is what the device then shows") {
    DeviceTimeService service(60min);
    const auto feature = profiles::deviceTimeFeature(service.read(Uuid{0x2b8e}, kTime).value());
    REQUIRE(feature);
    const auto read =
        profiles::decodeDeviceTime(service.read(Uuid{0x2b90}, kTime).value(), *feature);
    REQUIRE(read);
    CHECK(read->local() == kTime);
    profiles::TimeProposal proposal;
    proposal.time = WallTime{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1} + 7h};
    proposal.zone = 60min;
    proposal.daylightSaving = 60min;
    const auto request = profiles::proposeTime(proposal, *feature);
    REQUIRE(request);
    const auto proposed = service.propose(*request);
    CHECK(proposed.time == LocalDateTime{2026, 7, 1, 9, 0, 0});
    const auto answer = profiles::decodeDeviceTimeAnswer(proposed.answer, *feature);
    REQUIRE(answer);
    CHECK(answer->code == profiles::kDeviceTimeSuccess);
}
