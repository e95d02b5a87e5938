#include "gateway/store/unfinished_salvage.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <map>

#include "gateway/store/damaged_file.hpp"
#include "tests/store/faulty_disk.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRows = 1500;

NewRow named(std::uint64_t number) {
    const auto name = fmt::format("r{}", number);
    return reading(name, name, static_cast<v1::Priority>(1 + number % 3));
}

/// A store with kRows readings from record 2 on, of which the first hundred are delivered, and one
/// that does not open. Damaged; a start has no time to salvage it.
struct Damaged : Hub {
    Damaged() {
        options.uplinks = {"care"};
        options.salvageLimit = 0s;
        open();
        std::vector<NewRow> rows;
        for (std::uint64_t i = 2; i <= kRows + 1; ++i) rows.push_back(named(i));
        CHECK(append(rows));
        acknowledge("care", {1, 101});
        stream = store->status().stream;
        close();
        raw(path(), "UPDATE log SET body = zeroblob(length(body)) WHERE sequence = 700");
        raw(path(), "DROP TABLE boots");
    }
    std::string stream;
};

/// A disk on which nothing in the folder of damaged stores can be opened.
struct ClosedFolder final : DiskLayer {
    ClosedFolder() : DiskLayer(name()) {}
    static std::string name() { return "closed-folder"; }
    std::optional<int> before(const DiskRequest& request) override {
        const bool isInside = request.path.find("/damaged/") != std::string_view::npos;
        if (isClosed && isInside && request.kind == DiskRequest::Kind::open) return SQLITE_READONLY;
        return std::nullopt;
    }
    std::atomic<bool> isClosed = true;
};

/// What the log holds, once the losses have been told.
struct Outcome {
    std::map<std::string, int> held;
    RangeSet moved;
    RangeSet lost;
};

std::optional<Outcome> outcomeOf(Hub& hub, const std::string& stream) {
    Outcome outcome;
    const auto rows = hub.fetch({1, UINT64_MAX}, {}, 1 << 24).value();
    for (const auto& row : rows) {
        v1::Record record;
        REQUIRE(record.ParseFromString(row.bytes));
        if (record.has_reading()) ++outcome.held[record.reading().device()];
        const auto& loss = record.event().loss();
        if (loss.stream() != stream) continue;
        auto& told = loss.reason() == v1::LOSS_MOVED ? outcome.moved : outcome.lost;
        for (const auto& range : loss.ranges()) told.add(Range{range.first(), range.last()});
    }
    if (outcome.moved.empty()) return {};
    return outcome;
}

Outcome await(Hub& hub, const std::string& stream) {
    std::optional<Outcome> outcome;
    hub.runUntil([&] {
        outcome = outcomeOf(hub, stream);
        return outcome.has_value();
    });
    return *outcome;
}

void checkComplete(Hub& hub, const std::string& stream) {
    const auto outcome = await(hub, stream);
    RangeSet expected(Range{102, kRows + 1});
    expected.remove(Range{700, 700});
    CHECK(outcome.moved == expected);
    CHECK(outcome.lost == RangeSet(Range{700, 700}));
    CHECK(outcome.held.size() >= kRows - 101);
    for (std::uint64_t i = 102; i <= kRows + 1; ++i) {
        CAPTURE(i);
        const auto held = outcome.held.find(fmt::format("r{}", i));
        CHECK((held == outcome.held.end() ? 0 : held->second) == (i == 700 ? 0 : 1));
    }
}

/// What the disk would hold if the power went now.
std::unique_ptr<Hub> copyOf(Hub& hub) {
    auto copy = std::make_unique<Hub>();
    copy->options = hub.options;
    fs::remove_all(copy->dir.path());
    fs::copy(hub.dir.path(), copy->dir.path(), fs::copy_options::recursive);
    return copy;
}

}  // namespace

TEST_CASE("what a start has no time for follows while the store is in use") {
    Damaged hub;
    hub.open();
    const auto start = hub.records({1, 1})[0].event();
    CHECK(start.text() ==
          "The store was damaged. Of what was not delivered 0 records come again in this stream so "
          "far, the rest is still read.");
    CHECK(hub.append({reading("new", "new")}));
    checkComplete(hub, hub.stream);
    CHECK(hub.append({reading("later", "later")}));
}

TEST_CASE("an append waits for one step of a salvage at most") {
    constexpr std::uint64_t kStep = 128;
    FaultyDisk disk;
    Damaged hub;
    hub.options.vfs = FaultyDisk::name();
    hub.log = Log::toFunction(LogLevel::info, [&](LogLevel, std::string_view line) {
        if (line == "the salvage of a damaged store goes on") disk.holdSyncs();
    });
    hub.open();
    disk.awaitHeldSync();  // its first step
    int during = 0;
    for (int i = 0; i < 10; ++i) {
        // It comes while a step, or the commit of another one, is being written: then no more than
        // one step may come before it.
        disk.holdSyncs();
        bool isFirstThere = false;
        hub.store->append({reading("first")}, {}, [&](auto) { isFirstThere = true; });
        disk.awaitHeldSync();
        hub.clock.run();
        const auto before = hub.store->status().newest;
        std::uint64_t sequence = 0;
        hub.store->append({reading("second")}, {},
                          [&](Result<Appended> result) { sequence = result.value().sequences[0]; });
        disk.release();
        hub.runUntil([&] { return sequence != 0; });
        CHECK(isFirstThere);
        if (sequence - before > 2) ++during;
        CHECK(sequence - before <= 2 + kStep);
    }
    CHECK(during > 0);
    hub.close();
}

TEST_CASE("a salvage that is cut off goes on where it was, and doubles nothing") {
    FaultyDisk disk;
    Damaged hub;
    hub.options.vfs = FaultyDisk::name();
    hub.open();
    std::vector<std::unique_ptr<Hub>> copies;
    for (int cut = 1; cut <= 5; ++cut) {
        // It does not go on while the files are copied.
        disk.holdSyncs();
        bool isThere = false;
        hub.store->append({reading("x", fmt::format("x{}", cut))}, {},
                          [&](auto) { isThere = true; });
        disk.awaitHeldSync();
        copies.push_back(copyOf(hub));
        disk.release();
        hub.runUntil([&] { return isThere; });
    }
    CHECK(copies.size() > 2);
    constexpr const char* kUnfinished = "SELECT count(*) FROM meta WHERE name GLOB 'salvage/*'";
    CHECK(raw(copyOf(*copies.front())->path(), kUnfinished) != "0");
    for (auto& copy : copies) {
        copy->open();
        checkComplete(*copy, hub.stream);
    }
    // And in turn: a few steps in each life.
    Damaged other;
    for (int life = 0; life < 5; ++life) {
        other.open();
        CHECK(other.append({reading("x", fmt::format("life{}", life))}));
        other.close();
    }
    other.open();
    checkComplete(other, other.stream);
}

TEST_CASE("a measurement read again before its row is carried over is stored once") {
    Damaged hub;
    // As the hub names them: the id stands in the record too.
    hub.options.salvageLimit = 3s;
    hub.open();
    checkComplete(hub, hub.stream);
    auto row = reading("again");
    row.record.mutable_reading()->set_id("00112233-4455-6677-8899-aabbccddeeff");
    for (int octet = 0; octet < 16; ++octet) {
        row.id.push_back(static_cast<std::uint8_t>(octet * 0x11));
    }
    CHECK(hub.append({row}).value().duplicates == 0);
    hub.options.salvageLimit = 0s;
    const auto stream = hub.store->status().stream;
    hub.close();
    raw(hub.path(), "DROP TABLE boots");
    hub.open();
    const auto first = hub.append({row});
    await(hub, stream);
    CHECK(outcomeOf(hub, stream)->held["again"] == 1);
    CHECK(hub.append({row}).value().duplicates == 1);
}

TEST_CASE("a store damaged while its salvage goes on: both are salvaged") {
    Damaged hub;
    hub.open();
    CHECK(hub.append({reading("new", "new")}));
    const auto second = hub.store->status().stream;
    hub.close();
    raw(hub.path(), "DROP TABLE boots");
    hub.open();
    await(hub, second);
    const auto outcome = await(hub, hub.stream);
    CHECK(outcome.lost == RangeSet(Range{700, 700}));
    for (std::uint64_t i = 102; i <= kRows + 1; ++i) {
        CAPTURE(i);
        if (i != 700) CHECK(outcome.held.contains(fmt::format("r{}", i)));
    }
    CHECK(outcome.held.contains("new"));
}

TEST_CASE("without the damaged file the rest is told as lost") {
    Damaged hub;
    hub.open();
    hub.close();
    fs::remove_all(hub.dir / "damaged");
    hub.open();
    const auto newest = hub.store->status().newest;
    hub.runUntil([&] { return hub.store->status().newest > newest || newest > kRows; });
    RangeSet told;
    const auto records = hub.records();
    for (const auto& record : records) {
        if (!record.event().has_loss()) continue;
        for (const auto& range : record.event().loss().ranges()) {
            told.add(Range{range.first(), range.last()});
        }
    }
    CHECK(told == RangeSet(Range{102, kRows + 1}));
}

TEST_CASE("what tells of lost rows is carried over before anything else") {
    Damaged hub;
    raw(hub.path(), "INSERT INTO meta(name, value) VALUES('loss/2/', 1200)");
    hub.open();
    CHECK(hub.records({2, 2})[0].reading().device() == "r1200");
    checkComplete(hub, hub.stream);
}

TEST_CASE("with the key replaced meanwhile the rest waits for the previous one") {
    Damaged hub;
    hub.open();
    hub.close();
    hub.options.previousKey = testKey();
    hub.options.key = testKey(8);
    hub.open();
    hub.close();
    hub.options.previousKey = {};
    hub.open();
    hub.close();
    hub.options.previousKey = testKey();
    hub.open();
    checkComplete(hub, hub.stream);
}

TEST_CASE("how many are lost is told, and from where on nobody knows") {
    for (const auto& [undelivered, text] :
         {std::pair{"102-1501", "1399 records came again, 1 are lost"},
          std::pair{"102-9223372036854775807",
                    "1399 records came again, 1 are lost, and an unknown number after 1501"}}) {
        Damaged hub;
        std::promise<std::string> said;
        auto saying = said.get_future();
        hub.open();
        hub.close();
        // As after a damaged journal.
        raw(hub.path(), fmt::format("UPDATE meta SET value = '{}' "
                                    "WHERE name GLOB 'salvage/*/undelivered'",
                                    undelivered));
        constexpr std::string_view kBegin = "the salvage is over: ";
        hub.log = Log::toFunction(LogLevel::warning, [&](LogLevel, std::string_view line) {
            if (line.starts_with(kBegin)) said.set_value(std::string(line.substr(kBegin.size())));
        });
        hub.open();
        hub.runUntil([&] { return saying.wait_for(0s) == std::future_status::ready; });
        CHECK(saying.get() == text);
        hub.close();
    }
}

TEST_CASE("a damaged file that cannot be opened at the moment is waited for") {
    ClosedFolder folder;
    Damaged hub;
    hub.options.vfs = ClosedFolder::name();
    std::atomic<bool> waits = false;
    hub.log = Log::toFunction(LogLevel::warning, [&](LogLevel, std::string_view line) {
        if (line == "the rest of the damaged store waits for the next start") waits = true;
    });
    hub.open();
    hub.runUntil([&] { return waits.load() || outcomeOf(hub, hub.stream); });
    CHECK(waits);
    hub.close();
    folder.isClosed = false;
    hub.open();
    checkComplete(hub, hub.stream);
    hub.close();
}

TEST_CASE("a folder of damaged stores that cannot be read at the moment is waited for") {
    Damaged hub;
    std::atomic<bool> waits = false;
    hub.log = Log::toFunction(LogLevel::warning, [&](LogLevel, std::string_view line) {
        if (line == "the rest of the damaged store waits for the next start") waits = true;
    });
    hub.open();
    hub.close();
    REQUIRE_FALSE(waits);
    const auto folder = hub.dir / "damaged";
    std::filesystem::rename(folder, hub.dir / "aside");
    writeFile(folder, "not a folder");
    hub.open();
    hub.runUntil([&] { return waits.load() || outcomeOf(hub, hub.stream); });
    CHECK(waits);
    hub.close();
    std::filesystem::remove(folder);
    std::filesystem::rename(hub.dir / "aside", folder);
    hub.open();
    checkComplete(hub, hub.stream);
    hub.close();
}

TEST_CASE("a salvage without room waits for it, and readings are taken meanwhile") {
    FaultyDisk disk;
    Damaged hub;
    hub.options.vfs = FaultyDisk::name();
    std::atomic<bool> waits = false;
    hub.log = Log::toFunction(LogLevel::info, [&](LogLevel, std::string_view line) {
        if (line == "the salvage of a damaged store goes on") disk.set(FaultyDisk::Fault::full);
        if (line.starts_with("the salvage of the damaged store waits for room")) waits = true;
    });
    hub.open();
    hub.runUntil([&] { return waits.load(); });
    CHECK(hub.store->status().intake == v1::INTAKE_OPEN);
    disk.set(FaultyDisk::Fault::none);
    const auto first = hub.append({reading("new", "new")}).value().sequences[0];
    CHECK(hub.append({reading("newer", "newer")}).value().sequences[0] == first + 1);
    hub.clock.advance(10min);
    CHECK(hub.append({reading("newest", "newest")}));
    checkComplete(hub, hub.stream);
    for (const auto& record : hub.records({1, first})) {
        CHECK(record.event().store().kind() != v1::STORE_INTAKE_CLOSED);
    }
    hub.close();
}

namespace {

/// Its salvage finds the disk full at its first step, at each start.
struct Paused : Damaged {
    Paused() {
        options.vfs = FaultyDisk::name();
        log = Log::toFunction(LogLevel::info, [&](LogLevel, std::string_view line) {
            if (line == "the salvage of a damaged store goes on") disk.set(FaultyDisk::Fault::full);
            if (line.starts_with("the salvage of the damaged store waits for room")) waits = true;
        });
    }
    ~Paused() { close(); }
    void openAndPause() {
        waits = false;
        open();
        runUntil([&] { return waits.load(); });
        disk.set(FaultyDisk::Fault::none);
        streams.push_back(store->status().stream);
    }
    void damageAgain() {
        close();
        raw(path(), "DROP TABLE boots");
    }
    FaultyDisk disk;
    std::atomic<bool> waits = false;
    std::vector<std::string> streams;
};

}  // namespace

TEST_CASE("damaged stores that are still read go neither for room nor for the limit of two") {
    Paused hub;
    hub.openAndPause();
    for (int i = 0; i < 2; ++i) {
        hub.damageAgain();
        hub.openAndPause();
    }
    CHECK(damagedFiles(hub.path()).value().size() == 3);
    hub.clock.advance(10min);
    CHECK(hub.append({reading("newest", "newest")}));
    await(hub, hub.streams[0]);
    await(hub, hub.streams[1]);
    checkComplete(hub, hub.stream);
}

TEST_CASE("nor do they go to make room for the salvage of the next one") {
    Paused hub;
    hub.openAndPause();
    hub.damageAgain();
    hub.disk.set(FaultyDisk::Fault::full);
    hub.open();
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FULL);
    CHECK(damagedFiles(hub.path()).value().size() == 1);
    hub.disk.set(FaultyDisk::Fault::none);
    hub.clock.advance(1min);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_CLOSED_FAULT; });
    hub.close();
    hub.openAndPause();
    hub.clock.advance(10min);
    CHECK(hub.append({reading("newest", "newest")}));
    checkComplete(hub, hub.stream);
}

TEST_CASE("two damaged stores are kept, also of those that were there before") {
    Hub hub;
    hub.open();
    hub.close();
    fs::create_directory(hub.dir / "damaged");
    for (const auto* name : {"1", "2", "3", "4"}) {
        writeFile(hub.dir / fmt::format("damaged/store-2026010{}T000000Z.db", name), name);
    }
    hub.open();
    CHECK(damagedFiles(hub.path()).value().size() == 2);
    CHECK(readFile(damagedFiles(hub.path()).value()[0]) == "3");
}
