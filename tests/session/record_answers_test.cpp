// Answers of the Record Access Control Point that are late, wrong, missing, doubled or refused.
#include <doctest/doctest.h>

#include "tests/session/exchanges.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

constexpr auto kRecord1 = "020100ea070b1706010070b011";
constexpr auto kRecord2 = "020200ea070b1706020070b011";
constexpr auto kLive = "020300ea070b1706030070b011";

/// What arrives at 0x2A52, or at another characteristic, so long after the request was written.
struct Exchange {
    const char* what;
    Duration after;
    std::vector<std::string> answers;
    bool isAborted;  ///< the request is given up
    bool isMarked;   ///< both records are known then
};

const std::vector<Exchange>& exchanges() {
    static const std::vector<Exchange> kExchanges{
        {"at once", 0s, {"06000101"}, false, true},
        {"late", 29s, {"06000101"}, false, true},
        {"too late", 31s, {"06000101"}, true, true},
        {"missing", 0s, {}, true, true},
        {"doubled", 0s, {"06000101", "06000101"}, false, true},
        {"of another request", 0s, {"06000401"}, true, true},
        {"of another request first", 0s, {"06000401", "06000101"}, false, true},
        {"a count", 0s, {"05000200"}, true, true},
        {"cut off", 0s, {"060001"}, true, true},
        {"too long", 0s, {"0600010101"}, true, true},
        {"empty", 0s, {""}, true, true},
        {"a request", 0s, {"0101"}, true, true},
        {"reserved op code", 0s, {"ff000101"}, true, true},
        {"not completed", 0s, {"06000108"}, false, true},
        {"reserved answer", 0s, {"060001ee"}, false, true},
    };
    return kExchanges;
}

void addMute(Conversation& c) {
    addMeter(c, {});
    c.link->whenWritten(0x2A52, [](const Bytes&) {});
}

}  // namespace

TEST_CASE("whatever is answered, what came is kept and the conversation goes on") {
    for (const auto& row : exchanges()) {
        CAPTURE(std::string(row.what));
        Exchanges all;
        Conversation c;
        addMute(c);
        c.start();
        c.link->send(0x2A18, kRecord1);
        c.link->send(0x2A18, kRecord2);
        c.clock.run();
        c.clock.advance(row.after);
        for (const auto& answer : row.answers) c.link->send(0x2A52, answer);
        c.clock.advance(30s);
        CHECK(c.link->wasCalled("write 2A52 0300") == row.isAborted);
        CHECK_FALSE(c.ended);
        c.link->send(0x2A18, kLive);
        c.endLink();
        CHECK(c.succeeded());
        CHECK(c.sink.readings.size() == 3);
        CHECK(c.sink.bookmarks["records-glucose"].starts_with(row.isMarked ? "3 " : "1 "));
        all.end(c);
        connect(all, {{{1, 1}, {2, 2}, {3, 3}, {4, 4}}});
        CHECK(all.numbers() == std::vector<std::uint32_t>{1, 2, 3, 4});
    }
}

TEST_CASE("a device that answers nothing is left with an abort after exactly the limit") {
    Conversation c;
    addMute(c);
    c.start();
    c.clock.advance(30s - 1ms);
    CHECK_FALSE(c.link->wasCalled("write 2A52 03"));
    c.clock.advance(1ms);
    CHECK(c.link->calls().back() == "write 2A52 0300");
    CHECK_FALSE(c.ended);
}

TEST_CASE("each record begins the limit anew") {
    Conversation c;
    addMute(c);
    c.start();
    for (int i = 1; i <= 10; ++i) {
        c.clock.advance(29s);
        c.link->send(0x2A18, fmt::format("02{:02x}00ea070b1706{:02x}0070b011", i, i));
        c.clock.run();
    }
    CHECK_FALSE(c.link->wasCalled("write 2A52 03"));
    CHECK(c.sink.readings.size() == 10);
    c.link->send(0x2A52, "06000101");
    c.clock.advance(1min);
    CHECK_FALSE(c.link->wasCalled("write 2A52 03"));
    CHECK(c.sink.bookmarks["records-glucose"].starts_with("10 "));
}

TEST_CASE("a device whose control point cannot be used still measures") {
    struct Row {
        const char* what;
        const char* call;
        Reply reply;
        bool isAborted;
    };
    const std::array rows{
        Row{"busy", "write 2A52", Reply::refused(ErrorKind::refused, "ATT error 0xFE"), false},
        Row{"not subscribed", "write 2A52", Reply::refused(ErrorKind::refused, "ATT error 0xFD"),
            false},
        Row{"write without answer", "write 2A52", Reply::never(), true},
        Row{"no subscription", "subscribe 2A52",
            Reply::refused(ErrorKind::unsupported, "it cannot indicate"), false},
        Row{"no answer to the subscription", "subscribe 2A52", Reply::never(), true},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        Exchanges all;
        Conversation c;
        addMeter(c, {{{1, 1}, {2, 2}}});
        c.link->on(row.call, row.reply);
        c.start();
        c.clock.advance(15s);
        CHECK(c.link->wasCalled("write 2A52 0300") == row.isAborted);
        c.link->send(0x2A18, kLive);
        c.endLink();
        CHECK(c.succeeded());
        CHECK(c.sink.readings.size() == 1);
        all.end(c);
        connect(all, {{{1, 1}, {2, 2}, {3, 3}}});
        CHECK(all.numbers() == std::vector<std::uint32_t>{1, 2, 3});
    }
}

TEST_CASE("a control point that cannot be written or cannot indicate is left alone") {
    for (const std::string properties : {"i", "w", ""}) {
        CAPTURE(properties);
        Conversation c;
        c.link->addService(0x1808);
        c.link->addCharacteristic(0x2A18, "n");
        c.link->addCharacteristic(0x2A52, properties);
        c.start();
        CHECK_FALSE(c.link->wasCalled("subscribe 2A52"));
        CHECK_FALSE(c.link->wasCalled("write 2A52"));
        CHECK_FALSE(c.ended);
    }
}

TEST_CASE("an answer that was too late is none to the next request") {
    Conversation c;
    addMute(c);
    c.sink.bookmarks["records-glucose"] = "1 2026-11-23T06:01:00 0";
    c.start();
    CHECK(c.link->calls().back() == "write 2A52 0103010100");
    c.link->send(0x2A52, "06000104");  // operator unsupported, twice
    c.link->send(0x2A52, "06000104");
    c.clock.run();
    CHECK(c.link->calls().back() == "write 2A52 0101");
    c.link->send(0x2A18, kRecord1);
    c.link->send(0x2A18, kRecord2);
    c.link->send(0x2A52, "06000101");
    c.endLink();
    CHECK(c.sink.bookmarks["records-glucose"].starts_with("2 "));
    const auto isWarning = [](const std::string& line) { return line.contains("does not give"); };
    CHECK(std::ranges::none_of(c.lines, isWarning));
}

TEST_CASE("a stop in the middle of a fetch keeps what has arrived, and the mark of it") {
    Exchanges all;
    Conversation c;
    addMute(c);
    c.start();
    c.link->send(0x2A18, kRecord1);
    c.link->send(0x2A18, kRecord2);
    c.session->stop();
    c.clock.run();
    CHECK(c.error() == "device cuff: stopped");
    CHECK(c.sink.readings.size() == 2);
    CHECK(c.clock.pendingTimers() == 0);
    all.end(c);
    connect(all, {{{1, 1}, {2, 2}, {3, 3}}});
    CHECK(all.numbers() == std::vector<std::uint32_t>{1, 2, 3});
}
