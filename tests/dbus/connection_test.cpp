#include "gateway/dbus/connection.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include "tests/support/private_bus.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace vitalgate::dbus;
using namespace std::chrono_literals;
using vitalgate::testing::PrivateBus;
using vitalgate::testing::runUntil;
using vitalgate::testing::VirtualClock;

namespace {

/// A bus, a server and a client on one loop.
struct TwoEnds {
    PrivateBus bus;
    asio::io_context loop;
    SystemClock clock{loop};
    std::vector<std::string> lines;
    Log log = Log::toFunction(
        LogLevel::debug, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
    std::unique_ptr<Connection> server = open();
    std::unique_ptr<Connection> client = open();

    std::unique_ptr<Connection> open() {
        auto connection = Connection::open(bus.address(), clock, log);
        REQUIRE(connection);
        return std::move(*connection);
    }
    Request request(std::string method, Values arguments = {}) const {
        return {server->uniqueName(), "/thing", "test.Thing", std::move(method),
                std::move(arguments)};
    }
    /// Makes the call and runs the loop until it has ended.
    Reply call(Request what, Duration limit = 5s) {
        std::optional<Reply> reply;
        client->call(std::move(what), limit, [&reply](Reply got) { reply = std::move(got); });
        REQUIRE(runUntil(loop, [&reply] { return reply.has_value(); }));
        return *reply;
    }
    /// Serves one method that echoes its arguments.
    std::unique_ptr<ExportedObject> serve(std::string in, std::function<void(Call)> handler,
                                          std::string out = "") {
        std::vector<Interface> interfaces{
            {"test.Thing", {{"Do", std::move(in), std::move(out), std::move(handler)}}, {}, {}}};
        auto object = server->exportObject("/thing", std::move(interfaces));
        REQUIRE(object);
        return std::move(*object);
    }
};

void echo(const Call& call) {
    call.reply(call.arguments());
}

const std::string kRule = "type='signal',interface='test.Thing'";

}  // namespace

TEST_CASE("every kind of value survives the way there and back") {
    TwoEnds ends;
    const std::string types = "bynqiuxtdsogayasa{sv}(si)va{oa{sa{sv}}}";
    auto object = ends.serve(types, echo, types);
    Dict inner{"s",
               "a{sv}",
               {{Value("org.bluez.Device1"), variantDict({{"RSSI", Value(std::int16_t{-60})}})}}};
    Dict tree{"o", "a{sa{sv}}", {{ObjectPath{"/org/bluez/hci0"}, std::move(inner)}}};
    const Values values{true,
                        std::uint8_t{255},
                        std::int16_t{-1},
                        std::uint16_t{65535},
                        std::int32_t{-2},
                        std::uint32_t{4000000000},
                        std::int64_t{-3},
                        std::uint64_t{1} << 63,
                        36.6,
                        "36.6 °C",
                        ObjectPath{"/a/b"},
                        Signature{"a{sv}"},
                        Bytes{0x16, 0x80, 0x00},
                        stringArray({"a", "b"}),
                        variantDict({{"x", Value(true)}, {"y", Value(Bytes{})}}),
                        Struct{{"one", std::int32_t{1}}},
                        variantOf(variantOf("deep")),
                        tree};
    const auto reply = ends.call(ends.request("Do", values));
    REQUIRE(reply);
    CHECK(*reply == values);
}

TEST_CASE("a descriptor in a reply is a copy that lives on, and ends with its last holder") {
    TwoEnds ends;
    int pipe[2];
    REQUIRE(pipe2(pipe, O_CLOEXEC) == 0);
    auto object = ends.serve("", [&pipe](Call call) { call.reply({UnixFd(dup(pipe[1]))}); }, "h");
    auto reply = ends.call(ends.request("Do"));
    REQUIRE(reply);
    {
        const auto* descriptor = reply->front().get<UnixFd>();
        REQUIRE(descriptor);
        REQUIRE(write(descriptor->get(), "x", 1) == 1);
    }
    char byte = 0;
    CHECK(read(pipe[0], &byte, 1) == 1);
    close(pipe[1]);
    reply = Reply{};
    CHECK(runUntil(ends.loop, [&] { return fcntl(pipe[0], F_GETFD) >= 0; }));
    CHECK(read(pipe[0], &byte, 1) == 0);  // all writers are closed: the end
    close(pipe[0]);
}

TEST_CASE("the name and the sentence of an error are kept, and its kind is known") {
    TwoEnds ends;
    auto object = ends.serve("", [](Call call) {
        call.fail({"org.bluez.Error.Failed", "le-connection-abort-by-local"});
    });
    auto reply = ends.call(ends.request("Do"));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().name == "org.bluez.Error.Failed");
    CHECK(reply.error().message == "le-connection-abort-by-local");
    CHECK(reply.error().kind == ErrorKind::refused);

    reply = ends.call(ends.request("Nothing"));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::notFound);

    auto nobody = ends.request("Do");
    nobody.destination = "test.nobody";
    reply = ends.call(nobody);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::unavailable);
}

TEST_CASE("a request that D-Bus cannot carry is an error at once") {
    TwoEnds ends;
    auto bad = ends.request("Do");
    bad.path = "no path";
    CHECK(ends.call(bad).error().kind == ErrorKind::invalid);
    CHECK(ends.call(ends.request("Do", {"\xFF"})).error().kind == ErrorKind::invalid);
    CHECK(ends.call(ends.request("Do", {std::string("a\0b", 3)})).error().kind ==
          ErrorKind::invalid);
    CHECK(ends.call(ends.request("Do", {Array{"s", {std::int32_t{1}}}})).error().kind ==
          ErrorKind::invalid);
    Value nested{"core"};
    for (int level = 0; level < 40; ++level) nested = variantOf(std::move(nested));
    CHECK(ends.call(ends.request("Do", {nested})).error().kind == ErrorKind::full);
}

TEST_CASE("a message that is too deep or too long is refused, and the next one is served") {
    TwoEnds ends;
    int served = 0;
    auto object = ends.serve("v", [&served](Call call) { ++served, call.reply(); });
    Bytes large(200 * 1024, 7);
    auto reply = ends.call(ends.request("Do", {variantOf(std::move(large))}));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().name == "org.freedesktop.DBus.Error.InvalidArgs");
    CHECK(served == 0);
    CHECK(ends.call(ends.request("Do", {variantOf("small")})));
    CHECK(served == 1);
}

TEST_CASE("a call without an answer ends at its limit, and a late answer harms nobody") {
    TwoEnds ends;
    VirtualClock time(ends.loop);
    auto caller = Connection::open(ends.bus.address(), time, ends.log);
    REQUIRE(caller);
    std::optional<Call> kept;
    auto object = ends.serve("", [&kept](Call call) { kept = std::move(call); });
    std::optional<Reply> reply;
    (*caller)->call(ends.request("Do"), 100ms, [&reply](Reply got) { reply = std::move(got); });
    REQUIRE(runUntil(ends.loop, [&kept] { return kept.has_value(); }));
    time.advance(99ms);
    CHECK_FALSE(reply);
    time.advance(1ms);
    REQUIRE(reply);
    REQUIRE_FALSE(*reply);
    CHECK(reply->error().kind == ErrorKind::timedOut);
    CHECK(reply->error().message == "no answer within 100 ms");
    kept->reply();
    object.reset();
    object = ends.serve("", echo);
    reply.reset();
    (*caller)->call(ends.request("Do"), 5s, [&reply](Reply got) { reply = std::move(got); });
    REQUIRE(runUntil(ends.loop, [&reply] { return reply.has_value(); }));
    CHECK(*reply);
}

TEST_CASE("an answer may come later, and a call that is dropped is still answered") {
    TwoEnds ends;
    std::optional<Call> kept;
    Timer timer;
    auto object = ends.serve("", [&](Call call) {
        kept = std::move(call);
        timer = ends.clock.after(50ms, [&kept] { kept->reply(); });
    });
    CHECK(ends.call(ends.request("Do")));
    object.reset();
    auto dropper = ends.serve("", [](const Call&) {});
    const auto reply = ends.call(ends.request("Do"));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().name == "org.freedesktop.DBus.Error.NoReply");
}

TEST_CASE("an answer that is not of the announced type is an error for the caller, not a silence") {
    TwoEnds ends;
    auto object = ends.serve("", [](const Call& call) { call.reply({Value(true)}); }, "s");
    const auto reply = ends.call(ends.request("Do"));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().name == "org.freedesktop.DBus.Error.Failed");
}

TEST_CASE("what a handler throws is logged and goes no further") {
    TwoEnds ends;
    auto object = ends.serve("", [](const Call&) { throw std::runtime_error("broken handler"); });
    CHECK_FALSE(ends.call(ends.request("Do")));
    auto match = ends.client->match(kRule, [](const Signal&) { throw 7; });
    REQUIRE(match);
    object->emit("test.Thing", "Changed", {});
    CHECK(runUntil(ends.loop, [&ends] { return ends.lines.size() >= 2; }));
    CHECK(ends.lines[0].find("broken handler") != std::string::npos);
    CHECK(ends.lines[1].find("unknown exception") != std::string::npos);
    auto again = ends.call(
        {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", {}});
    CHECK(again);
}

TEST_CASE("signals come in order, all of them, before and after calls") {
    TwoEnds ends;
    auto object = ends.serve("", echo);
    std::vector<std::uint32_t> seen;
    auto match = ends.client->match(kRule, [&seen](const Signal& signal) {
        seen.push_back(*signal.arguments.at(0).get<std::uint32_t>());
    });
    REQUIRE(match);
    for (std::uint32_t i = 0; i < 500; ++i) object->emit("test.Thing", "Changed", {i});
    CHECK(ends.call(ends.request("Do")));
    CHECK(runUntil(ends.loop, [&seen] { return seen.size() == 500; }));
    CHECK(std::ranges::is_sorted(seen));
}

TEST_CASE("signals that a blocking library call has already read are not left lying") {
    TwoEnds ends;
    asio::io_context apart;
    SystemClock clock(apart);
    auto sender = Connection::open(ends.bus.address(), clock, ends.log);
    REQUIRE(sender);
    auto object = (*sender)->exportObject("/thing", {{"test.Thing", {}, {}, {}}});
    REQUIRE(object);
    int seen = 0;
    auto match = ends.client->match(kRule, [&seen](const Signal&) { ++seen; });
    ends.loop.restart();
    ends.loop.poll();  // nothing is left to do but to wait
    (*object)->emit("test.Thing", "Changed", {});
    // Once the bus has answered what was asked behind the signal, it has passed that on. The loop
    // does not look yet; then adding a match reads all there is from the socket.
    bool passedOn = false;
    (*sender)->call(
        {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", {}}, 5s,
        [&passedOn](const Reply&) { passedOn = true; });
    REQUIRE(runUntil(apart, [&passedOn] { return passedOn; }));
    auto second = ends.client->match("type='signal',interface='test.Other'", [](const Signal&) {});
    CHECK(runUntil(ends.loop, [&seen] { return seen == 1; }));
}

TEST_CASE("a match can be dropped in its own handler and then hears nothing more") {
    TwoEnds ends;
    auto object = ends.serve("", echo);
    int seen = 0;
    Match match;
    auto added = ends.client->match(kRule, [&](const Signal&) { ++seen, match = Match(); });
    REQUIRE(added);
    match = std::move(*added);
    added = fail(ErrorKind::cancelled, "moved");
    for (int i = 0; i < 3; ++i) object->emit("test.Thing", "Changed", {});
    CHECK(ends.call(ends.request("Do")));
    CHECK(ends.call(ends.request("Do")));
    CHECK(seen == 1);
}

TEST_CASE("a bad match rule is an error") {
    TwoEnds ends;
    const auto match = ends.client->match("no rule at all", [](const Signal&) {});
    REQUIRE_FALSE(match);
    CHECK(match.error().kind == ErrorKind::invalid);
}

TEST_CASE("a connection may be destroyed in its own reply handler") {
    TwoEnds ends;
    auto object = ends.serve("", echo);
    bool replied = false;
    ends.client->call(ends.request("Do"), 5s, [&](const Reply&) {
        ends.client.reset();
        replied = true;
    });
    CHECK(runUntil(ends.loop, [&replied] { return replied; }));
    runUntil(ends.loop, [] { return false; }, 20ms);
}

TEST_CASE("an object may be destroyed in its own method, and its call answered after that") {
    TwoEnds ends;
    std::unique_ptr<ExportedObject> object;
    object = ends.serve("", [&object](Call call) {
        object.reset();
        call.reply();
    });
    CHECK(ends.call(ends.request("Do")));
    const auto gone = ends.call(ends.request("Do"));
    REQUIRE_FALSE(gone);
    CHECK(gone.error().kind == ErrorKind::notFound);
}

TEST_CASE("pending calls end when the connection is closed") {
    TwoEnds ends;
    std::optional<Call> kept;
    auto object = ends.serve("", [&kept](Call call) { kept = std::move(call); });
    std::optional<Reply> reply;
    ends.client->call(ends.request("Do"), 60s, [&reply](Reply got) { reply = std::move(got); });
    REQUIRE(runUntil(ends.loop, [&kept] { return kept.has_value(); }));
    ends.client.reset();
    REQUIRE(runUntil(ends.loop, [&reply] { return reply.has_value(); }));
    CHECK(reply->error().kind == ErrorKind::cancelled);
}

TEST_CASE("pending calls end when the one called goes away") {
    TwoEnds ends;
    std::optional<Call> kept;
    auto object = ends.serve("", [&kept](Call call) { kept = std::move(call); });
    std::optional<Reply> reply;
    ends.client->call(ends.request("Do"), 60s, [&reply](Reply got) { reply = std::move(got); });
    REQUIRE(runUntil(ends.loop, [&kept] { return kept.has_value(); }));
    ends.server.reset();
    REQUIRE(runUntil(ends.loop, [&reply] { return reply.has_value(); }));
    CHECK(reply->error().kind == ErrorKind::disconnected);
    kept->reply();  // its connection is gone: nothing happens
    object->emit("test.Thing", "Changed", {});
}

TEST_CASE("a lost bus ends pending calls, then says so once; a new connection works") {
    TwoEnds ends;
    std::optional<Call> kept;
    auto object = ends.serve("", [&kept](Call call) { kept = std::move(call); });
    auto match = ends.client->match(kRule, [](const Signal&) {});
    std::vector<std::string> order;
    ends.client->onLost([&order] { order.emplace_back("lost"); });
    ends.client->call(ends.request("Do"), 60s, [&order](const Reply& reply) {
        order.emplace_back(reply.error().kind == ErrorKind::disconnected ? "call" : "wrong");
    });
    REQUIRE(runUntil(ends.loop, [&kept] { return kept.has_value(); }));
    ends.bus.stop();
    CHECK(runUntil(ends.loop, [&order] { return order.size() >= 2; }));
    CHECK(order == std::vector<std::string>{"call", "lost"});
    CHECK_FALSE(ends.client->isOpen());
    CHECK(ends.call(ends.request("Do")).error().kind == ErrorKind::disconnected);
    CHECK_FALSE(Connection::open(ends.bus.address(), ends.clock, ends.log));

    ends.bus.start();
    ends.client = ends.open();
    CHECK(ends.call(
        {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", {}}));
}

TEST_CASE("no bus at the address is an error with the address") {
    asio::io_context loop;
    SystemClock clock(loop);
    const auto connection = Connection::open("unix:path=/nonexistent/bus", clock, Log());
    REQUIRE_FALSE(connection);
    CHECK(connection.error().kind == ErrorKind::unavailable);
    CHECK(connection.error().message.find("/nonexistent/bus") != std::string::npos);
    CHECK_FALSE(Connection::open("rubbish", clock, Log()));
}

TEST_CASE("a bus that accepts and says nothing does not hold up the loop") {
    PrivateBus bus;
    asio::io_context loop;
    SystemClock clock(loop);
    bus.freeze();
    const auto begin = clock.steady();
    const auto connection = Connection::open(bus.address(), clock, Log());
    CHECK(clock.steady() - begin < 10s);  // the library would wait for 25 s
    REQUIRE_FALSE(connection);
    CHECK(connection.error().kind == ErrorKind::unavailable);
    CHECK(connection.error().message.find("it does not answer") != std::string::npos);
    bus.thaw();
    CHECK(Connection::open(bus.address(), clock, Log()));
}

namespace {

asio::awaitable<void> takeName(Connection& connection, std::optional<Status>& result) {
    const auto limit = std::chrono::seconds{5};
    result = co_await connection.requestName("test.name", limit);
}

}  // namespace

TEST_CASE("a name has one owner at a time") {
    TwoEnds ends;
    std::optional<Status> first;
    std::optional<Status> second;
    asio::co_spawn(ends.loop, takeName(*ends.server, first), asio::detached);
    REQUIRE(runUntil(ends.loop, [&first] { return first.has_value(); }));
    CHECK(*first);
    asio::co_spawn(ends.loop, takeName(*ends.client, second), asio::detached);
    REQUIRE(runUntil(ends.loop, [&second] { return second.has_value(); }));
    REQUIRE_FALSE(*second);
    CHECK(second->error().kind == ErrorKind::refused);
}

TEST_CASE("more than 100 calls at once are refused, and the others are answered") {
    TwoEnds ends;
    std::vector<Call> kept;
    auto object = ends.serve("", [&kept](Call call) { kept.push_back(std::move(call)); });
    int full = 0;
    int answered = 0;
    for (int i = 0; i < 106; ++i) {
        ends.client->call(ends.request("Do"), 20s, [&](const Reply& reply) {
            if (reply) {
                ++answered;
            } else if (reply.error().kind == ErrorKind::full) {
                ++full;
            }
        });
    }
    REQUIRE(runUntil(ends.loop, [&] { return full == 6 && kept.size() == 100; }));
    for (const auto& call : kept) call.reply();
    CHECK(runUntil(ends.loop, [&answered] { return answered == 100; }));
}
