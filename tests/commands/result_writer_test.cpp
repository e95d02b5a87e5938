#include "gateway/commands/result_writer.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <string>
#include <vector>

#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::commands {
namespace {

struct Fixture {
    ResultWriter::Answer answer(const std::string& id, bool isLedgered, bool isFinal = true) {
        ResultWriter::Answer made;
        if (isLedgered) made.entry.emplace().id = id;
        made.result.set_command_id(id);
        made.result.set_final(isFinal);
        made.settled = [this, id] { settled.push_back(id); };
        return made;
    }
    void write(const std::string& id, bool isLedgered, bool isFinal = true) {
        writer->write(answer(id, isLedgered, isFinal));
        clock.run();
    }
    [[nodiscard]] std::vector<std::string> stored() const {
        std::vector<std::string> ids;
        for (std::uint64_t row = 1; row <= store.status().newest; ++row) {
            ids.push_back(store.record(row).result().command_id());
        }
        return ids;
    }

    asio::io_context loop;
    vitalgate::testing::VirtualClock clock{loop};
    vitalgate::testing::MemoryStore store{clock};
    std::vector<std::string> lines;
    std::shared_ptr<ResultWriter> writer = std::make_shared<ResultWriter>(
        store, clock, Log::toFunction(LogLevel::debug, [this](LogLevel, std::string_view line) {
            lines.emplace_back(line);
        }));
    std::vector<std::string> settled;
};

}  // namespace

TEST_CASE("what the store does not take is tried again until it does, in order") {
    Fixture desk;
    desk.store.failsAppending = true;
    desk.write("a", true);
    desk.write("b", false);
    desk.clock.advance(std::chrono::hours{1});
    CHECK(desk.stored().empty());
    CHECK(desk.settled.empty());
    CHECK(desk.writer->waiting() == 2);
    desk.store.failsAppending = false;
    desk.clock.advance(ResultWriter::kRetry);
    CHECK(desk.stored() == std::vector<std::string>{"a", "b"});
    CHECK(desk.settled == desk.stored());
    CHECK(desk.writer->waiting() == 0);
    desk.clock.advance(std::chrono::hours{1});
    CHECK(desk.stored().size() == 2);
}

TEST_CASE("that a command runs is not told after its end") {
    Fixture desk;
    desk.store.failsAppending = true;
    desk.write("running", false, false);
    CHECK(desk.writer->waiting() == 0);
    CHECK(desk.settled.size() == 1);
}

TEST_CASE("above the limit answers without a ledger entry go first, then the newest; it is told") {
    Fixture desk;
    desk.store.failsAppending = true;
    desk.write("refused", false);
    for (std::size_t i = 0; i < ResultWriter::kMostWaiting; ++i) {
        desk.write(std::to_string(i), true);
    }
    CHECK(desk.writer->waiting() == ResultWriter::kMostWaiting);
    CHECK(desk.settled == std::vector<std::string>{"refused"});
    CHECK(desk.lines.back().find("refused") != std::string::npos);
    desk.write("late", true);
    CHECK(desk.settled == std::vector<std::string>{"refused", "late"});
    desk.store.failsAppending = false;
    desk.writer->retry();
    desk.clock.run();
    REQUIRE(desk.stored().size() == ResultWriter::kMostWaiting);
    CHECK(desk.stored().front() == "0");
    CHECK(desk.stored().back() == "63");
}

}  // namespace vitalgate::commands
