#include <doctest/doctest.h>

#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

struct CommandHub : Hub {
    CommandHub() { open(); }

    [[nodiscard]] CommandEntry entry(const std::string& id, Duration validFor = 1min) const {
        CommandEntry command;
        command.id = id;
        command.keyId = "clinic";
        command.target = "cuff";
        command.state = v1::COMMAND_RECEIVED;
        command.notAfter = clock.wall() + validFor;
        command.digest = Bytes(32, 9);
        command.sequence = 77;
        return command;
    }
    Result<std::optional<CommandEntry>> begin(const CommandEntry& command) {
        return await<std::optional<CommandEntry>>(
            [&](auto done) { store->beginCommand(command, done); });
    }
    Result<Appended> finish(CommandEntry command) {
        command.state = v1::COMMAND_DONE;
        command.result.emplace().set_command_id(command.id);
        command.result->set_text("done");
        NewRow row;
        *row.record.mutable_result() = *command.result;
        row.priority = v1::PRIORITY_ALARM;
        return await<Appended>([&](auto done) { store->finishCommand(command, row, done); });
    }
    bool isKnown(const std::string& id) { return begin(entry(id)).value().has_value(); }
    void purge() {
        clock.advance(1h);
        fetch();  // comes back after the purge has begun …
        append({});
        fetch();
    }
};

}  // namespace

TEST_CASE("a command is begun once, also after a start; then what is known of it comes back") {
    CommandHub hub;
    const auto command = hub.entry("c1");
    CHECK_FALSE(hub.begin(command).value());
    for (int i = 0; i < 2; ++i) {
        const auto known = hub.begin(hub.entry("c1", 5h)).value();
        REQUIRE(known);
        CHECK(known->id == "c1");
        CHECK(known->keyId == "clinic");
        CHECK(known->target == "cuff");
        CHECK(known->state == v1::COMMAND_RECEIVED);
        CHECK(known->notAfter == command.notAfter);
        CHECK(known->digest == Bytes(32, 9));
        CHECK(known->sequence == 77);
        CHECK_FALSE(known->result);
        hub.reopen();
    }
    CHECK_FALSE(hub.begin(hub.entry("c2")).value());
}

TEST_CASE("the ledger tells the highest sequence by key and target of what has run, or may have") {
    CommandHub hub;
    const auto sequences = [&hub] {
        return hub.await<CommandSequences>([&](auto done) { hub.store->commandSequences(done); })
            .value();
    };
    CHECK(sequences().empty());
    const auto add = [&hub](const char* target, std::uint64_t sequence, v1::CommandState state) {
        auto command = hub.entry(fmt::format("{}-{}-{}", target, sequence, int{state}));
        command.target = target;
        command.sequence = sequence;
        command.state = state;
        hub.store->beginCommand(command, [](const auto& known) { CHECK(known); });
    };
    add("cuff", 300, v1::COMMAND_DONE);
    // More than one step of reading.
    for (std::uint64_t sequence = 1; sequence < 257; ++sequence) {
        add("cuff", sequence, v1::COMMAND_RECEIVED);
    }
    add("cuff", 400, v1::COMMAND_REFUSED);
    add("cuff", 500, v1::COMMAND_EXPIRED);
    add("scale", UINT64_MAX, v1::COMMAND_UNKNOWN);
    CHECK(sequences() ==
          CommandSequences{{{"clinic", "cuff"}, 300}, {{"clinic", "scale"}, UINT64_MAX}});
}

TEST_CASE("a result is in the ledger and in the log, or in neither") {
    CommandHub hub;
    CHECK_FALSE(hub.begin(hub.entry("c1")).value());
    CHECK(hub.finish(hub.entry("c1")).value().sequences == std::vector<std::uint64_t>{2});
    hub.reopen();
    const auto known = hub.begin(hub.entry("c1")).value();
    REQUIRE(known);
    CHECK(known->state == v1::COMMAND_DONE);
    CHECK(known->result.value().text() == "done");
    CHECK(hub.content() == "1:stream-started 2:result-c1");
}

TEST_CASE("after a start the commands that were begun and not finished are known") {
    CommandHub hub;
    CHECK_FALSE(hub.begin(hub.entry("done")).value());
    CHECK_FALSE(hub.begin(hub.entry("open-late", 2min)).value());
    CHECK_FALSE(hub.begin(hub.entry("open-soon", 1min)).value());
    CHECK(hub.finish(hub.entry("done")));
    hub.reopen();
    const auto open =
        hub.await<std::vector<CommandEntry>>([&](auto done) { hub.store->openCommands(done); });
    REQUIRE(open.value().size() == 2);
    CHECK(open->at(0).id == "open-soon");
    CHECK(open->at(1).id == "open-late");
    CHECK(open->at(1).digest == Bytes(32, 9));
}

TEST_CASE("a command is kept 7 days longer than it was good for") {
    CommandHub hub;
    CHECK_FALSE(hub.isKnown("old"));
    hub.clock.advance(7 * 24h);
    hub.purge();
    CHECK_FALSE(hub.begin(hub.entry("new")).value());
    CHECK_FALSE(hub.isKnown("old"));
    CHECK(hub.isKnown("new"));
}

TEST_CASE("while the clock is not to be trusted no command is forgotten") {
    CommandHub hub;
    CHECK_FALSE(hub.isKnown("old"));
    hub.clock.setTrust(ClockTrust::unsynchronised);
    hub.clock.setWall(hub.clock.wall() + 10'000h);
    hub.purge();
    CHECK(hub.isKnown("old"));
}

TEST_CASE("10,000 commands are kept: then the ones out of date go, and none that is still good") {
    CommandHub hub;
    std::size_t answered = 0;
    const auto count = [&](const Result<std::optional<CommandEntry>>& result) {
        CHECK(result);
        ++answered;
    };
    hub.store->beginCommand(hub.entry("short", 1s), count);
    hub.store->beginCommand(hub.entry("shorter", 0s), count);
    for (int i = 0; i < 9998; ++i) {
        hub.store->beginCommand(hub.entry(fmt::format("c{}", i), 100h), count);
    }
    hub.runUntil([&] { return answered == 10'000; });
    const auto refused = hub.begin(hub.entry("more", 100h));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::full);
    CHECK(hub.isKnown("short"));
    hub.clock.advance(1h + 500ms);
    CHECK_FALSE(hub.begin(hub.entry("more", 100h)).value());
    CHECK_FALSE(hub.begin(hub.entry("even-more", 100h)).has_value());
    CHECK(hub.isKnown("short"));
    CHECK(hub.isKnown("c0"));
    CHECK(hub.isKnown("c9997"));
}

TEST_CASE("a command without an id, or with names without end, is refused") {
    CommandHub hub;
    CHECK(hub.begin(hub.entry("")).error().kind == ErrorKind::invalid);
    CHECK(hub.begin(hub.entry(std::string(257, 'x'))).error().kind == ErrorKind::invalid);
    CHECK(hub.finish(hub.entry(std::string(257, 'x'))).error().kind == ErrorKind::invalid);
    CHECK(hub.content() == "1:stream-started");
}
