// Scales that give nothing of a person before that person's code was shown (User Data Service):
// each answer missing, wrong or doubled, the connection cut at each place.
#include <doctest/doctest.h>

#include "adapters/session/subject.hpp"
#include "tests/session/exchanges.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

using Texts = std::vector<std::string>;

/// 70 kg at 2026-11-23T08:00:00 of that user.
std::string weightOf(int user) {
    return fmt::format("06b036ea070b17080000{:02x}", user);
}

/// A scale with these answers to what is written, else silence.
void addScale(Conversation& c, std::map<std::string, Texts> answers) {
    c.link->addService(0x181D);
    c.link->addCharacteristic(0x2A9D, "i");
    c.link->addService(0x181C);
    c.link->addCharacteristic(0x2A9A, "r", {0xFF});
    c.link->addCharacteristic(0x2A9F, "wi");
    c.link->whenWritten(0x2A9F, [&c, answers](const Bytes& request) {
        const auto found = answers.find(toHex(request));
        if (found == answers.end()) return;
        for (const auto& answer : found->second) c.link->send(0x2A9F, answer);
    });
}

/// Slot 1 has the code 1234, slot 2 the code 2; their people are anna and ben.
void addPeople(DeviceSettings& settings, bool registers = false) {
    settings.consent[1] = [] { return Result<std::uint16_t>(1234); };
    settings.consent[2] = [] { return Result<std::uint16_t>(2); };
    settings.subjects.slots = {{1, "anna"}, {2, "ben"}};
    settings.registerUsers = registers;
}

constexpr auto kConsent1 = "0201d204";
constexpr auto kConsent2 = "02020200";
constexpr auto kRegister1 = "01d204";
constexpr auto kRegister2 = "010200";
constexpr auto kAgreed = "200201";

Texts requests(const Conversation& c) {
    Texts found;
    constexpr std::string_view kWrite = "write 2A9F ";
    for (const auto& call : c.link->calls()) {
        if (call.starts_with(kWrite)) found.push_back(call.substr(kWrite.size()));
    }
    return found;
}

std::string subjectOf(Conversation& c, int user) {
    c.link->send(0x2A9D, weightOf(user));
    c.clock.run();
    REQUIRE_FALSE(c.sink.readings.empty());
    return c.sink.readings.back().reading.subject();
}

}  // namespace

TEST_CASE("each user is asked in order, and what follows the consent is taken before the next") {
    Conversation c;
    addPeople(c.settings);
    addScale(c, {{kConsent1, {kAgreed}}, {kConsent2, {kAgreed}}});
    c.start();
    CHECK(c.link->calls() ==
          Texts{"discover", "subscribe 2A9D", "subscribe 2A9F", "write 2A9F 0201d204"});
    c.clock.advance(1s);
    c.link->send(0x2A9D, weightOf(1));
    c.clock.advance(2s - 1ms);
    CHECK(requests(c).size() == 1);
    CHECK(c.sink.readings.size() == 1);
    c.clock.advance(1ms);
    CHECK(requests(c) == Texts{kConsent1, kConsent2});
    c.clock.advance(2s);
    CHECK(subjectOf(c, 1) == "anna");
    CHECK(subjectOf(c, 2) == "ben");
    c.endLink();
    CHECK(c.succeeded());
}

TEST_CASE("a scale that never pauses does not keep the other users waiting for ever") {
    Conversation c;
    addPeople(c.settings);
    addScale(c, {{kConsent1, {kAgreed}}, {kConsent2, {kAgreed}}});
    c.start();
    for (int second = 0; second < 40; ++second) {
        c.clock.advance(1s);
        c.link->send(0x2A9D, weightOf(1));
    }
    CHECK(requests(c) == Texts{kConsent1, kConsent2});
}

TEST_CASE("whatever is answered to one user, the other is asked and the conversation goes on") {
    struct Exchange {
        const char* what;
        Texts answers;
        const char* log;  ///< a part of a line; empty: no complaint
    };
    const std::vector<Exchange> exchanges{
        {"agreed", {kAgreed}, ""},
        {"doubled", {kAgreed, kAgreed}, ""},
        {"of another request first", {"20010105", kAgreed}, ""},
        {"missing", {}, "consent: user 1: no answer within 30 s"},
        {"of another request", {"20010105"}, "consent: user 1: no answer within 30 s"},
        {"cut off", {"2002"}, "consent: user 1: no answer within 30 s"},
        {"too long", {"20020100"}, "consent: user 1: no answer within 30 s"},
        {"a request", {kConsent1}, "consent: user 1: no answer within 30 s"},
        {"not authorised", {"200205"}, "user 1: the device answers user-not-authorised"},
        {"failed", {"200204"}, "user 1: the device answers operation-failed"},
        {"invalid", {"200203"}, "user 1: the device answers parameter-invalid"},
        {"reserved", {"2002ee"}, "user 1: the device answers unknown"},
    };
    for (const auto& row : exchanges) {
        CAPTURE(std::string(row.what));
        Conversation c;
        addPeople(c.settings);
        addScale(c, {{kConsent1, row.answers}, {kConsent2, {kAgreed}}});
        c.start();
        c.clock.advance(35s);
        CHECK(requests(c) == Texts{kConsent1, kConsent2});
        const auto said = [&row](const std::string& line) { return line.contains(row.log); };
        if (*row.log != '\0') CHECK(std::ranges::any_of(c.lines, said));
        CHECK(subjectOf(c, 2) == "ben");
        c.endLink();
        CHECK(c.succeeded());
    }
}

TEST_CASE("a consent that is late, but in time, is one") {
    Conversation c;
    addPeople(c.settings);
    addScale(c, {{kConsent2, {kAgreed}}});
    c.start();
    c.clock.advance(29s);
    CHECK(requests(c) == Texts{kConsent1});
    c.link->send(0x2A9F, kAgreed);
    c.clock.advance(5s);
    CHECK(requests(c) == Texts{kConsent1, kConsent2});
    CHECK(subjectOf(c, 1) == "anna");
}

TEST_CASE("a code that cannot be read, or a request that is refused, concerns its user alone") {
    for (const bool isCode : {true, false}) {
        CAPTURE(isCode);
        Conversation c;
        addPeople(c.settings);
        addScale(c, {{kConsent1, {kAgreed}}, {kConsent2, {kAgreed}}});
        if (isCode) {
            c.settings.consent[1] = [] {
                return Result<std::uint16_t>(fail(ErrorKind::unavailable, "no credential"));
            };
        } else {
            c.link->on("write 2A9F", Reply::refused(ErrorKind::refused, "ATT error 0x80"));
        }
        c.start();
        c.clock.advance(3s);
        CHECK(requests(c).back() == kConsent2);
        CHECK(requests(c).size() == (isCode ? 1 : 2));
        CHECK_FALSE(c.ended);
    }
}

TEST_CASE("no consent is asked for without a code, or without a control point") {
    Conversation without;
    addScale(without, {});
    without.start();
    CHECK(requests(without).empty());

    Conversation other;
    addPeople(other.settings);
    other.addBloodPressure();
    other.start();
    CHECK_FALSE(other.link->wasCalled("subscribe 2A9F"));
    CHECK_FALSE(other.ended);
}

TEST_CASE("a user that the scale does not know is registered only where that is configured") {
    struct Row {
        const char* answer;
        bool registers;
        Texts requests;
    };
    const std::vector<Row> rows{
        {"200203", false, {kConsent1}},
        {"200203", true, {kConsent1, kRegister1, "0207d204"}},
        {"200204", true, {kConsent1, kRegister1, "0207d204"}},
        {"200205", true, {kConsent1}},  // it is known, with another code
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.answer));
        CAPTURE(row.registers);
        Conversation c;
        addPeople(c.settings, row.registers);
        c.settings.consent.erase(2);
        addScale(c,
                 {{kConsent1, {row.answer}}, {kRegister1, {"20010107"}}, {"0207d204", {kAgreed}}});
        c.start();
        c.clock.advance(3s);
        CHECK(requests(c) == row.requests);
        CHECK(c.sink.bookmarks["user-1"] == (row.requests.size() > 1 ? "7" : ""));
    }
}

TEST_CASE("the number that the scale gives to a user is known from then on") {
    Exchanges all;
    {
        Conversation c;
        addPeople(c.settings, true);
        addScale(c, {{kConsent1, {"200203"}},
                     {kRegister1, {"20010102"}},
                     {"0202d204", {kAgreed}},
                     {kConsent2, {"200205"}},
                     {kRegister2, {"20010103"}},
                     {"02030200", {kAgreed}}});
        c.start();
        c.clock.advance(5s);
        CHECK(requests(c) == Texts{kConsent1, kRegister1, "0202d204", kConsent2});
        // The number of the one is the slot of the other: nobody gets the other's readings.
        CHECK(subjectOf(c, 2) == "anna");
        c.endLink();
        all.end(c);
    }
    Conversation c;
    addPeople(c.settings, true);
    addScale(c, {{"0202d204", {kAgreed}},
                 {kConsent2, {"200203"}},
                 {kRegister2, {"20010103"}},
                 {"02030200", {kAgreed}}});
    all.begin(c);
    c.start();
    c.clock.advance(5s);
    CHECK(requests(c) == Texts{"0202d204", kConsent2, kRegister2, "02030200"});
    CHECK(subjectOf(c, 2) == "anna");
    CHECK(subjectOf(c, 3) == "ben");
    CHECK(subjectOf(c, 1).empty());
}

TEST_CASE("a user that a reset scale no longer knows is registered again") {
    Conversation c;
    c.sink.bookmarks["user-1"] = "7";
    addPeople(c.settings, true);
    addScale(c, {{"0207d204", {"200203"}},
                 {kRegister1, {"20010104"}},
                 {"0204d204", {kAgreed}},
                 {kConsent2, {kAgreed}}});
    c.start();
    c.clock.advance(5s);
    CHECK(requests(c) == Texts{"0207d204", kRegister1, "0204d204", kConsent2});
    CHECK(c.sink.bookmarks["user-1"] == "4");
    CHECK(subjectOf(c, 4) == "anna");
    CHECK(subjectOf(c, 7).empty());
}

TEST_CASE("a registration that gives nothing to use is told, and tried again next time") {
    for (const Texts& answers : {Texts{"200104"}, Texts{"200102"}, Texts{"200101"}, Texts{}}) {
        Conversation c;
        addPeople(c.settings, true);
        c.settings.consent.erase(2);
        addScale(c, {{kConsent1, {"200203"}}, {kRegister1, answers}});
        c.start();
        c.clock.advance(35s);
        CHECK(requests(c) == Texts{kConsent1, kRegister1});
        CHECK(c.sink.bookmarks["user-1"].empty());
        CHECK_FALSE(c.ended);
    }
}

TEST_CASE("a number that cannot be committed is not used") {
    Conversation c;
    addPeople(c.settings, true);
    addScale(c, {{kConsent1, {"200203"}}, {kRegister1, {"20010107"}}});
    c.sink.failAt = 1;
    c.start();
    c.clock.advance(1s);
    CHECK(requests(c) == Texts{kConsent1, kRegister1});
    CHECK(c.error() == "device cuff: keep values: intake is closed");
}

TEST_CASE("the connection ends at any call, and the next one completes the job") {
    struct Cut {
        const char* call;
        int before;  ///< calls of that name that go well
        const char* number;
    };
    constexpr std::array cuts{
        Cut{"subscribe 2A9F", 0, ""}, Cut{"write 2A9F", 0, ""},      Cut{"subscribe 2A9F", 1, ""},
        Cut{"write 2A9F", 1, ""},     Cut{"subscribe 2A9F", 2, "7"}, Cut{"write 2A9F", 2, "7"},
    };
    const std::map<std::string, Texts> answers{
        {kConsent1, {"200203"}}, {kRegister1, {"20010107"}}, {"0207d204", {kAgreed}}};
    for (const auto& cut : cuts) {
        CAPTURE(std::string(cut.call));
        CAPTURE(cut.before);
        Exchanges all;
        {
            Conversation c;
            addPeople(c.settings, true);
            c.settings.consent.erase(2);
            addScale(c, answers);
            for (int i = 0; i < cut.before; ++i) c.link->on(cut.call, Reply());
            c.link->on(cut.call, Reply::disconnect());
            c.start();
            CHECK(c.succeeded());
            CHECK(c.clock.pendingTimers() == 0);
            CHECK(c.sink.bookmarks["user-1"] == cut.number);
            all.end(c);
        }
        Conversation c;
        addPeople(c.settings, true);
        c.settings.consent.erase(2);
        addScale(c, answers);
        all.begin(c);
        c.start();
        c.clock.advance(5s);
        CHECK(requests(c).back() == "0207d204");
        CHECK(c.sink.bookmarks["user-1"] == "7");
        CHECK(subjectOf(c, 7) == "anna");
    }
}

TEST_CASE("no code stands in the log") {
    Conversation c;
    addPeople(c.settings, true);
    addScale(c, {{kConsent1, {"200203"}}, {kRegister1, {"20010107"}}, {"0207d204", {"200205"}}});
    c.start();
    c.clock.advance(40s);
    for (const auto& line : c.lines) {
        CHECK_FALSE(line.contains("1234"));
        CHECK_FALSE(line.contains("d204"));
    }
}

TEST_CASE("the people of slots move to the numbers that the device has given, and none is lost") {
    using Slots = std::map<std::uint32_t, std::string>;
    struct Row {
        std::map<std::uint32_t, std::uint32_t> given;
        Slots slots;
    };
    const std::vector<Row> rows{
        {{}, {{1, "anna"}, {2, "ben"}}},
        {{{1, 1}}, {{1, "anna"}, {2, "ben"}}},
        {{{1, 2}, {2, 1}}, {{2, "anna"}, {1, "ben"}}},
        {{{1, 2}, {2, 3}}, {{2, "anna"}, {3, "ben"}}},
        {{{1, 2}}, {{2, "anna"}}},
        {{{9, 2}}, {{1, "anna"}, {2, ""}}},
    };
    for (const auto& row : rows) {
        const SubjectMap configured{"", {{1, "anna"}, {2, "ben"}}};
        CHECK(session::renumbered(configured, row.given).slots == row.slots);
    }
}
