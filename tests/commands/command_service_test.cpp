#include "gateway/commands/command_service.hpp"

#include "tests/commands/envelope.hpp"
#include "tests/store/faulty_disk.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::commands;
using namespace vitalgate::commands::testing;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

using Fault = store::testing::FaultyDisk::Fault;

v1::Command numbered(unsigned id, std::uint64_t sequence) {
    auto command = getStatus(idNumber(id));
    command.set_sequence(sequence);
    return command;
}

/// Answers get-status when the test says so, and counts how often it is run.
class Target final : public CommandTarget {
  public:
    explicit Target(Clock& clock) : clock_(clock) {}
    std::vector<v1::CommandSpec> commands() const override {
        std::vector<v1::CommandSpec> specs;
        for (const auto* kind : {"get-status", "set-clock"}) specs.emplace_back().set_kind(kind);
        return specs;
    }
    asio::awaitable<v1::CommandResult> run(v1::Command command, std::string) override {
        ran.push_back(command.id());
        notAfter = fromTimestamp(command.not_after());
        if (takes > Duration::zero()) co_await clock_.sleep(takes);
        v1::CommandResult result;
        result.set_state(v1::COMMAND_DONE);
        result.mutable_status()->set_version("1.2.3");
        co_return result;
    }
    std::vector<std::string> ran;
    WallTime notAfter;  ///< of the last one
    Duration takes{};

  private:
    Clock& clock_;
};

/// The service finds out itself what its target can do.
Policy bare(Policy rules) {
    rules.supported.clear();
    return rules;
}

/// The service over a real store, in virtual time.
struct Desk {
    Desk() { begin(); }
    ~Desk() { end(); }
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    void begin() {
        hub.options.vfs = store::testing::FaultyDisk::name();
        hub.open();
        ServiceEvents hooks;
        hooks.event = [this](v1::Event event) { events.push_back(std::move(event)); };
        hooks.route = [this](const AnswerRoute& route) { routes.push_back(route); };
        service =
            std::make_shared<CommandService>(rules, *hub.store, hub.clock, target, hooks, Log{});
        bool isStarted = false;
        service->start([&isStarted] { isStarted = true; });
        hub.runUntil([&isStarted] { return isStarted; });
    }
    /// A command that runs keeps its service, which must find a store, if only a closed one.
    void end() {
        service.reset();
        hub.store->close();
        hub.clock.run();
        closed.push_back(std::move(hub.store));
    }
    /// As after a kill of the process: nothing of the service's memory is left.
    void restart() {
        end();
        target.ran.clear();
        begin();
    }
    /// The same, and the file was changed meanwhile.
    void restartAfter(const std::string& change) {
        end();
        store::testing::raw(hub.path(), change);
        target.ran.clear();
        begin();
    }

    void ask(const v1::Command& command) { service->receive(request(command)); }
    /// Waits until there are so many results in the store, and gives all of them.
    std::vector<v1::CommandResult> results(std::size_t count) {
        hub.runUntil([this, count] { return stored().size() >= count; });
        auto all = stored();
        CHECK(all.size() == count);
        return all;
    }
    std::vector<v1::CommandResult> stored() {
        std::vector<v1::CommandResult> all;
        for (const auto& record : hub.records()) {
            if (record.has_result()) all.push_back(record.result());
        }
        return all;
    }
    v1::CommandResult only() { return results(1).at(0); }
    /// Until there is a result, while time goes on.
    void untilAnswered() {
        hub.runUntil([this] {
            hub.clock.advance(1s);
            return !stored().empty() && service->queued() == 0;
        });
    }
    /// Until everything that was asked is answered.
    void settle() {
        hub.runUntil([this] { return service->queued() == 0; });
    }

    store::testing::FaultyDisk disk;
    store::testing::Hub hub;
    std::vector<std::unique_ptr<store::Store>> closed;
    Policy rules = bare(policy());
    Target target{hub.clock};
    std::vector<v1::Event> events;
    std::vector<AnswerRoute> routes;
    std::shared_ptr<CommandService> service;
};

}  // namespace

TEST_CASE("a good command is run once and its result is stored as final, with all its names") {
    Desk desk;
    auto command = getStatus();
    command.set_correlation("ticket");
    command.set_response_topic("vitalgate/v1/hub-7f3a/results/desk");
    desk.ask(command);
    const auto result = desk.only();
    CHECK(result.state() == v1::COMMAND_DONE);
    CHECK(result.final());
    CHECK(result.command_id() == kId);
    CHECK(result.kind() == "get-status");
    CHECK(result.key_id() == "care");
    CHECK(result.correlation() == "ticket");
    CHECK(result.status().version() == "1.2.3");
    CHECK(result.has_when());
    CHECK_FALSE(result.already_answered());
    CHECK(desk.target.ran.size() == 1);
    REQUIRE(desk.routes.size() == 1);
    CHECK(desk.routes[0].uplink == "care");
    CHECK(desk.routes[0].commandId == kId);
    CHECK(desk.routes[0].responseTopic == "vitalgate/v1/hub-7f3a/results/desk");
    CHECK(desk.events.empty());
    CHECK(desk.hub.fetch().value().back().priority == v1::PRIORITY_ALARM);
}

TEST_CASE("a repeated command is answered with the stored result and not run again") {
    Desk desk;
    desk.ask(getStatus());
    desk.only();
    desk.ask(getStatus());
    auto again = desk.results(2).at(1);
    CHECK(again.state() == v1::COMMAND_DONE);
    CHECK(again.already_answered());
    CHECK(again.status().version() == "1.2.3");
    desk.restart();
    desk.ask(getStatus());
    CHECK(desk.results(3).at(2).already_answered());
    CHECK(desk.target.ran.empty());
}

TEST_CASE("two copies that arrive together give one run and one result") {
    Desk desk;
    desk.ask(getStatus());
    desk.ask(getStatus());
    desk.settle();
    CHECK(desk.stored().size() == 1);
    CHECK(desk.target.ran.size() == 1);
}

TEST_CASE("another command under a known id is refused and told as a security event") {
    Desk desk;
    desk.ask(getStatus());
    desk.only();
    auto other = getStatus();
    other.set_sequence(9);
    desk.ask(other);
    const auto result = desk.results(2).at(1);
    CHECK(result.state() == v1::COMMAND_REFUSED);
    CHECK(result.refusal() == v1::REFUSAL_ID_REUSED);
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].security().refusal() == v1::REFUSAL_ID_REUSED);
    CHECK(desk.target.ran.size() == 1);
}

TEST_CASE("an expired and a malformed request are answered, the latter without an id") {
    Desk desk;
    auto expired = getStatus();
    toTimestamp(kNow - 1s, *expired.mutable_not_after());
    desk.ask(expired);
    desk.service->receive(request("\xff\xff"));
    const auto results = desk.results(2);
    const bool isFirst = results[0].state() == v1::COMMAND_EXPIRED;
    CHECK(results[isFirst ? 0 : 1].command_id() == kId);
    CHECK(results[isFirst ? 0 : 1].final());
    CHECK(results[isFirst ? 1 : 0].refusal() == v1::REFUSAL_MALFORMED);
    CHECK(results[isFirst ? 1 : 0].command_id().empty());
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].security().refusal() == v1::REFUSAL_MALFORMED);
    CHECK(desk.service->refused() == 1);
    CHECK(desk.target.ran.empty());
}

TEST_CASE("an id that a stranger used first is still free for its owner") {
    Desk desk;
    desk.service->receive(request(sign(getStatus(), "care", 8).SerializeAsString()));
    CHECK(desk.only().refusal() == v1::REFUSAL_BAD_SIGNATURE);
    desk.ask(getStatus());
    CHECK(desk.results(2).at(1).state() == v1::COMMAND_DONE);
}

TEST_CASE("a kind that this hub does not implement is refused as not supported") {
    Desk desk;
    auto command = getStatus();
    command.mutable_list_devices();
    desk.ask(command);
    CHECK(desk.only().refusal() == v1::REFUSAL_NOT_SUPPORTED);
    CHECK(desk.target.ran.empty());
}

TEST_CASE("what was under way when the process died is answered as unknown at the next start") {
    Desk desk;
    desk.target.takes = 1h;
    desk.ask(getStatus());
    desk.hub.runUntil([&desk] { return !desk.target.ran.empty(); });
    desk.restart();
    const auto result = desk.only();
    CHECK(result.state() == v1::COMMAND_UNKNOWN);
    CHECK(result.final());
    CHECK(result.command_id() == kId);
    CHECK(result.kind() == "get-status");
    CHECK(desk.target.ran.empty());
    desk.ask(getStatus());
    CHECK(desk.results(2).at(1).state() == v1::COMMAND_UNKNOWN);
    CHECK(desk.target.ran.empty());
    desk.hub.clock.advance(2h);
}

TEST_CASE("where the order of earlier commands is damaged the ledger knows what has run") {
    for (const std::string& damage :
         {"UPDATE bookmark SET value = zeroblob(length(value))"s,
          "UPDATE bookmark SET name = name || 'x'"s, "DELETE FROM bookmark"s}) {
        CAPTURE(damage);
        Desk desk;
        desk.ask(numbered(1, 5));
        CHECK(desk.results(1).at(0).state() == v1::COMMAND_DONE);
        desk.ask(numbered(2, 3));
        CHECK(desk.results(2).at(1).refusal() == v1::REFUSAL_STALE);
        desk.restartAfter(damage);
        desk.ask(numbered(3, 4));
        CHECK(desk.results(3).at(2).refusal() == v1::REFUSAL_STALE);
        CHECK(desk.target.ran.empty());
        // What was not run makes none stale.
        desk.ask(numbered(4, 6));
        CHECK(desk.results(4).at(3).state() == v1::COMMAND_DONE);
    }
}

TEST_CASE("a command that takes long is told as running after two seconds, then as done") {
    Desk desk;
    desk.target.takes = 5s;
    desk.ask(getStatus());
    desk.hub.runUntil([&desk] { return !desk.target.ran.empty(); });
    desk.hub.clock.advance(1900ms);
    CHECK(desk.stored().empty());
    desk.hub.clock.advance(100ms);
    const auto running = desk.only();
    CHECK(running.state() == v1::COMMAND_RUNNING);
    CHECK_FALSE(running.final());
    desk.hub.clock.advance(3s);
    CHECK(desk.results(2).at(1).state() == v1::COMMAND_DONE);
}

TEST_CASE("a command that never ends is given up after the limit") {
    Desk desk;
    desk.target.takes = 24h;
    desk.ask(getStatus());
    desk.hub.runUntil([&desk] { return !desk.target.ran.empty(); });
    desk.hub.clock.advance(kRunLimit);
    const auto result = desk.results(2).at(1);
    CHECK(result.state() == v1::COMMAND_FAILED);
    CHECK(result.failure() == v1::FAILURE_TIMED_OUT);
    desk.hub.clock.advance(24h);
}

TEST_CASE("an older sequence of the same key and target is stale, also after a restart") {
    Desk desk;
    desk.ask(numbered(1, 5));
    CHECK(desk.results(1).at(0).state() == v1::COMMAND_DONE);
    desk.ask(numbered(2, 5));
    CHECK(desk.results(2).at(1).refusal() == v1::REFUSAL_STALE);
    desk.restart();
    desk.ask(numbered(3, 4));
    CHECK(desk.results(3).at(2).refusal() == v1::REFUSAL_STALE);
    desk.ask(numbered(4, 6));
    CHECK(desk.results(4).at(3).state() == v1::COMMAND_DONE);
    desk.ask(numbered(5, 0));
    CHECK(desk.results(5).at(4).state() == v1::COMMAND_DONE);
}

TEST_CASE("a key is held to its rate, and has it again after the time") {
    Desk desk;
    desk.end();
    desk.rules.keys["care"].rate = {3, 1min};
    desk.begin();
    for (unsigned i = 0; i < 5; ++i) desk.ask(getStatus(idNumber(i)));
    desk.settle();
    CHECK(desk.target.ran.size() == 3);
    const auto results = desk.stored();
    CHECK(std::count_if(results.begin(), results.end(), [](const auto& result) {
              return result.refusal() == v1::REFUSAL_OVER_LIMIT;
          }) == 2);
    desk.hub.clock.advance(20s);
    desk.ask(getStatus(idNumber(9)));
    desk.settle();
    CHECK(desk.target.ran.size() == 4);
}

TEST_CASE("at most 64 commands wait; the next one is refused as busy") {
    Desk desk;
    desk.end();
    desk.rules.keys["care"].rate = {1000, 1min};
    desk.begin();
    desk.target.takes = 1s;
    for (unsigned i = 0; i <= kMostQueued; ++i) desk.ask(getStatus(idNumber(i)));
    const auto first = desk.only();
    CHECK(first.refusal() == v1::REFUSAL_BUSY);
    CHECK(first.command_id() == idNumber(kMostQueued));
    desk.hub.runUntil([&desk] {
        desk.hub.clock.advance(1s);
        return desk.service->queued() == 0;
    });
    CHECK(desk.target.ran.size() == kMostQueued);
}

TEST_CASE("a command whose time runs out in the queue is expired, not run") {
    Desk desk;
    desk.target.takes = 9min + 30s;
    desk.ask(getStatus(idNumber(1)));
    desk.ask(getStatus(idNumber(2)));
    desk.hub.runUntil([&desk] { return !desk.target.ran.empty(); });
    desk.hub.clock.advance(10min);
    desk.settle();
    CHECK(desk.target.ran.size() == 1);
    const auto last = desk.stored().back();
    CHECK(last.command_id() == idNumber(2));
    CHECK(last.state() == v1::COMMAND_EXPIRED);
}

TEST_CASE("a flood of forged commands costs one event a minute and a bounded number of answers") {
    Desk desk;
    const auto forged = request(sign(getStatus(), "care", 8).SerializeAsString());
    for (int i = 0; i < 1000; ++i) desk.service->receive(forged);
    CHECK(desk.events.size() == 1);
    desk.hub.clock.advance(kReportEvery);
    REQUIRE(desk.events.size() == 2);
    CHECK(desk.events[1].security().times() == 999);
    CHECK(desk.events[1].severity() == v1::SEVERITY_ALARM);
    CHECK(desk.service->refused() == 1000);
    CHECK(desk.results(kUnrunAnswers.count).size() == kUnrunAnswers.count);
    desk.hub.clock.advance(2 * kReportEvery);
    CHECK(desk.events.size() == 2);
    CHECK(desk.target.ran.empty());
}

TEST_CASE("stopping refuses what waits and lets what runs end") {
    Desk desk;
    desk.target.takes = 1s;
    desk.ask(getStatus(idNumber(1)));
    desk.ask(getStatus(idNumber(2)));
    desk.hub.runUntil([&desk] { return !desk.target.ran.empty(); });
    desk.service->stop();
    const auto refused = desk.only();
    CHECK(refused.command_id() == idNumber(2));
    CHECK(refused.refusal() == v1::REFUSAL_BUSY);
    desk.hub.clock.advance(1s);
    CHECK(desk.results(2).at(1).state() == v1::COMMAND_DONE);
    desk.ask(getStatus(idNumber(3)));
    CHECK(desk.results(3).at(2).refusal() == v1::REFUSAL_BUSY);
}

TEST_CASE("taking a retained command away from the broker is no request") {
    Desk desk;
    auto removal = request("");
    removal.retained = true;
    desk.service->receive(removal);
    desk.hub.fetch();
    CHECK(desk.stored().empty());
    CHECK(desk.events.empty());
}

TEST_CASE("when the store takes nothing the command is not run") {
    Desk desk;
    desk.hub.store->close();
    desk.ask(getStatus());
    desk.settle();
    CHECK(desk.target.ran.empty());
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].security().refusal() == v1::REFUSAL_STORE_CLOSED);
}

TEST_CASE("on a full disk a command is refused, and its answer comes once there is room") {
    Desk desk;
    desk.disk.set(Fault::full);
    desk.ask(getStatus());
    desk.settle();
    desk.hub.clock.advance(1min);
    CHECK(desk.stored().empty());
    desk.disk.set(Fault::none);
    desk.untilAnswered();
    const auto answer = desk.only();
    CHECK(answer.state() == v1::COMMAND_REFUSED);
    CHECK(answer.refusal() == v1::REFUSAL_STORE_CLOSED);
    CHECK(answer.command_id() == kId);
    CHECK(desk.target.ran.empty());
}

TEST_CASE("the result of a command that ran comes also where the disk was full at its end") {
    Desk desk;
    desk.target.takes = 10s;
    desk.ask(getStatus());
    desk.hub.runUntil([&desk] { return !desk.target.ran.empty(); });
    desk.disk.set(Fault::full);
    desk.hub.clock.advance(1min);
    // A repetition meanwhile waits for the same answer.
    desk.ask(getStatus());
    desk.hub.clock.advance(1min);
    CHECK(desk.stored().empty());
    desk.disk.set(Fault::none);
    desk.untilAnswered();
    CHECK(desk.stored().back().state() == v1::COMMAND_DONE);
    CHECK(desk.target.ran.size() == 1);
    desk.restart();
    desk.ask(getStatus());
    desk.hub.runUntil([&desk] { return desk.stored().back().already_answered(); });
    CHECK(desk.stored().back().state() == v1::COMMAND_DONE);
    CHECK(desk.target.ran.empty());
}

TEST_CASE("two that come together run in order, the older one that comes second is stale") {
    Desk desk;
    desk.ask(numbered(1, 6));
    desk.ask(numbered(2, 5));
    desk.settle();
    CHECK(desk.target.ran == std::vector<std::string>{idNumber(1)});
}

TEST_CASE("whoever runs a command knows until when, also where the transport said it") {
    Desk desk;
    desk.ask(getStatus());
    desk.only();
    CHECK(desk.target.notAfter == kNow + 9min);
    desk.rules.accept = v1::TRUST_TRANSPORT_ONLY;
    desk.restart();
    auto command = getStatus(idNumber(1));
    command.clear_not_after();
    v1::SignedCommand envelope;
    envelope.set_command(command.SerializeAsString());
    auto plain = request(envelope.SerializeAsString());
    plain.expirySeconds = 60;
    const auto asked = desk.hub.clock.wall();
    desk.service->receive(plain);
    desk.results(2);
    CHECK(desk.target.notAfter == asked + 1min);
}
