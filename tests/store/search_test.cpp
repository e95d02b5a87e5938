#include <doctest/doctest.h>

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

namespace {

/// So many that they take much longer than to ask for something else.
constexpr int kSearches = 50;

struct Searches {
    explicit Searches(Hub& hub) {
        for (int i = 0; i < 5; ++i) fill(hub, 1000);
        for (int i = 0; i < kSearches; ++i) {
            hub.store->search({{1, 5001}}, [this](const Result<RangeSet>& result) {
                ++done;
                CHECK(result.value().ranges() == std::vector<Range>{{1, 5001}});
            });
        }
    }
    int done = 0;
};

}  // namespace

TEST_CASE(
    "a search of many rows is cut into steps, and what is committed or fetched meanwhile does not "
    "wait") {
    for (const bool isAppend : {true, false}) {
        CAPTURE(isAppend);
        Hub hub;
        hub.open();
        Searches searches(hub);
        std::optional<int> before;
        if (isAppend) {
            hub.store->append({reading("cuff")}, {}, [&](const Result<Appended>& appended) {
                CHECK(appended);
                before = searches.done;
            });
        } else {
            hub.store->fetch({5001, 5001}, {}, 1, [&](const Result<std::vector<StoredRow>>& rows) {
                CHECK(rows.value().size() == 1);
                before = searches.done;
            });
        }
        hub.runUntil([&] { return before && searches.done == kSearches; });
        CHECK(*before < kSearches);
        hub.close();
    }
}
