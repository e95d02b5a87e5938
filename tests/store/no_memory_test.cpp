#include <doctest/doctest.h>

#include <filesystem>
#include <new>
#include <set>

#include "gateway/store/database.hpp"
#include "gateway/store/file_header.hpp"
#include "tests/store/failing_allocations.hpp"
#include "tests/store/faulty_disk.hpp"
#include "tests/store/promises.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/support/soak.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr int kReadings = 12;

/// What a hub does in a short life, and what it was promised. Whatever SQLite has no memory for
/// comes back as an error.
class ShortLife {
  public:
    ShortLife(Hub& hub, std::vector<Promise>& promises) : hub_(hub), promises_(promises) {}

    void live() {
        hub_.await<std::uint64_t>([&](auto done) { hub_.store->countConnection(kUplink, done); });
        hub_.await<std::vector<BookmarkChange>>(
            [&](auto done) { hub_.store->loadBookmarks("cuff", done); });
        for (int i = 0; i < 3; ++i) append();
        run();
        deliver();
        hub_.clock.advance(31 * 24h);
        append();  // what was delivered is out of date now
        hub_.fetch();
        append();
    }

  private:
    void append() {
        const auto name = fmt::format("cuff-{}", promises_.size() + 1);
        const auto done = hub_.append({reading(name, name)}, {{"cuff", "last", name}});
        if (done) promises_.push_back({Promise::Kind::row, name, done->sequences.front()});
    }

    void run() {
        auto entry = command(hub_, fmt::format("command-{}", promises_.size() + 1));
        const auto begun = hub_.await<std::optional<CommandEntry>>(
            [&](auto done) { hub_.store->beginCommand(entry, done); });
        if (begun) promises_.push_back({Promise::Kind::command, entry.id});
        NewRow result;
        result.record.mutable_result()->set_command_id(entry.id);
        entry.result = result.record.result();
        entry.state = v1::COMMAND_DONE;
        hub_.await<Appended>([&](auto done) { hub_.store->finishCommand(entry, result, done); });
    }

    void deliver() {
        const auto rows = hub_.fetch();
        const auto sets =
            hub_.await<DeliverySets>([&](auto done) { hub_.store->loadSets(kUplink, done); });
        if (!rows || rows->empty() || !sets) return;
        auto now = *sets;
        const Range sent{rows->front().sequence, rows->back().sequence};
        now.sent.add(sent);
        now.stored.add(sent);
        promises_.push_back({Promise::Kind::delivery, {}, 0, RangeSet(sent)});
        hub_.store->saveSets(kUplink, now, true);
        hub_.await<DeliverySets>([&](auto done) { hub_.store->loadSets(kUplink, done); });
    }

    Hub& hub_;
    std::vector<Promise>& promises_;
};

/// A life in which the allocation with this number fails, and the next one. Gives whether there are
/// so many.
bool checkLife(FailingAllocations& allocations, long number, const Files& files,
               const std::string& stream, std::vector<Promise> promises) {
    CAPTURE(number);
    Restarted hub(files, FaultyDisk::name());
    allocations.failAt(number);
    if (const auto opened = hub.tryOpen()) {
        ShortLife(hub, promises).live();
        hub.close();
    } else {
        CHECK(opened.error().kind == ErrorKind::unavailable);
        CHECK(opened.error().message.find("memory") != std::string::npos);
    }
    const bool hasFailed = allocations.end();
    hub.begin();
    CHECK_FALSE(std::filesystem::exists(hub.dir / "damaged"));
    CHECK(hub.store->status().stream == stream);
    CHECK(broken(hub, promises) == 0);
    checkGoesOn(hub, promises);
    hub.close();
    CHECK(raw(hub.path(), "PRAGMA integrity_check") == "ok");
    return hasFailed;
}

/// A store with a few readings, and with a page damaged that holds none of them.
Files damagedStore() {
    Restarted hub(newStore(), FaultyDisk::name());
    hub.begin();
    for (int i = 1; i <= kReadings; ++i) {
        const auto name = fmt::format("cuff-{}", i);
        REQUIRE(hub.append({reading(name, name)}, {{"cuff", "last", name}}));
    }
    hub.close();
    auto files = filesIn(hub);
    const auto root = raw(hub.path(), "SELECT rootpage FROM sqlite_schema WHERE name = 'boots'");
    const auto page = static_cast<std::size_t>(std::stoi(root) - 1);
    files.at("store.db").replace(page * kPageSize, kPageSize, kPageSize, '\xff');
    return files;
}

/// Salvages the store, at the second start what the first has not. Gives whether there are so many
/// allocations as `number`.
bool checkSalvage(FailingAllocations& allocations, long number, const Files& files) {
    CAPTURE(number);
    Restarted hub(files, FaultyDisk::name());
    allocations.failAt(number);
    if (const auto opened = hub.tryOpen(); opened) {
        hub.fetch();
        hub.close();
    }
    const bool hasFailed = allocations.end();
    hub.begin();
    std::multiset<std::string> names;
    for (const auto& record : hub.records()) {
        if (record.has_reading()) names.insert(record.reading().device());
    }
    CHECK(names.size() == kReadings);
    CHECK(std::set(names.begin(), names.end()).size() == kReadings);
    CHECK(hub.bookmark("cuff", "last") == fmt::format("cuff-{}", kReadings));
    hub.close();
    CHECK(raw(hub.path(), "PRAGMA integrity_check") == "ok");
    return hasFailed;
}

}  // namespace

TEST_CASE("whatever SQLite finds no memory for, nothing is lost, and the store is not damaged") {
    FaultyDisk quick;
    quick.set(FaultyDisk::Fault::noSync);
    FailingAllocations allocations;
    std::vector<Promise> promises;
    Files files;
    {
        Restarted hub(newStore(), FaultyDisk::name());
        hub.begin();
        ShortLife(hub, promises).live();
        hub.close();
        files = filesIn(hub);
    }
    const auto stream = streamOf(files);
    const int step = vitalgate::testing::soak(11, 1);
    long number = 1;
    while (checkLife(allocations, number, files, stream, promises)) number += step;
    CHECK(number > 1000);
    MESSAGE("of " << number << " allocations each, or every " << step << "th, has failed");
}

TEST_CASE(
    "whatever SQLite finds no memory for in a salvage, at last all is carried over, and once") {
    FaultyDisk quick;
    quick.set(FaultyDisk::Fault::noSync);
    FailingAllocations allocations;
    const auto files = damagedStore();
    const int step = vitalgate::testing::soak(17, 1);
    long number = 1;
    while (checkSalvage(allocations, number, files)) number += step;
    CHECK(number > 1000);
    MESSAGE("of " << number << " allocations each, or every " << step << "th, has failed");
}

TEST_CASE("a parameter for which there is no memory is not taken for NULL, and the process told") {
    FailingAllocations allocations;
    auto database = Database::inMemory().value();
    REQUIRE(database.run("CREATE TABLE row(name TEXT)"));
    const std::string name(1000, 'n');
    static int told = 0;
    const auto before = std::set_new_handler([] { ++told; });
    for (const auto* sql :
         {"INSERT INTO row(name) VALUES(?1)", "SELECT 1 FROM row WHERE name = ?1"}) {
        REQUIRE(database.run(sql, name));
        allocations.failAt(1);
        const auto done = database.run(sql, name);
        CHECK(allocations.end());
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == ErrorKind::unavailable);
    }
    std::set_new_handler(before);
    CHECK(told == 2);
    CHECK(database.integer("SELECT count(*) FROM row WHERE name IS NULL") == 0);
}
