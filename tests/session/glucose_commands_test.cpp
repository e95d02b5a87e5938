// Commands to a continuous glucose sensor: what its control point answers, and what is known then.
#include <doctest/doctest.h>

#include "tests/session/commands.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

TEST_CASE("what the control point answers is the result") {
    struct Answer {
        std::string answer;
        const char* result;
    };
    const std::vector<Answer> answers{
        {"1c0401", "DONE"},
        {"1c0402", "FAILED DEVICE_REFUSED"},
        {"1c0403", "FAILED DEVICE_REFUSED"},
        {"1c0405", "FAILED DEVICE_REFUSED"},
        {"1c04ee", "FAILED DEVICE_REFUSED"},
        {"1c0701", "FAILED TIMED_OUT"},  // to another request
        {"1c04", "FAILED TIMED_OUT"},
        {"", "FAILED TIMED_OUT"},
    };
    for (const bool hasCrc : {false, true}) {
        for (const auto& row : answers) {
            CAPTURE(row.answer);
            CAPTURE(hasCrc);
            Conversation c;
            auto sensor = willing();
            sensor.hasCrc = hasCrc;
            sensor.answers["0470006400120000000000"] = row.answer;
            sensor.addTo(c);
            c.start();
            const auto before = c.link->calls().size();
            const auto outcome = give(c, kCalibrate);
            c.clock.advance(30s);
            CHECK(text(outcome) == row.result);
            const auto request = toHex(sensor.bytes("0470006400120000000000"));
            CHECK(writes(c, before) == Texts{"2AAC " + request});
            CHECK_FALSE(c.ended);
        }
    }
}

/// What the control point says to a request, so long after it was written.
struct Late {
    const char* what;
    Duration after;
    Texts answers;
    const char* result;
    const char* next;  ///< what becomes of the same request once more, in time
};

TEST_CASE("an answer that is late, missing or doubled does not become that of another request") {
    const std::vector<Late> rows{
        {"at once", 0s, {"1cOP01"}, "DONE", "DONE"},
        {"late", 29s, {"1cOP01"}, "DONE", "DONE"},
        {"too late", 31s, {"1cOP01"}, "FAILED TIMED_OUT", "DONE"},
        {"missing", 0s, {}, "FAILED TIMED_OUT", "FAILED DEVICE_REFUSED"},
        {"doubled", 0s, {"1cOP01", "1cOP01"}, "DONE", "DONE"},
        {"doubled, of two minds", 0s, {"1cOP04", "1cOP01"}, "FAILED DEVICE_REFUSED", "DONE"},
        {"of another request", 0s, {"1cee01"}, "FAILED TIMED_OUT", "FAILED DEVICE_REFUSED"},
        {"of another request first", 0s, {"1cee01", "1cOP01"}, "DONE", "DONE"},
    };
    for (const auto& row : rows) {
        for (const std::string operation : {"04", "1a", "1b", "01", "07"}) {
            CAPTURE(std::string(row.what));
            CAPTURE(operation);
            const auto isOfOperation = [&operation](const CommandRow& each) {
                return std::string(each.request).starts_with(operation);
            };
            const auto command = std::ranges::find_if(commandRows(), isOfOperation);
            REQUIRE(command != commandRows().end());
            Conversation c;
            willing().addTo(c);
            c.start();
            bool isFirst = true;
            c.link->whenWritten(0x2AAC, [&](const Bytes&) {
                if (!isFirst) c.link->send(0x2AAC, "1c" + operation + "01");
            });
            const auto outcome = give(c, command->json);
            c.clock.advance(row.after);
            for (auto answer : row.answers) {
                if (const auto at = answer.find("OP"); at != std::string::npos) {
                    answer.replace(at, 2, operation);
                }
                c.link->send(0x2AAC, answer);
            }
            c.clock.advance(30s);
            CHECK(text(outcome) == row.result);
            isFirst = false;
            const auto next = give(c, command->json);
            c.clock.advance(30s);
            CHECK(text(next) == row.next);
            CHECK_FALSE(c.ended);
        }
    }
}

TEST_CASE("a session that a command has started has a start of its own, or none") {
    for (const bool isRead : {true, false}) {
        CAPTURE(isRead);
        Conversation c;
        auto sensor = willing();
        sensor.minutes.clear();
        sensor.addTo(c);
        c.start();
        if (isRead) c.link->on("read 2AAA", Reply::bytes(*fromHex("000000000000000000")));
        if (!isRead) c.link->on("read 2AAA", Reply::refused(ErrorKind::refused, "not yet"));
        c.link->on("read 2AA9", Reply::bytes({0, 0, 0, 0, 0}));
        CHECK(text(give(c, R"({"startMeasurement":{}})")) == "DONE");
        CHECK(c.link->wasCalled("write 2AAA ea070b170800000000") == isRead);
        c.link->send(0x2AA7, sensor.record(0));
        c.clock.run();
        const auto& reading = c.sink.readings.back().reading;
        CHECK(reading.device_time() == (isRead ? "2026-11-23T08:00:00" : "ticks:0"));
    }
}

TEST_CASE("an interval that a command has set is known from then on") {
    Conversation c;
    auto sensor = willing();
    sensor.answers["010a"] = "1c0101";
    sensor.addTo(c);
    c.start();
    CHECK(text(give(c, R"({"setInterval":{"seconds":600}})")) == "DONE");
    const auto& settings = c.sink.descriptors.back().settings();
    const auto found = std::ranges::find(settings, "communication-interval", &v1::Setting::name);
    REQUIRE(found != settings.end());
    CHECK(found->value().value() == 10);
}

TEST_CASE("a limit is asked for in the unit of the sensor, and known from then on") {
    struct Limit {
        const char* limit;
        double value;
        const char* unit;
        const char* request;
        double known;
    };
    constexpr std::array limits{
        Limit{"patient-high", 180, "mg/dL", "07b400", 180},
        Limit{"patient-low", 70.5, "mg/dL", "0ac1f2", 70.5},
        Limit{"hypo", 3, "mmol/L", "0d36 00", 54},
        Limit{"hyper", 13.9, "mmol/L", "10fa00", 250},
        Limit{"hyper", 204.5, "mg/dL", "10fdf7", 204.5},
        Limit{"hyper", 204.6, "mg/dL", "10cd00", 205},
        Limit{"fall-rate", 2.5, "mg/dL/min", "1319f0", 2.5},
        Limit{"rise-rate", 3, "mg/dL/min", "160300", 3},
    };
    for (const auto& row : limits) {
        CAPTURE(std::string(row.limit));
        Conversation c;
        Sensor sensor;
        const auto request = toHex(*fromHex(row.request));
        sensor.answers[request] = "1c" + request.substr(0, 2) + "01";
        sensor.addTo(c);
        c.start();
        const auto before = c.link->calls().size();
        give(c, fmt::format(R"({{"setAlertLimit":{{"limit":"{}","value":{},"unit":"{}"}}}})",
                            row.limit, row.value, row.unit));
        CHECK(writes(c, before) == Texts{"2AAC " + request});
        const auto& settings = c.sink.descriptors.back().settings();
        const auto name = "alert-" + std::string(row.limit);
        const auto found = std::ranges::find(settings, name, &v1::Setting::name);
        REQUIRE(found != settings.end());
        CHECK(found->value().value() == doctest::Approx(row.known));
    }
}
