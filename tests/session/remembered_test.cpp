// What one conversation leaves to the next: unreadable, of a device that was reset meanwhile, or no
// longer certain.
#include <doctest/doctest.h>

#include "tests/session/sensor.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

constexpr auto kWeightOfUser7 = "06b036ea070b1708000007";
/// 70 kg, and 20.0 % fat, of nobody and no time.
constexpr auto kUnnamedWeight = "00b036";
constexpr auto kUnnamedFat = "0000c800";

void addScale(Conversation& c) {
    addWeightAndComposition(c);
    c.link->addService(0x181C);
    c.link->addCharacteristic(0x2A9F, "wi");
}

void addAnna(Conversation& c) {
    c.settings.consent[1] = [] { return Result<std::uint16_t>(1234); };
    c.settings.subjects.slots = {{1, "anna"}};
}

const NewReading& lastOf(Conversation& c, std::uint16_t characteristic, const std::string& hex) {
    c.link->send(characteristic, hex);
    c.clock.run();
    REQUIRE_FALSE(c.sink.readings.empty());
    return c.sink.readings.back();
}

}  // namespace

TEST_CASE("what cannot be read ends the conversation: the device keeps its records for later") {
    for (const std::string name : {"clock-offset", "waiting", "incomplete", "user-1"}) {
        CAPTURE(name);
        Conversation c;
        addAnna(c);
        addMeter(c, {{{1, 1}}});
        c.sink.bookmarks[name] = "as it was";
        c.sink.unreadable = name;
        c.start();
        CHECK(c.error() ==
              "device cuff: recall what is known: what was remembered: a page of it is damaged");
        CHECK_FALSE(c.link->wasCalled("write 2A52"));
        CHECK(c.link->wasCalled("disconnect"));
        CHECK(c.sink.bookmarks[name] == "as it was");
    }
    Conversation c;
    addMeter(c, {{{1, 1}}});
    c.sink.unreadable = "records-glucose";
    c.start();
    CHECK_FALSE(c.link->wasCalled("write 2A52"));
}

TEST_CASE("what arrives before a conversation ends for that is kept, and waits for nothing") {
    Conversation c;
    c.settings.profiles = {"weight", "body-composition"};
    addScale(c);
    c.sink.bookmarks["waiting"] = "as it was";
    c.sink.unreadable = "waiting";
    c.link->send(0x2A9D, kWeightOfUser7);
    c.start();
    REQUIRE(c.ended);
    CHECK(c.sink.readings.size() == 1);
    CHECK(c.sink.bookmarks["waiting"] == "as it was");
}

TEST_CASE("a number that a device gave to a user is that user's only while it takes the code") {
    struct Row {
        const char* answer;
        std::string subject;
    };
    for (const auto& row :
         {Row{"200201", "anna"}, Row{"200203", ""}, Row{"200205", ""}, Row{"", ""}}) {
        CAPTURE(std::string(row.answer));
        Conversation c;
        addAnna(c);
        addScale(c);
        c.sink.bookmarks["user-1"] = "7";
        c.link->whenWritten(0x2A9F, [&](const Bytes&) {
            if (*row.answer != '\0') c.link->send(0x2A9F, row.answer);
        });
        c.start();
        c.clock.advance(33s);
        c.link->send(0x2A9D, kWeightOfUser7);
        c.endLink();
        REQUIRE(c.sink.readings.size() == 1);
        CHECK(c.sink.readings[0].reading.subject() == row.subject);
        CHECK(c.sink.readings[0].reading.user_slot() == 7);
    }
}

TEST_CASE("the number of a slot whose code is no longer configured is nobody's") {
    Conversation c;
    c.settings.subjects.slots = {{1, "anna"}, {7, "ben"}};
    addScale(c);
    c.sink.bookmarks["user-1"] = "7";
    c.start();
    c.link->send(0x2A9D, kWeightOfUser7);
    c.endLink();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.subject().empty());
}

TEST_CASE("a late answer to one user is no consent of the next") {
    Conversation c;
    addAnna(c);
    c.settings.consent[2] = [] { return Result<std::uint16_t>(2); };
    c.settings.registerUsers = true;
    c.settings.subjects.slots[2] = "ben";
    addScale(c);
    c.sink.bookmarks["user-2"] = "7";
    std::vector<std::string> requests;
    c.link->whenWritten(0x2A9F, [&](const Bytes& request) {
        requests.push_back(toHex(request));
        if (requests.size() == 2) c.link->send(0x2A9F, "200201");  // it is anna's
    });
    c.start();
    c.clock.advance(33s);
    CHECK(requests == std::vector<std::string>{"0201d204", "02070200"});
    c.link->send(0x2A9D, kWeightOfUser7);
    c.endLink();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.subject().empty());
}

TEST_CASE("after a late answer nobody is registered: the late one may say that anna is unknown") {
    Conversation c;
    addAnna(c);
    c.settings.consent[2] = [] { return Result<std::uint16_t>(2); };
    c.settings.registerUsers = true;
    addScale(c);
    std::vector<std::string> requests;
    c.link->whenWritten(0x2A9F, [&](const Bytes& request) {
        requests.push_back(toHex(request));
        if (requests.size() == 2) c.link->send(0x2A9F, "200203");
    });
    c.start();
    c.clock.advance(70s);
    CHECK(requests == std::vector<std::string>{"0201d204", "02020200"});
}

TEST_CASE("a number that belongs to another user already is not taken") {
    Conversation c;
    addAnna(c);
    c.settings.registerUsers = true;
    c.settings.subjects.slots[2] = "ben";
    addScale(c);
    c.sink.bookmarks["user-2"] = "7";
    c.link->whenWritten(0x2A9F, [&](const Bytes& request) {
        c.link->send(0x2A9F, request[0] == 1 ? "20010107" : "200203");
    });
    c.start();
    c.clock.advance(3s);
    CHECK(c.sink.bookmarks["user-1"].empty());
    c.link->send(0x2A9D, kWeightOfUser7);
    c.endLink();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.subject().empty());
}

TEST_CASE("a piece without a name that was waiting when the hub stopped is nobody else's half") {
    Exchanges all;
    {
        Conversation c;
        addScale(c);
        c.start();
        c.link->send(0x2A9D, kUnnamedWeight);
        c.clock.run();
        CHECK(c.sink.readings.empty());
        all.bookmarks = c.sink.bookmarks;  // the hub is killed
    }
    Conversation c;
    addScale(c);
    all.begin(c);
    c.start();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.kind() == "weight");
    CHECK(c.sink.readings[0].reading.partial());
    c.link->send(0x2A9C, kUnnamedFat);
    c.endLink();
    REQUIRE(c.sink.readings.size() == 2);
    CHECK(c.sink.readings[1].reading.kind() == "body-composition");
    CHECK_FALSE(c.sink.readings[1].amends);
}

TEST_CASE("the context of a control solution is told with it, and is no reading") {
    const MeterRecord record{7, 7, true, true};
    Conversation c;
    addMeter(c, {});
    c.link->whenWritten(0x2A52, [](const Bytes&) {});
    c.start();
    c.link->send(0x2A18, record.hex());
    c.clock.run();
    c.link->send(0x2A34, record.contextHex());
    c.endLink();
    CHECK(c.sink.readings.empty());
    REQUIRE(c.sink.events.size() == 2);
    for (const auto& event : c.sink.events)
        CHECK(event.refused().reason() == v1::REFUSED_CONTROL_SOLUTION);
    REQUIRE(c.sink.refusals.size() == 2);
    CHECK(keyOf(c.sink.refusals[0]) != keyOf(c.sink.refusals[1]));
}

TEST_CASE("the start of a sensor's session is remembered for a connection that cannot read it") {
    Exchanges all;
    struct Row {
        const char* what;
        std::uint16_t status;  ///< minutes
        bool isKnown;
    };
    for (const auto& row : {Row{"counts on", 120, true}, Row{"slightly apart", 100, true},
                            Row{"has begun another session", 5, false}}) {
        CAPTURE(std::string(row.what));
        {
            Conversation c;
            Sensor{{100}}.addTo(c);
            c.start();
            c.endLink();
            all.end(c);
        }
        Conversation c;
        Sensor sensor{{100}};
        sensor.status = row.status;
        sensor.addTo(c);
        c.settings.records = RecordUse::all;
        all.begin(c);
        c.link->on("read 2AAA", Reply::refused(ErrorKind::refused, "not now"));
        c.start();
        CHECK(c.link->wasCalled("write 2A52") == row.isKnown);
        const auto& made = lastOf(c, 0x2AA7, sensor.record(100));
        CHECK(made.reading.device_time() == (row.isKnown ? "2026-11-23T07:40:00" : "ticks:100"));
        if (row.isKnown) CHECK(keyOf(made.identity) == keyOf(all.readings[0].identity));
    }
}

TEST_CASE("a sensor that was started anew while connected gets its new start, or none") {
    for (const bool isRead : {true, false}) {
        CAPTURE(isRead);
        Conversation c;
        const Sensor sensor;
        sensor.addTo(c);
        c.start();
        CHECK(lastOf(c, 0x2AA7, sensor.record(115)).reading.device_time() == "2026-11-23T07:55:00");
        c.link->on("read 2AAA", isRead ? Reply::bytes(*fromHex("ea070b17073a000000"))
                                       : Reply::refused(ErrorKind::refused, "not now"));
        c.link->on("read 2AA9", Reply::bytes(*fromHex("0200000000")));
        const auto& made = lastOf(c, 0x2AA7, sensor.record(1));
        CHECK(made.reading.device_time() == (isRead ? "2026-11-23T07:59:00" : "ticks:1"));
        CHECK(lastOf(c, 0x2AA7, sensor.record(2)).reading.device_time() ==
              (isRead ? "2026-11-23T08:00:00" : "ticks:2"));
    }
}

TEST_CASE("a session goes through the change to winter time with the offset of its start") {
    Conversation c;
    c.options.zone = *TimeZone::find("Europe/Berlin");
    // 02:30 summer time on the day on which 03:00 becomes 02:00.
    c.clock.setWall(*parseUtc("2026-10-25T03:30:00Z"));
    Sensor sensor;
    sensor.start = "ea070a19021e000404";
    sensor.status = 180;
    sensor.addTo(c);
    c.start();
    const auto& made = lastOf(c, 0x2AA7, sensor.record(170));
    CHECK(formatUtc(fromTimestamp(made.reading.measured())).substr(11, 5) == "03:20");
    CHECK(made.reading.time_basis() == v1::TIME_DEVICE);
    CHECK(made.reading.utc_offset_min() == 120);
    CHECK(made.reading.device_time() == "2026-10-25T05:20:00");
}

TEST_CASE("a ketone is told as what cannot be read, never as a glucose") {
    Conversation c;
    addMeter(c, {});
    c.link->whenWritten(0x2A52, [](const Bytes&) {});
    c.start();
    c.link->send(0x2A18, "120100ea070b170600000fb0f8");
    c.link->send(0x2A34, "02010006");
    c.endLink();
    CHECK(c.sink.readings.empty());
    REQUIRE(c.sink.events.size() == 2);
    for (const auto& event : c.sink.events)
        CHECK(event.refused().reason() == v1::REFUSED_UNKNOWN_FORMAT);
}

TEST_CASE("a piece whose device cannot be asked what it sends is given out as one, and completed") {
    Exchanges all;
    for (const std::string call : {"", "discover", "discover"}) {
        Conversation c;
        addScale(c);
        all.begin(c);
        if (!call.empty()) c.link->on(call, Reply::disconnect());
        if (call.empty()) c.link->send(0x2A9D, kWeightOfUser7);
        c.start();
        CHECK(c.ended.has_value() == !call.empty());
        all.end(c);
    }
    REQUIRE(all.readings.size() == 1);
    CHECK(all.readings[0].reading.partial());
    Conversation c;
    addScale(c);
    all.begin(c);
    c.start();
    c.link->send(0x2A9C, "0600c800ea070b1708000007");
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].amends.has_value());
    CHECK_FALSE(c.sink.readings[0].reading.partial());
}

TEST_CASE("a piece of a registered user waits until the device has taken that user's code") {
    for (const bool isTaken : {true, false}) {
        CAPTURE(isTaken);
        Exchanges all;
        all.bookmarks["user-1"] = "7";
        {
            Conversation c;
            addAnna(c);
            addScale(c);
            all.begin(c);
            c.link->whenWritten(0x2A9F, [&](const Bytes&) { c.link->send(0x2A9F, "200201"); });
            c.start();
            c.link->send(0x2A9D, kWeightOfUser7);
            c.clock.run();
            all.bookmarks = c.sink.bookmarks;
            CHECK_FALSE(all.bookmarks["waiting"].empty());
        }
        Conversation c;
        addAnna(c);
        addScale(c);
        all.begin(c);
        c.link->whenWritten(0x2A9F, [&](const Bytes&) {
            if (isTaken) return c.link->send(0x2A9F, "200201");
            c.link->endLink();
        });
        c.start();
        c.clock.advance(3s);
        c.endLink();
        CHECK(c.sink.readings.size() == (isTaken ? 1 : 0));
        if (isTaken) CHECK(c.sink.readings[0].reading.subject() == "anna");
        CHECK(c.sink.bookmarks["waiting"].empty() == isTaken);
    }
}

TEST_CASE("equal values of a device whose clock stands, or begins anew each time, are all kept") {
    struct Row {
        const char* what;
        std::array<Duration, 3> shown;  ///< ahead of 2020-01-01, at 0 h, 24 h and 48 h
        std::size_t distinct;
    };
    const std::array rows{
        Row{"stands", {0s, 0s, 0s}, 3},
        Row{"begins anew", {20s, 150s, 5s}, 3},
        Row{"runs", {0s, 24h, 48h}, 1},  // what was not heard is sent again
        Row{"runs, and was put back an hour", {0s, 23h, 47h}, 1},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        Exchanges all;
        const std::chrono::local_days begin{std::chrono::year{2026} / 11 / 20};
        for (std::size_t i = 0; i < row.shown.size(); ++i) {
            Conversation c;
            c.options.setDeviceClocks.reset();
            c.clock.advance(static_cast<int>(i) * 24h);
            c.addBloodPressure();
            c.link->addService(0x1805);
            c.link->addCharacteristic(0x2A2B, "r", currentTime(begin + row.shown[i]));
            all.begin(c);
            c.start();
            // 128/82 at the beginning of that day.
            c.link->send(0x2A35, "1e800052006100ea070b1400000047000104 00");
            c.endLink();
            all.end(c);
        }
        REQUIRE(all.readings.size() == 3);
        std::set<std::string> keys;
        std::size_t unnamed = 0;
        for (const auto& made : all.readings) {
            if (made.identity.deviceTime.empty())
                ++unnamed;
            else
                keys.insert(keyOf(made.identity));
        }
        CHECK(keys.size() + unnamed == row.distinct);
    }
}

TEST_CASE("a device whose times are no use tells records apart by their number") {
    Exchanges all;
    // Its clock was never set: all records are of the same day of 1970.
    const auto record = [](int number) {
        return fmt::format("02{:02x}00b207010106000070b011", number);
    };
    for (int connection = 0; connection < 2; ++connection) {
        Conversation c;
        addMeter(c, {});
        c.link->whenWritten(0x2A52, [&](const Bytes&) {
            c.link->send(0x2A18, record(1));
            c.link->send(0x2A18, record(2));
            c.link->send(0x2A52, "06000101");
        });
        all.begin(c);
        c.start();
        c.endLink();
        all.end(c);
    }
    CHECK(all.readings.size() == 4);
    CHECK(all.numbers() == std::vector<std::uint32_t>{1, 2});
}
