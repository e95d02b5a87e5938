// A card may show, in place of what was written last, what stood there once: whole pages, each
// intact in itself, with old rows.
#include "tests/store/stale_pages.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "gateway/store/log_table.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr std::uint64_t kRows = 6000;

/// A store with kRows readings from record 2 on, closed.
struct Filled : Hub {
    Filled() {
        options.uplinks = {"care"};
        open();
        CHECK(append(rows()));
        stream = store->status().stream;
        close();
    }
    static std::vector<NewRow> rows() {
        std::vector<NewRow> rows;
        for (std::uint64_t i = 2; i <= kRows + 1; ++i) {
            rows.push_back(reading(fmt::format("r{}", i), fmt::format("r{}", i)));
        }
        return rows;
    }
    std::string stream;
};

struct Outcome {
    RangeSet held;  ///< by their old numbers
    RangeSet moved;
    RangeSet lost;
};

Outcome outcomeOf(Hub& hub, const std::string& stream) {
    Outcome outcome;
    const auto rows = hub.fetch({1, UINT64_MAX}, {}, 1 << 24).value();
    for (const auto& row : rows) {
        v1::Record record;
        if (!record.ParseFromString(row.bytes)) FAIL("row ", row.sequence, " is no record");
        if (record.has_reading()) {
            const auto old = std::stoull(record.reading().device().substr(1));
            if (outcome.held.contains(old)) FAIL("row ", old, " came twice");
            outcome.held.add(Range{old, old});
        }
        const auto& loss = record.event().loss();
        if (loss.stream() != stream) continue;
        auto& told = loss.reason() == v1::LOSS_MOVED ? outcome.moved : outcome.lost;
        for (const auto& range : loss.ranges()) told.add(Range{range.first(), range.last()});
    }
    return outcome;
}

Outcome await(Hub& hub, const std::string& stream) {
    Outcome outcome;
    hub.runUntil([&] {
        outcome = outcomeOf(hub, stream);
        return outcome.moved.contains(kRows + 1) || outcome.lost.contains(kRows + 1);
    });
    return outcome;
}

}  // namespace

TEST_CASE("pages with old rows cost what stood there and nothing else") {
    struct Case {
        Duration limit;  // without time all is done in the open store
        std::size_t at;
        std::size_t run;
    };
    for (const auto& [limit, at, run] :
         {Case{0s, 61, 12}, Case{0s, 64, 32}, Case{0s, 61, 60}, Case{30s, 61, 32}}) {
        CAPTURE(run);
        Filled hub;
        const auto leaves = leavesOf("log", hub.path());
        REQUIRE(leaves.size() > at + run);
        const auto first = leaves.begin() + static_cast<std::ptrdiff_t>(at);
        const std::vector stale(first, first + static_cast<std::ptrdiff_t>(run));
        fallBack(hub.path(), leaves, stale);
        raw(hub.path(), "DROP TABLE boots");
        hub.options.salvageLimit = limit;
        hub.open();
        const auto outcome = await(hub, hub.stream);
        const RangeSet gone(Range{leaves[at - 1].last + 1, stale.back().last});
        CHECK(outcome.lost == gone);
        RangeSet rest(Range{2, kRows + 1});
        rest.remove(gone);
        CHECK(outcome.held == rest);
    }
}

TEST_CASE("where the page of the oldest rows shows others nobody takes them for the oldest") {
    Filled hub;
    const auto leaves = leavesOf("log", hub.path());
    const auto oldestKey = [&] {
        auto database = Database::open(hub.path(), {}).value();
        const auto keys = KeyRing::load(database, {testKey(), {}}, hub.stream).value();
        LogTable log(database, keys);
        REQUIRE(log.load());
        return log.oldestKey().value();
    };
    CHECK(oldestKey() == 1);
    const auto content = readFile(hub.path());
    for (const auto& other : {leaves[1], leaves[leaves.size() / 2], leaves.back()}) {
        fallBack(hub.path(), {other}, {leaves.front()});
        CHECK_FALSE(oldestKey());
        writeFile(hub.path(), content);
    }
}

TEST_CASE("pages with old ids cost what stood there and hold up nothing") {
    Filled hub;
    hub.open();
    hub.acknowledge("care", {1, kRows + 1});
    hub.close();
    constexpr std::size_t kRun = 15;
    constexpr std::size_t kIdsOfPage = 170;
    const auto leaves = leavesOf("seen", hub.path());
    REQUIRE(leaves.size() > 20 + kRun);
    fallBack(hub.path(), leaves, {leaves.begin() + 20, leaves.begin() + 20 + kRun});
    raw(hub.path(), "DROP TABLE boots");
    std::atomic<bool> isOver = false;
    hub.log = Log::toFunction(LogLevel::warning, [&](LogLevel, std::string_view line) {
        if (line.starts_with("the salvage is over")) isOver = true;
    });
    hub.options.salvageLimit = 0s;
    hub.open();
    hub.runUntil([&] { return isOver.load(); });
    CHECK(hub.append(Filled::rows()).value().duplicates >= kRows - kRun * kIdsOfPage);
    hub.close();
}
