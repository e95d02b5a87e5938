#include "gateway/app/event_keeper.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <string>
#include <vector>

#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::app {
namespace {

struct Fixture {
    void store(std::size_t number) {
        store::NewRow row;
        row.record.mutable_event()->set_id(std::to_string(number));
        keeper->store(std::move(row), [this] { ++tried; });
        clock.run();
    }
    [[nodiscard]] std::vector<std::string> stored() const {
        std::vector<std::string> ids;
        for (std::uint64_t row = 1; row <= memory.status().newest; ++row) {
            ids.push_back(memory.record(row).event().id());
        }
        return ids;
    }

    asio::io_context loop;
    vitalgate::testing::VirtualClock clock{loop};
    vitalgate::testing::MemoryStore memory{clock};
    std::vector<std::string> lines;
    std::shared_ptr<EventKeeper> keeper = std::make_shared<EventKeeper>(
        memory, clock, Log::toFunction(LogLevel::debug, [this](LogLevel, std::string_view line) {
            lines.emplace_back(line);
        }));
    std::size_t tried = 0;
};

}  // namespace

TEST_CASE("an event that the store does not take is stored once it does, under its id, once") {
    Fixture hub;
    hub.memory.failsAppending = true;
    hub.store(1);
    hub.store(2);
    CHECK(hub.tried == 2);
    hub.clock.advance(std::chrono::hours{24});
    CHECK(hub.stored().empty());
    hub.memory.failsAppending = false;
    hub.clock.advance(EventKeeper::kRetry);
    CHECK(hub.stored() == std::vector<std::string>{"1", "2"});
    hub.clock.advance(std::chrono::hours{1});
    CHECK(hub.stored().size() == 2);
    CHECK(hub.tried == 2);
}

TEST_CASE("at most so many events wait: the oldest go, and the log counts them") {
    Fixture hub;
    hub.memory.failsAppending = true;
    for (std::size_t i = 0; i < EventKeeper::kMostWaiting + 2; ++i) hub.store(i);
    CHECK(hub.keeper->waiting() == EventKeeper::kMostWaiting);
    CHECK(hub.lines.back().find("2 events could not be stored") != std::string::npos);
    hub.memory.failsAppending = false;
    hub.clock.advance(EventKeeper::kRetry);
    REQUIRE(hub.stored().size() == EventKeeper::kMostWaiting);
    CHECK(hub.stored().front() == "2");
}

}  // namespace vitalgate::app
