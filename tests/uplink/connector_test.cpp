#include "gateway/uplink/connector.hpp"

#include <doctest/doctest.h>

#include "tests/support/scripted_transport.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Line {
    explicit Line(std::vector<std::string> uris = {"mqtt://127.0.0.1"}) {
        for (const auto& uri : uris) settings.brokers.push_back(*BrokerAddress::parse(uri));
    }
    void start() {
        connector.emplace(settings, broker.factory(), clock, random, log);
        ConnectorEvents events;
        events.prepareWill = [](const auto& begin) { begin(std::nullopt); };
        events.connected = [this](const MqttConnected&) { ++connected; };
        events.lost = [this](const Error&) { ++lost; };
        events.failed = [this](const Error&) { failures.push_back(clock.steady()); };
        events.received = [this](const MqttMessage& message) {
            received.push_back(message.payload);
        };
        connector->start(std::move(events));
        clock.run();
    }

    asio::io_context loop;
    testing::VirtualClock clock{loop};
    SeededRandom random{3};
    testing::ScriptedBroker broker{loop.get_executor()};
    std::vector<std::string> lines;
    Log log = Log::toFunction(
        LogLevel::info, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
    BrokerSettings settings;
    std::optional<Connector> connector;
    int connected = 0;
    int lost = 0;
    std::vector<SteadyTime> failures;
    std::vector<std::string> received;
};

MqttMessage commandOf(std::string payload) {
    MqttMessage command;
    command.topic = "commands";
    command.payload = std::move(payload);
    return command;
}

}  // namespace

TEST_CASE("the wait between attempts grows to the limit and is never the same") {
    Line line;
    line.settings.retryMaximum = minutes{5};
    line.broker.refusal = Error{ErrorKind::unavailable, "no"};
    line.start();
    line.clock.advance(std::chrono::hours{24});
    REQUIRE(line.failures.size() > 100);
    CHECK(line.failures.size() < 2000);
    std::set<Duration> waits;
    for (std::size_t i = 1; i < line.failures.size(); ++i) {
        const auto wait = line.failures[i] - line.failures[i - 1];
        CHECK(wait >= std::chrono::milliseconds{250});
        CHECK(wait <= minutes{5});
        if (i <= 2) CHECK(wait <= seconds{4});
        waits.insert(wait);
    }
    CHECK(waits.size() == line.failures.size() - 1);
    // The same sentence is written once.
    CHECK(line.lines.size() == 1);
}

TEST_CASE("brokers are tried in order, the second at once when the first fails") {
    Line line({"mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2"});
    line.broker.refusal = Error{ErrorKind::unavailable, "no"};
    line.start();
    REQUIRE(line.broker.attempts.size() == 2);
    CHECK(line.broker.attempts[0].broker.port == 1);
    CHECK(line.broker.attempts[1].broker.port == 2);
    line.broker.refusal.reset();
    line.clock.advance(seconds{2});
    CHECK(line.connected == 1);
    CHECK(line.connector->broker().port == 1);
}

TEST_CASE("a connection that stood for a minute starts the waits anew; a shorter one does not") {
    Line line;
    line.start();
    for (int i = 0; i < 12; ++i) {
        line.broker.cut();
        line.clock.advance(minutes{6});
    }
    CHECK(line.lost == 12);
    line.broker.cut();
    line.clock.advance(seconds{2});
    CHECK(line.connected == 14);

    Line flapping;
    flapping.start();
    int cuts = 0;
    for (int second = 0; second < 3600; ++second) {
        if (flapping.connector->isConnected()) {
            flapping.broker.cut();
            ++cuts;
        }
        flapping.clock.advance(seconds{1});
    }
    CHECK(cuts > 5);
    CHECK(cuts < 60);
}

TEST_CASE("the password is read anew for each attempt") {
    Line line;
    Result<std::string> password = std::string{"old"};
    line.settings.password = [&password] { return password; };
    line.start();
    CHECK(line.connected == 1);
    CHECK(line.broker.attempts.back().password == "old");
    password = fail(ErrorKind::notFound, "password: there is no such file");
    line.broker.cut();
    line.clock.advance(minutes{10});
    CHECK(line.broker.attempts.size() == 1);
    REQUIRE(line.connector->lastError());
    CHECK(line.connector->lastError()->message == "password: there is no such file");
    password = std::string{"new"};
    line.clock.advance(minutes{10});
    CHECK(line.connected == 2);
    CHECK(line.broker.attempts.back().password == "new");
}

TEST_CASE("without encryption only this machine is reached, unless it is allowed") {
    Line line({"mqtt://broker.example"});
    SUBCASE("not allowed") {
        line.start();
        CHECK(line.broker.attempts.empty());
        REQUIRE(line.connector->lastError());
        CHECK(line.connector->lastError()->message.find("allow-plaintext") != std::string::npos);
    }
    SUBCASE("allowed") {
        line.settings.allowPlaintext = true;
        line.start();
        CHECK(line.connected == 1);
    }
}

TEST_CASE("what comes on a connection that was given up is taken until that is gone") {
    Line line;
    line.broker.closesAtOnce = false;
    SUBCASE("by the hub itself") {
        line.start();
        line.connector->reconnect({ErrorKind::authentication, "credentials are shown again"});
    }
    SUBCASE("before it stood") {
        line.broker.refusal = Error{ErrorKind::timedOut, "no answer"};
        line.start();
        line.broker.refusal.reset();
    }
    const auto connected = line.connected;
    line.broker.deliverLate(commandOf("late"));
    line.clock.run();
    CHECK(line.received == std::vector<std::string>{"late"});
    line.clock.advance(seconds{5});
    CHECK(line.connected == connected + 1);
    line.broker.deliverLate(commandOf("later"));
    line.clock.run();
    CHECK(line.received.size() == 2);
    line.broker.endClosing();
    line.clock.run();
    line.broker.deliverLate(commandOf("too late"));
    line.clock.run();
    CHECK(line.received.size() == 2);
    CHECK(line.connector->isConnected());
}

TEST_CASE("after stop nothing happens any more, whatever the broker does") {
    Line line;
    SUBCASE("connected") {
        line.start();
    }
    SUBCASE("connecting") {
        line.broker.answers = false;
        line.start();
    }
    SUBCASE("waiting") {
        line.broker.refusal = Error{ErrorKind::unavailable, "no"};
        line.start();
    }
    const auto attempts = line.broker.attempts.size();
    const auto connected = line.connected;
    line.broker.cut();
    line.connector->stop();
    line.clock.advance(minutes{30});
    CHECK(line.broker.attempts.size() == attempts);
    CHECK(line.connected == connected);
    CHECK(line.lost == 0);
    CHECK_FALSE(line.connector->isConnected());
}

}  // namespace vitalgate::uplink
