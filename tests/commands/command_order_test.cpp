// What the order of commands rests on when the store cannot give it.
#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <string>
#include <vector>

#include "gateway/commands/command_service.hpp"
#include "tests/commands/envelope.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::commands {
namespace {

v1::Command numbered(unsigned id, std::uint64_t sequence) {
    auto command = testing::getStatus(testing::idNumber(id));
    command.set_sequence(sequence);
    return command;
}

class Target final : public CommandTarget {
  public:
    std::vector<v1::CommandSpec> commands() const override {
        std::vector<v1::CommandSpec> specs(1);
        specs.back().set_kind("get-status");
        return specs;
    }
    asio::awaitable<v1::CommandResult> run(v1::Command command, std::string) override {
        ran.push_back(command.id());
        v1::CommandResult result;
        result.set_state(v1::COMMAND_DONE);
        co_return result;
    }
    std::vector<std::string> ran;
};

struct Fixture {
    Fixture() {
        REQUIRE(crypto::initialise());
        rules.supported.clear();
    }
    void begin() {
        ServiceEvents hooks;
        hooks.event = [](const v1::Event&) {};
        hooks.route = [](const AnswerRoute&) {};
        target.ran.clear();
        service = std::make_shared<CommandService>(rules, store, clock, target, hooks, Log{});
        service->start([] {});
        clock.run();
    }
    /// The last answer.
    v1::CommandResult ask(unsigned id, std::uint64_t sequence) {
        service->receive(testing::request(numbered(id, sequence)));
        clock.run();
        return store.record(store.status().newest).result();
    }

    asio::io_context loop;
    vitalgate::testing::VirtualClock clock{loop};
    vitalgate::testing::MemoryStore store{clock};
    Policy rules = testing::policy();
    Target target;
    std::shared_ptr<CommandService> service;
};

}  // namespace

TEST_CASE("while the order of earlier commands cannot be read none with a sequence is run") {
    Fixture hub;
    hub.begin();
    REQUIRE(hub.ask(1, 5).state() == v1::COMMAND_DONE);
    hub.store.failsLoading = true;
    hub.begin();
    const auto refused = hub.ask(2, 4);
    CHECK(refused.state() == v1::COMMAND_REFUSED);
    CHECK(refused.refusal() == v1::REFUSAL_STORE_CLOSED);
    CHECK(hub.target.ran.empty());
    CHECK(hub.ask(3, 0).state() == v1::COMMAND_DONE);
    hub.clock.advance(std::chrono::minutes{1});
    CHECK(hub.ask(4, 7).refusal() == v1::REFUSAL_STORE_CLOSED);
    hub.store.failsLoading = false;
    hub.clock.advance(std::chrono::seconds{3});
    CHECK(hub.ask(5, 4).refusal() == v1::REFUSAL_STALE);
    CHECK(hub.ask(6, 6).state() == v1::COMMAND_DONE);
    CHECK(hub.target.ran == std::vector<std::string>{testing::idNumber(3), testing::idNumber(6)});
}

TEST_CASE("what was not run for want of room makes no later command of its sequence stale") {
    Fixture hub;
    hub.begin();
    hub.store.failsAppending = true;
    hub.service->receive(testing::request(numbered(1, 5)));
    hub.clock.run();
    hub.store.failsAppending = false;
    CHECK(hub.ask(2, 5).state() == v1::COMMAND_DONE);
    CHECK(hub.target.ran == std::vector<std::string>{testing::idNumber(2)});
    hub.clock.advance(ResultWriter::kRetry);
    const auto late = hub.store.record(hub.store.status().newest).result();
    CHECK(late.command_id() == testing::idNumber(1));
    CHECK(late.refusal() == v1::REFUSAL_STORE_CLOSED);
}

}  // namespace vitalgate::commands
