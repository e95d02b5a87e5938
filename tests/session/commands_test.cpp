// Commands within a conversation: done, refused by the device, without an answer, cut off; given
// too early, too late, two at a time, and with what no device can be asked.
#include <doctest/doctest.h>

#include "tests/session/commands.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

TEST_CASE("a hub that does not know the time gives a device none, whoever commands it") {
    for (const bool isBehind : {true, false}) {
        CAPTURE(isBehind);
        Conversation c;
        c.clock.setTrust(ClockTrust::unsynchronised);
        c.options.setDeviceClocks.reset();
        // The hub is behind, never ahead: what is far behind the hub is so in truth.
        c.addClock(isBehind ? -25h : 0h);
        c.addBloodPressure();
        c.start();
        const auto before = c.link->calls().size();
        CHECK(text(give(c, R"({"setClock":{}})")) == (isBehind ? "DONE" : "FAILED INTERNAL"));
        CHECK(writes(c, before).size() == (isBehind ? 1 : 0));
    }
}

TEST_CASE("each command asks the device exactly this, and is done with its answer") {
    for (const auto& row : commandRows()) {
        CAPTURE(std::string(row.json));
        Conversation c;
        addAll(c, willing());
        c.start();
        const auto before = c.link->calls().size();
        const auto outcome = give(c, row.json);
        CHECK(text(outcome) == "DONE");
        CHECK(writes(c, before) == row.writes);
        CHECK_FALSE(c.ended);
        c.link->send(0x2A37, "0048");
        c.endLink();
        CHECK(c.succeeded());
        CHECK(c.clock.pendingTimers() == 0);
    }
}

TEST_CASE("a device that refuses, does not answer or leaves fails the command, with the reason") {
    struct Failure {
        Reply reply;
        const char* result;
        bool ends;
    };
    const std::vector<Failure> failures{
        {Reply::refused(ErrorKind::refused, "ATT error 0x80"), "FAILED DEVICE_REFUSED", false},
        {Reply::refused(ErrorKind::authentication, "pair first"), "FAILED NOT_BONDED", false},
        {Reply::never(), "FAILED TIMED_OUT", false},
        {Reply::disconnect(), "FAILED DISCONNECTED", true},
    };
    for (const auto& row : commandRows()) {
        for (const auto& failure : failures) {
            CAPTURE(std::string(row.json));
            CAPTURE(std::string(failure.result));
            Conversation c;
            c.options.setDeviceClocks.reset();
            addAll(c, willing());
            c.addClock(1h);  // a second clock that shows another time is not read
            c.start();
            c.link->on("read 2A2B",
                       Reply::bytes(currentTime(c.options.zone.toLocal(c.clock.wall() + 1h))));
            c.link->on("read 2A2B",
                       Reply::bytes(currentTime(c.options.zone.toLocal(c.clock.wall() + 1h))));
            c.link->on("pair", Reply::refused(ErrorKind::refused, "no"));
            c.link->on(row.call, failure.reply);
            const auto outcome = give(c, row.json);
            c.clock.advance(45s);
            CHECK(text(outcome) == failure.result);
            CHECK((*outcome)->text().size() > 5);
            CHECK(c.ended.has_value() == failure.ends);
            c.endLink();
            CHECK(c.succeeded());
            CHECK(c.clock.pendingTimers() == 0);
        }
    }
}

TEST_CASE("what a command may not say is refused, and nothing is written") {
    const auto calibrate = [](std::string_view what) {
        return fmt::format(R"({{"calibrate":{{"glucoseMgDl":112,"sampled":"2026-11-23T07:40:00Z",)"
                           R"("sampleType":"capillary-plasma","site":"finger",{}}}}})",
                           what);
    };
    const Texts commands{
        R"({"calibrate":{}})",
        calibrate(R"("glucoseMgDl":0)"),
        calibrate(R"("glucoseMgDl":-112)"),
        calibrate(R"("glucoseMgDl":5000)"),
        calibrate(R"("glucoseMgDl":"NaN")"),
        calibrate(R"("glucoseMgDl":"Infinity")"),
        calibrate(R"("sampled":"2026-11-23T05:59:59Z")"),
        calibrate(R"("sampled":"2026-11-23T08:01:01Z")"),
        calibrate(R"("sampled":"1970-01-01T00:00:00Z")"),
        calibrate(R"("sampleType":"")"),
        calibrate(R"("sampleType":"unknown")"),
        calibrate(R"("sampleType":"urine")"),
        calibrate(R"("site":"unknown")"),
        calibrate(R"("site":"nose")"),
        R"({"setAlertLimit":{}})",
        R"({"setAlertLimit":{"limit":"high","value":180,"unit":"mg/dL"}})",
        R"({"setAlertLimit":{"limit":"hypo","value":180,"unit":"kg"}})",
        R"({"setAlertLimit":{"limit":"hypo","value":180,"unit":"mg/dL/min"}})",
        R"({"setAlertLimit":{"limit":"fall-rate","value":2,"unit":"mg/dL"}})",
        R"({"setAlertLimit":{"limit":"hypo","value":"NaN","unit":"mg/dL"}})",
        R"({"setAlertLimit":{"limit":"hypo","value":"-Infinity","unit":"mmol/L"}})",
        R"({"setAlertLimit":{"limit":"hypo","value":1e300,"unit":"mg/dL"}})",
        R"({"setAlertLimit":{"limit":"hypo","value":3.9,"unit":"mg/dL"}})",
        R"({"setAlertLimit":{"limit":"hypo","value":0,"unit":"mg/dL"}})",
        R"({"setAlertLimit":{"limit":"hyper","value":180,"unit":"mmol/L"}})",
        R"({"setAlertLimit":{"limit":"fall-rate","value":-2,"unit":"mg/dL/min"}})",
        R"({"setAlertLimit":{"limit":"rise-rate","value":50,"unit":"mg/dL/min"}})",
        R"({"setInterval":{"seconds":299}})",
        R"({"setInterval":{"seconds":15300}})",
        R"({"setInterval":{"seconds":4294967295}})",
        R"({"startMeasurement":{"seconds":60}})",
        R"({"fetchRecords":{}})",
        R"({"fetchRecords":{"sinceNumber":65536}})",
        R"({"fetchRecords":{"range":{"first":2,"last":1}}})",
        R"({"fetchRecords":{"range":{"first":0,"last":65536}}})",
    };
    for (const auto& json : commands) {
        CAPTURE(json);
        Conversation c;
        addAll(c, willing());
        c.start();
        const auto before = c.link->calls().size();
        // protobuf takes no field twice: the later one replaces the earlier.
        auto once = json;
        const auto last = json.rfind(",\"");
        if (json.starts_with(R"({"calibrate":{"glucoseMgDl)")) {
            const auto name = json.substr(last + 1, json.find(':', last) - last);
            const auto first = json.find(name);
            const auto comma = json.find(',', first);
            once = json.substr(0, first) + json.substr(comma + 1);
        }
        CHECK(text(give(c, once)) == "REFUSED OUT_OF_RANGE");
        CHECK(c.link->calls().size() == before);
    }
}

TEST_CASE("what the device has no characteristic for is not offered, and refused") {
    Conversation c;
    c.addCuff(0s);
    c.settings.setClock = false;
    c.start();
    REQUIRE(c.session->commands().size() == 1);
    CHECK(c.session->commands()[0].kind() == "read-battery");
    const auto before = c.link->calls().size();
    for (const auto& row : commandRows()) {
        const bool isBattery = std::string_view(row.call) == "read 2A19";
        if (!isBattery) CHECK(text(give(c, row.json)) == "REFUSED NOT_SUPPORTED");
    }
    CHECK(text(give(c, R"({"clearRecords":{"all":true}})")) == "REFUSED NOT_SUPPORTED");
    CHECK(text(give(c, "{}")) == "REFUSED NOT_SUPPORTED");
    CHECK(c.link->calls().size() == before);
}

TEST_CASE("what is offered stands in the descriptor, with its own permission where it needs one") {
    Conversation c;
    addAll(c);
    c.start();
    std::map<std::string, bool> offered;
    for (const auto& spec : c.sink.descriptors.back().commands()) {
        CHECK(spec.waits_for_device());
        offered[spec.kind()] = spec.own_permission();
    }
    CHECK(offered == std::map<std::string, bool>{{"read-battery", false},
                                                 {"set-clock", false},
                                                 {"fetch-records", false},
                                                 {"start-measurement", false},
                                                 {"stop-measurement", false},
                                                 {"reset-energy", false},
                                                 {"calibrate", true},
                                                 {"set-alert-limit", true},
                                                 {"set-interval", false}});
}

TEST_CASE("records that a command asks for come as readings, and their number is the result") {
    struct Fetch {
        const char* which;
        const char* request;
        std::uint64_t records;
        std::size_t readings;
    };
    const std::vector<Fetch> fetches{
        {R"("all":true)", "0101", 5, 5},
        {R"("sinceNumber":3)", "0103010300", 3, 3},
        {R"("countOnly":true)", "0401", 5, 0},
        {R"("sinceNumber":9)", "0103010900", 0, 0},
    };
    for (const auto& row : fetches) {
        CAPTURE(std::string(row.which));
        Conversation c;
        c.settings.records = RecordUse::none;
        addMeter(c, {{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}}});
        c.start();
        const auto outcome = give(c, fmt::format(R"({{"fetchRecords":{{{}}}}})", row.which));
        CHECK(text(outcome) == "DONE");
        CHECK((*outcome)->records() == row.records);
        CHECK(c.sink.readings.size() == row.readings);
        CHECK(c.link->calls().back() == "write 2A52 " + std::string(row.request));
        CHECK(c.sink.bookmarks["records-glucose"].empty());  // it chooses, and leaves others out
    }
}

TEST_CASE("a range of records is asked for by its ends") {
    Conversation c;
    c.settings.records = RecordUse::none;
    addMeter(c, {});
    c.start();
    give(c, R"({"fetchRecords":{"range":{"first":258,"last":772}}})");
    CHECK(c.link->calls().back() == "write 2A52 01040102010403");
}

TEST_CASE("commands run one after the other, in their order") {
    Conversation c;
    addAll(c, willing());
    c.start();
    const auto before = c.link->calls().size();
    c.link->on("write 2AAC", Reply::after(2s));
    const auto first = give(c, R"({"setInterval":{"seconds":300}})");
    const auto second = give(c, R"({"resetEnergy":{}})");
    CHECK(writes(c, before) == Texts{"2AAC 0105"});
    c.clock.advance(2s);
    CHECK(text(first) == "DONE");
    CHECK(text(second) == "DONE");
    CHECK(writes(c, before) == Texts{"2AAC 0105", "2A39 01"});
}

TEST_CASE("a command that is given while another waits for its answer does not disturb that") {
    Conversation c;
    auto sensor = willing();
    sensor.answers["0105"] = "";
    addAll(c, sensor);
    c.start();
    const auto first = give(c, R"({"setInterval":{"seconds":300}})");
    c.clock.advance(10s);
    const auto second = give(c, R"({"readBattery":{}})");
    c.clock.advance(10s);
    CHECK(text(first) == "none");
    c.link->send(0x2AAC, "1c0101");
    c.clock.run();
    CHECK(text(first) == "DONE");
    CHECK(text(second) == "DONE");
    CHECK((*second)->battery_percent() == 80);
}

TEST_CASE("a command that is given while records are fetched waits for their end") {
    Conversation c;
    addMeter(c, {});
    c.addInformation();
    c.link->whenWritten(0x2A52, [](const Bytes&) {});
    c.start();
    const auto outcome = give(c, R"({"readBattery":{}})");
    c.clock.advance(10s);
    CHECK(text(outcome) == "none");
    CHECK_FALSE(c.link->wasCalled("write 2A52 0300"));
    c.link->send(0x2A52, "06000101");
    c.clock.run();
    CHECK(text(outcome) == "DONE");
}

TEST_CASE("a command that is given before the services are known waits, or ends with the link") {
    for (const bool ends : {false, true}) {
        CAPTURE(ends);
        Conversation c;
        c.addCuff(0s);
        c.link->on("discover", ends ? Reply::never() : Reply::after(3s));
        c.start();
        CHECK(c.session->commands().empty());
        const auto outcome = give(c, R"({"readBattery":{}})");
        CHECK(text(outcome) == "none");
        if (ends) c.link->endLink();
        c.clock.advance(3s);
        CHECK(text(outcome) == (ends ? "FAILED UNREACHABLE" : "DONE"));
    }
}

TEST_CASE("a command that is given when the conversation is over, or is stopped, is not run") {
    Conversation c;
    addAll(c);
    c.start();
    c.link->on("read 2A19", Reply::never());
    const auto running = give(c, R"({"readBattery":{}})");
    const auto waiting = give(c, R"({"resetEnergy":{}})");
    c.session->stop();
    c.clock.run();
    CHECK(text(running) == "FAILED DISCONNECTED");
    CHECK(text(waiting) == "FAILED UNREACHABLE");
    const auto late = give(c, R"({"resetEnergy":{}})");
    CHECK(text(late) == "FAILED UNREACHABLE");
    CHECK_FALSE(c.link->wasCalled("write 2A39"));
    CHECK(c.clock.pendingTimers() == 0);
}

TEST_CASE("a command that waited too long was told so, and is not run any more") {
    Conversation c;
    addMeter(c, {});
    c.addInformation();
    c.link->whenWritten(0x2A52, [](const Bytes&) {});
    c.start();
    const auto outcome = give(c, R"({"readBattery":{}})");
    const auto reads = std::ranges::count(c.link->calls(), "read 2A19");
    for (int i = 0; i < 25; ++i) {  // a record from time to time, for longer than ten minutes
        c.clock.advance(29s);
        c.link->send(0x2A18, fmt::format("02{:02x}00ea070b1706{:02x}0070b011", i, i));
        c.clock.run();
    }
    CHECK(text(outcome) == "FAILED TIMED_OUT");
    c.link->send(0x2A52, "06000101");
    c.clock.run();
    CHECK(std::ranges::count(c.link->calls(), "read 2A19") == reads);
}

TEST_CASE("a command whose time is over when its turn comes is not begun") {
    Conversation c;
    addMeter(c, {});
    c.addInformation();
    c.link->whenWritten(0x2A52, [](const Bytes&) {});
    c.start();
    const auto reads = std::ranges::count(c.link->calls(), "read 2A19");
    const auto early = give(c, R"({"readBattery":{},"notAfter":"2026-11-23T08:00:10Z"})");
    const auto late = give(c, R"({"readBattery":{},"notAfter":"2026-11-23T08:00:11Z"})");
    c.clock.advance(11s);
    c.link->send(0x2A52, "06000101");
    c.clock.run();
    CHECK(text(early) == "EXPIRED");
    CHECK(text(late) == "DONE");
    CHECK(std::ranges::count(c.link->calls(), "read 2A19") == reads + 1);
}

TEST_CASE("a clock that the hub leaves alone is set by a command") {
    for (const bool isTaken : {true, false}) {
        CAPTURE(isTaken);
        Conversation c;
        c.options.setDeviceClocks.reset();
        c.addCuff(-1h);
        c.start();
        CHECK_FALSE(c.link->wasCalled("write 2A2B"));
        c.link->on("read 2A2B", Reply());
        c.link->on("write 2A2B", Reply::after(2s));
        if (!isTaken) c.link->on("read 2A2B", Reply::bytes(*fromHex("ea070b17070000010000")));
        const auto outcome = give(c, R"({"setClock":{}})");
        c.clock.advance(2s);
        CHECK(text(outcome) == (isTaken ? "DONE" : "FAILED DEVICE_REFUSED"));
        CHECK(std::ranges::count(c.link->calls(), "write 2A2B ea070b17080000010002") == 1);
        CHECK(c.sink.events.size() == (isTaken ? 1 : 0));
    }
}

TEST_CASE("a battery level that is none is no result") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    c.link->on("read 2A19", Reply::bytes({200}));
    const auto outcome = give(c, R"({"readBattery":{}})");
    CHECK(text(outcome) == "FAILED DEVICE_REFUSED");
    CHECK_FALSE((*outcome)->has_battery_percent());
}
