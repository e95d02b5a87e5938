#include "gateway/store/awaitable_store.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "tests/store/faulty_disk.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

struct Waiting : Hub {
    std::vector<std::string> got;

    void note(std::string_view what, bool good) {
        got.push_back(fmt::format("{} {}", what, good ? "yes" : "no"));
    }
    asio::awaitable<void> work() {
        std::vector<NewRow> rows{reading("a", "x")};
        std::vector<BookmarkChange> bookmarks{{"cuff", "last", "1"}};
        const auto appended =
            co_await store::append(*store, clock, std::move(rows), std::move(bookmarks), 5s);
        note("append", appended && appended->sequences[0] == 2);
        const std::string device = "cuff";
        const auto loaded = co_await loadBookmarks(*store, clock, device, 5s);
        note("bookmarks", loaded && loaded->size() == 1 && (*loaded)[0].value == "1");
        CommandEntry entry;
        entry.id = "c1";
        const auto begun = co_await beginCommand(*store, clock, entry, 5s);
        note("begin", begun && !*begun);
        NewRow result;
        result.record.mutable_result()->set_command_id("c1");
        result.priority = v1::PRIORITY_ALARM;
        const auto finished = co_await finishCommand(*store, clock, entry, result, 5s);
        note("finish", finished && finished->sequences[0] == 3);
    }
    asio::awaitable<void> tooSlow() {
        std::vector<NewRow> rows{reading("a", "x")};
        const std::vector<BookmarkChange> none;
        const auto appended = co_await store::append(*store, clock, std::move(rows), none, 5s);
        note("in time", appended.has_value());
        got.push_back(appended ? "" : appended.error().message);
    }
};

}  // namespace

TEST_CASE("a coroutine waits for each answer of the store") {
    Waiting hub;
    hub.open();
    asio::co_spawn(hub.io, hub.work(), asio::detached);
    hub.runUntil([&] { return hub.got.size() == 4; });
    CHECK(hub.got ==
          std::vector<std::string>{"append yes", "bookmarks yes", "begin yes", "finish yes"});
}

TEST_CASE("a coroutine does not wait for the disk longer than its limit") {
    FaultyDisk disk;
    Waiting hub;
    hub.options.vfs = FaultyDisk::name();
    hub.open();
    disk.holdSyncs();
    asio::co_spawn(hub.io, hub.tooSlow(), asio::detached);
    hub.clock.run();
    disk.awaitHeldSync();
    hub.clock.advance(5s);
    CHECK(hub.got == std::vector<std::string>{"in time no", "no answer within 5 s"});
    disk.release();
    CHECK(hub.append({reading("a", "x")}).value().duplicates == 1);
    hub.close();
}
