// The session of a continuous glucose sensor: its start, its clock, its limits, its records and
// gaps; each answer missing or wrong, the connection cut at each place.
#include <doctest/doctest.h>

#include "tests/session/sensor.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

using Texts = std::vector<std::string>;

constexpr auto kMark = "records-glucose-continuous";
constexpr auto kUnset = "000000000000000000";

std::string measuredOf(const NewReading& made) {
    return formatUtc(fromTimestamp(made.reading.measured())).substr(11, 5);
}

Texts requests(const Conversation& c, const std::string& characteristic) {
    Texts found;
    const auto write = "write " + characteristic + " ";
    for (const auto& call : c.link->calls()) {
        if (call.starts_with(write)) found.push_back(call.substr(write.size()));
    }
    return found;
}

/// "115-124": minutes after 06:00 for which there is a reading without a value.
Texts gapsOf(const std::vector<NewReading>& readings) {
    Texts gaps;
    for (const auto& [reading, identity, amends] : readings) {
        const auto& observation = reading.observations(0);
        if (observation.absent() != v1::ABSENT_NOT_RECORDED) continue;
        const auto& octets = identity.payload;
        REQUIRE(octets.size() == 4);
        const auto first = octets[0] | octets[1] << 8;
        const auto last = octets[2] | octets[3] << 8;
        CHECK(reading.duration_ms() == static_cast<std::uint64_t>(last - first + 1) * 60'000);
        gaps.push_back(fmt::format("{}-{}", first, last));
    }
    return gaps;
}

std::size_t distinctOf(const std::vector<NewReading>& readings) {
    std::set<std::string> keys;
    for (const auto& made : readings) keys.insert(keyOf(made.identity));
    return keys.size();
}

/// One value of 0x2AA7 while connected, and what becomes of it.
NewReading live(Conversation& c, const Sensor& sensor, std::uint16_t minute) {
    c.link->send(0x2AA7, sensor.record(minute));
    c.clock.run();
    REQUIRE_FALSE(c.sink.readings.empty());
    return c.sink.readings.back();
}

}  // namespace

TEST_CASE("a sensor is asked in order: session, subscription, limits, records") {
    Conversation c;
    const Sensor sensor{{100, 105}};
    sensor.addTo(c);
    c.start();
    CHECK(c.link->calls().size() > 20);
    const Texts begin{c.link->calls().begin(), c.link->calls().begin() + 9};
    CHECK(begin == Texts{"discover", "read 2AA8", "read 2AAA", "read 2AA9", "subscribe 2AA7",
                         "read 2AAB", "subscribe 2AAC", "write 2AAC 02", "subscribe 2AAC"});
    CHECK(c.link->calls().back() == "write 2A52 0101");
    REQUIRE(c.sink.readings.size() == 2);
    CHECK(measuredOf(c.sink.readings[0]) == "07:40");
    CHECK(c.sink.readings[0].reading.time_basis() == v1::TIME_DEVICE);
    CHECK(c.sink.readings[0].reading.device_time() == "2026-11-23T07:40:00");
    CHECK(lastKnown(c.sink.bookmarks[kMark]) == "105 2026-11-23T06:00:00");
}

TEST_CASE("the start of a session is read, or written where there is none") {
    struct Row {
        const char* what;
        std::string start;
        const char* properties;
        bool setClock;
        bool isKnown;  ///< the measurements have their own time
        bool isWritten;
    };
    const std::vector<Row> rows{
        {"set", "ea070b170600000000", "rw", true, true, false},
        {"set, not to be written", "ea070b170600000000", "r", true, true, false},
        {"unset", kUnset, "rw", true, true, true},
        {"no real day",
         "ea070d28060000"
         "0000",
         "rw", true, true, true},
        {"unset, not to be written", kUnset, "r", true, false, false},
        {"unset, and clocks are left alone", kUnset, "rw", false, false, false},
        {"malformed", "ea07", "rw", true, false, false},
    };
    for (const auto& row : rows) {
        for (const bool hasCrc : {false, true}) {
            CAPTURE(std::string(row.what));
            CAPTURE(hasCrc);
            Conversation c;
            c.settings.setClock = row.setClock;
            Sensor sensor;
            sensor.hasCrc = hasCrc;
            sensor.start = row.start;
            sensor.addTo(c, row.properties);
            // What it makes of the written time is when the session began.
            c.link->on("read 2AAA", Reply());
            c.link->on("read 2AAA", Reply::bytes(sensor.bytes("ea070b170600000000")));
            c.start();
            const auto written = toHex(sensor.bytes("ea070b170800000000"));
            CHECK(requests(c, "2AAA") == (row.isWritten ? Texts{written} : Texts{}));
            const auto made = live(c, sensor, 100);
            CHECK(measuredOf(made) == (row.isKnown ? "07:40" : "08:00"));
            CHECK(made.reading.device_time() ==
                  (row.isKnown ? "2026-11-23T07:40:00" : "ticks:100"));
            CHECK(made.reading.time_basis() == (row.isKnown ? v1::TIME_DEVICE : v1::TIME_RECEIVED));
            c.endLink();
            CHECK(c.succeeded());
        }
    }
}

TEST_CASE("a hub whose time cannot be right gives it to no sensor") {
    Conversation c;
    c.clock.setTrust(ClockTrust::unsynchronised);
    c.clock.setWall(WallTime{1h});
    Sensor sensor;
    sensor.start = kUnset;
    sensor.addTo(c);
    c.start();
    CHECK(requests(c, "2AAA").empty());
    CHECK(live(c, sensor, 100).reading.device_time() == "ticks:100");
}

TEST_CASE("a start that cannot be read or written leaves the time of receipt") {
    struct Row {
        const char* call;
        Reply reply;
    };
    const std::vector<Row> rows{
        {"read 2AAA", Reply::refused(ErrorKind::refused, "not now")},
        {"read 2AAA", Reply::never()},
        {"read 2AAA", Reply::bytes({0xEA, 0x07})},
        {"write 2AAA", Reply::refused(ErrorKind::refused, "ATT error 0x80")},
        {"write 2AAA", Reply::never()},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.call));
        Conversation c;
        Sensor sensor;
        sensor.start = kUnset;
        sensor.addTo(c);
        c.link->on(row.call, row.reply);
        c.start();
        c.clock.advance(10s);
        const auto made = live(c, sensor, 100);
        CHECK(made.reading.time_basis() == v1::TIME_RECEIVED);
        CHECK(made.reading.device_time() == "ticks:100");
        CHECK(made.identity.deviceTime.empty());
    }
}

TEST_CASE("a start that the sensor gives late, or not as it was written, is the sensor's") {
    struct Row {
        const char* what;
        Duration after;
        const char* start;
        const char* deviceTime;  ///< of minute 100
    };
    const std::vector<Row> rows{
        {"late", 4s, "ea070b170600000000", "2026-11-23T07:40:00"},
        {"too late", 6s, "ea070b170600000000", "ticks:100"},
        {"another", 0s, "ea070b170500000000", "2026-11-23T06:40:00"},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        Conversation c;
        Sensor sensor;
        sensor.start = kUnset;
        sensor.addTo(c);
        c.link->whenWritten(0x2AAA, [&](const Bytes&) {
            auto start = Reply::bytes(*fromHex(row.start));
            start.late = row.after;
            c.link->on("read 2AAA", start);
            c.link->on("read 2AA9", Reply::refused(ErrorKind::refused, "not now"));
        });
        c.start();
        c.clock.advance(10s);
        CHECK(live(c, sensor, 100).reading.device_time() == row.deviceTime);
    }
}

TEST_CASE("with a wrong checksum nothing is believed") {
    Conversation c;
    Sensor sensor;
    sensor.hasCrc = true;
    sensor.addTo(c);
    auto start = sensor.bytes(sensor.start);
    start.back() ^= 1;
    c.link->on("read 2AAA", Reply::bytes(start));
    c.start();
    CHECK(live(c, sensor, 100).reading.time_basis() == v1::TIME_RECEIVED);
    auto record = *fromHex(sensor.record(105));
    record.back() ^= 1;
    c.link->send(0x2AA7, toHex(record));
    c.clock.run();
    REQUIRE(c.sink.events.size() == 1);
    CHECK(c.sink.events[0].refused().reason() == v1::REFUSED_CHECKSUM);
}

TEST_CASE("what the sensor's minutes say of its clock counts from ninety seconds on") {
    struct Row {
        const char* status;
        v1::TimeBasis basis;
        std::string measured;  ///< of minute 100
    };
    const std::vector<Row> rows{
        {"7800000000", v1::TIME_DEVICE, "07:40"},
        {"7700000000", v1::TIME_DEVICE, "07:40"},  // a minute behind, as it is half the time
        {"7900000000", v1::TIME_DEVICE, "07:40"},
        {"7600000000", v1::TIME_CORRECTED, "07:42"},  // two minutes behind
        {"7a00000000", v1::TIME_CORRECTED, "07:38"},
        {"1e00010000", v1::TIME_DEVICE, "07:40"},  // it is stopped, and so are its minutes
        {"7a00", v1::TIME_DEVICE, "07:40"},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.status));
        Conversation c;
        const Sensor sensor;
        sensor.addTo(c);
        c.link->on("read 2AA9", Reply::bytes(*fromHex(row.status)));
        c.start();
        const auto made = live(c, sensor, 100);
        CHECK(made.reading.time_basis() == row.basis);
        CHECK(measuredOf(made) == row.measured);
    }
}

TEST_CASE("the zone of the session's start is that of its measurements") {
    Conversation c;
    Sensor sensor;
    sensor.start = "ea070b170700000400";  // 07:00, an hour ahead of UTC
    sensor.addTo(c);
    c.start();
    const auto made = live(c, sensor, 100);
    CHECK(measuredOf(made) == "07:40");
    CHECK(made.reading.utc_offset_min() == 60);
    CHECK(made.reading.device_time() == "2026-11-23T08:40:00");
}

TEST_CASE("interval, limits and run time are read into the settings, and never written") {
    Conversation c;
    Sensor sensor;
    sensor.answers = {{"02", "0305"},   {"08", "09b400"}, {"0b", "0c4600"},
                      {"0e", "0fff07"}, {"14", "1514f0"}, {"17", "1c1702"}};
    sensor.addTo(c);
    c.start();
    CHECK(requests(c, "2AAC") == Texts{"02", "08", "0b", "0e", "11", "14", "17"});
    std::map<std::string, std::string> settings;
    for (const auto& each : c.sink.descriptors.back().settings()) {
        settings[each.name()] = fmt::format("{} {}", each.value().value(), each.value().unit());
    }
    CHECK(settings == std::map<std::string, std::string>{{"session-run-time", "336 h"},
                                                         {"communication-interval", "5 min"},
                                                         {"alert-patient-high", "180 mg/dL"},
                                                         {"alert-patient-low", "70 mg/dL"},
                                                         {"alert-fall-rate", "2 mg/dL/min"}});
    CHECK_FALSE(c.ended);
}

TEST_CASE("a sensor that does not answer for its limits is still read") {
    struct Row {
        const char* what;
        const char* call;
        Reply reply;
        std::size_t asked;  ///< requests to the control point
    };
    const std::vector<Row> rows{
        {"run time refused", "read 2AAB", Reply::refused(ErrorKind::refused, "no"), 7},
        {"run time missing", "read 2AAB", Reply::never(), 7},
        {"run time malformed", "read 2AAB", Reply::bytes({1}), 7},
        {"busy", "write 2AAC", Reply::refused(ErrorKind::refused, "ATT error 0xFE"), 1},
        {"not to be subscribed", "subscribe 2AAC", Reply::refused(ErrorKind::refused, "no"), 0},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        Conversation c;
        const Sensor sensor{{100}};
        sensor.addTo(c);
        c.link->on(row.call, row.reply);
        c.start();
        c.clock.advance(35s);
        CHECK(requests(c, "2AAC").size() == row.asked);
        CHECK(c.sink.readings.size() == 1);
        CHECK_FALSE(c.ended);
    }
    for (const std::string answer : {"", "1c0201", "0300000000", "07"}) {
        CAPTURE(answer);
        Conversation c;
        Sensor sensor{{100}};
        sensor.answers = {{"02", answer}};
        sensor.addTo(c);
        c.start();
        c.clock.advance(35s);
        CHECK(c.sink.readings.size() == 1);
    }
}

TEST_CASE("where the sensor has no record there is a reading without a value, the same each time") {
    Exchanges all;
    const Sensor sensor{{100, 105, 110, 125, 130}};
    {
        Conversation c;
        sensor.addTo(c);
        c.start();
        CHECK(gapsOf(c.sink.readings) == Texts{"115-124"});
        CHECK(c.sink.readings.size() == 6);
        const auto& gap = c.sink.readings.back().reading;
        CHECK(gap.kind() == "glucose-continuous");
        CHECK(gap.device_time() == "2026-11-23T07:55:00");
        CHECK(gap.time_basis() == v1::TIME_DEVICE);
        CHECK(gap.source().raw_size() == 0);
        c.endLink();
        all.end(c);
    }
    Conversation c;
    c.settings.records = RecordUse::all;
    sensor.addTo(c);
    all.begin(c);
    c.start();
    c.endLink();
    all.end(c);
    CHECK(all.readings.size() == 12);
    CHECK(distinctOf(all.readings) == 6);
}

TEST_CASE("a gap between two connections is shown in the second") {
    Exchanges all;
    for (const auto& minutes :
         {std::vector<std::uint16_t>{90, 95, 100}, std::vector<std::uint16_t>{90, 95, 100, 115}}) {
        Conversation c;
        const Sensor sensor{minutes};
        sensor.addTo(c);
        all.begin(c);
        c.start();
        c.endLink();
        all.end(c);
    }
    CHECK(gapsOf(all.readings) == Texts{"105-114"});
}

TEST_CASE("a live record that leaves others out makes the hub fetch them") {
    Conversation c;
    Sensor sensor{{95, 100}};
    sensor.addTo(c);
    c.start();
    CHECK(requests(c, "2A52") == Texts{"0101"});
    live(c, sensor, 105);
    CHECK(c.sink.bookmarks[kMark].starts_with("105 "));
    CHECK(requests(c, "2A52").size() == 1);
    SUBCASE("the sensor has them") {
        sensor.minutes = {95, 100, 105, 110, 115};
        c.link->whenWritten(0x2A52,
                            [&](const Bytes& request) { sensor.answerRecords(*c.link, request); });
        live(c, sensor, 115);
        CHECK(requests(c, "2A52") == Texts{"0101", "0103016900"});
        CHECK(gapsOf(c.sink.readings).empty());
        CHECK(distinctOf(c.sink.readings) == 5);
    }
    SUBCASE("the sensor has none either") {
        sensor.minutes = {95, 100, 105, 120};
        c.link->whenWritten(0x2A52,
                            [&](const Bytes& request) { sensor.answerRecords(*c.link, request); });
        live(c, sensor, 120);
        CHECK(requests(c, "2A52") == Texts{"0101", "0103016900"});
        CHECK(gapsOf(c.sink.readings) == Texts{"110-119"});
        live(c, sensor, 125);
        CHECK(requests(c, "2A52").size() == 2);
    }
    c.endLink();
    CHECK(c.succeeded());
}

TEST_CASE("a sensor of another session gives all its records") {
    Exchanges all;
    for (const std::string start : {"ea070b170600000000", "ea070b170630000000"}) {
        Conversation c;
        Sensor sensor{{10, 15, 20}};
        sensor.start = start;
        sensor.status = 72;
        sensor.addTo(c);
        all.begin(c);
        c.start();
        CHECK(requests(c, "2A52").back() == "0101");
        c.endLink();
        all.end(c);
    }
    CHECK(distinctOf(all.readings) == 6);
    CHECK(gapsOf(all.readings).empty());
}

TEST_CASE("the connection ends at any call, and the next one completes the job") {
    for (const std::string call :
         {"read 2AA8", "read 2AAA", "write 2AAA", "read 2AA9", "subscribe 2AA7", "read 2AAB",
          "subscribe 2AAC", "write 2AAC", "subscribe 2A52", "write 2A52"}) {
        CAPTURE(call);
        Exchanges all;
        for (const bool isFirst : {true, false}) {
            Conversation c;
            Sensor sensor{{100, 105, 110}};
            sensor.start = call == "write 2AAA" ? kUnset : sensor.start;
            sensor.addTo(c);
            all.begin(c);
            if (isFirst) c.link->on(call, Reply::disconnect());
            c.start();
            CHECK(c.ended.has_value() == isFirst);
            c.endLink();
            CHECK(c.clock.pendingTimers() == 0);
            all.end(c);
            CHECK(all.readings.size() == (isFirst ? 0 : 3));
        }
        CHECK(all.bookmarks[kMark].starts_with("110 "));
    }
}
