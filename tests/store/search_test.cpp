#include <doctest/doctest.h>

#include "tests/store/faulty_disk.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

std::vector<Range> search(Hub& hub, const RowSearch& wanted) {
    const auto found =
        hub.await<RangeSet>([&](auto done) { hub.store->search(wanted, std::move(done)); });
    REQUIRE(found);
    return found->ranges();
}

void fill(Hub& hub, std::size_t count) {
    CHECK(hub.append(std::vector<NewRow>(count, reading("cuff"))));
}

}  // namespace

TEST_CASE("rows are found by their sequence and by the time of their commit") {
    Hub hub;
    hub.open();
    const auto begin = hub.clock.wall();
    fill(hub, 4);  // 2 to 5, behind the stream's first record
    hub.clock.advance(1h);
    fill(hub, 3);
    hub.clock.advance(1h);
    fill(hub, 2);
    CHECK(search(hub, {}) == std::vector<Range>{{1, 10}});
    CHECK(search(hub, {{3, 6}}) == std::vector<Range>{{3, 6}});
    CHECK(search(hub, {{9, UINT64_MAX}}) == std::vector<Range>{{9, 10}});
    CHECK(search(hub, {{11, 20}}).empty());
    CHECK(search(hub, {.from = begin + 1h, .to = begin + 1h}) == std::vector<Range>{{6, 8}});
    CHECK(search(hub, {.from = begin + 1min}) == std::vector<Range>{{6, 10}});
    CHECK(search(hub, {.to = begin + 119min}) == std::vector<Range>{{1, 8}});
    CHECK(search(hub, {{7, 9}, begin + 90min, WallTime::max()}) == std::vector<Range>{{9, 9}});
    CHECK(search(hub, {.from = begin + 3h}).empty());
    hub.close();
}

TEST_CASE("rows are found however the clock has jumped") {
    Hub hub;
    hub.open();
    const auto begin = hub.clock.wall();
    fill(hub, 2);
    hub.clock.setWall(begin - std::chrono::days{3650});
    fill(hub, 2);
    hub.clock.setWall(begin + 1h);
    fill(hub, 2);
    CHECK(search(hub, {.from = begin}) == std::vector<Range>{{1, 3}, {6, 7}});
    CHECK(search(hub, {.to = begin - 1h}) == std::vector<Range>{{4, 5}});
    hub.close();
}

TEST_CASE(
    "a search of many rows is cut into steps, and what is committed or fetched meanwhile does not "
    "wait") {
    constexpr int kSearches = 5;
    constexpr int kGroup = 1000;  // appends at most
    for (const bool isAppend : {true, false}) {
        CAPTURE(isAppend);
        FaultyDisk disk;
        Hub hub;
        hub.options.vfs = FaultyDisk::name();
        hub.open();
        for (int i = 0; i < 5; ++i) fill(hub, 1000);
        // All wait before the first of them is on the disk.
        disk.holdSyncs();
        hub.store->append({reading("cuff")}, {}, [](auto) {});
        disk.awaitHeldSync();
        int done = 0;
        for (int i = 0; i < kSearches; ++i) {
            hub.store->search({{1, 5001}}, [&done](const Result<RangeSet>& result) {
                ++done;
                CHECK(result.value().ranges() == std::vector<Range>{{1, 5001}});
            });
        }
        std::optional<int> before;
        if (isAppend) {
            // The last one is in a group of its own: when its turn comes the first search has
            // begun.
            for (int i = 0; i < kGroup; ++i) hub.store->append({reading("cuff")}, {}, [](auto) {});
            hub.store->append({reading("cuff")}, {}, [&](const Result<Appended>& appended) {
                CHECK(appended);
                before = done;
            });
        } else {
            hub.store->fetch({5001, 5001}, {}, 1, [&](const Result<std::vector<StoredRow>>& rows) {
                CHECK(rows.value().size() == 1);
                before = done;
            });
        }
        disk.release();
        hub.runUntil([&] { return before && done == kSearches; });
        CHECK(*before == 0);
        hub.close();
    }
}
