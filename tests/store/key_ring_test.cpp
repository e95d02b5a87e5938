#include "gateway/store/key_ring.hpp"

#include <doctest/doctest.h>

#include <mutex>

#include "gateway/store/damaged_file.hpp"
#include "gateway/store/store_file.hpp"
#include "tests/store/faulty_disk.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr const char* kBodies =
    "SELECT group_concat(hex(body)) FROM (SELECT body FROM log WHERE sequence < 5 "
    "ORDER BY sequence)";
constexpr WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}};

/// A store with a, b, c in records 2, 3, 4 and a bookmark, closed; keys are replaced by testKey(8).
struct Prepared : Hub {
    Prepared() {
        options.key = testKey();
        open();
        CHECK(append({reading("a", "x"), reading("b", "y"), reading("c", "z")},
                     {{"cuff", "last", "17"}}));
        close();
        bodies = raw(path(), kBodies);
        options.previousKey = testKey();
        options.key = testKey(8);
        log = Log::toFunction(LogLevel::debug, [this](LogLevel, std::string_view line) {
            const std::scoped_lock lock(mutex);
            lines.append(line);
        });
    }
    ~Prepared() { close(); }
    bool logHas(std::string_view text) {
        const std::scoped_lock lock(mutex);
        return lines.contains(text);
    }
    std::string bodies;
    std::mutex mutex;  ///< the store's thread writes to the log
    std::string lines;
};

/// A store with a sealed with data key 1 and b with data key 2, closed; one of the keys is damaged.
struct DamagedKey : Hub {
    explicit DamagedKey(int number) {
        options.uplinks = {"care"};
        open();
        CHECK(append({reading("a", "x")}, {{"cuff", "last", "17"}}));
        clock.advance(KeyRing::kKeyAge + 1s);
        CHECK(append({reading("b", "y")}, {{"scale", "last", "18"}}));
        stream = store->status().stream;
        close();
        raw(path(), fmt::format("UPDATE keys SET wrapped = zeroblob(length(wrapped)) WHERE id = {}",
                                number));
    }
    std::string stream;
};

KeyRing load(Database& database) {
    auto ring = KeyRing::load(database, {testKey(), {}}, "abcdefghijklm");
    REQUIRE(ring);
    return std::move(*ring);
}

}  // namespace

TEST_CASE("a data key seals for thirty days, and what it sealed opens afterwards") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a")}, {{"cuff", "last", "17"}}));
    hub.clock.advance(KeyRing::kKeyAge - 1s);
    CHECK(hub.append({reading("b")}));
    hub.clock.advance(2s);
    CHECK(hub.append({reading("c")}));
    CHECK(hub.append({reading("d")}));
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c 5:d");
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c 5:d");
    CHECK(hub.bookmark("cuff", "last") == "17");
    hub.clock.advance(KeyRing::kKeyAge / 2);
    CHECK(hub.append({reading("e")}));
    hub.close();
    CHECK(
        raw(hub.path(), "SELECT group_concat(key) FROM (SELECT key FROM log ORDER BY sequence)") ==
        "1,1,1,2,2,2");
    CHECK(raw(hub.path(), "SELECT count(*) FROM keys") == "2");
}

TEST_CASE("a data key goes with the history that it sealed, unless something else needs it") {
    Hub hub;
    hub.options.uplinks = {"care"};
    hub.open();
    CHECK(hub.append({reading("a")}, {{"cuff", "last", "17"}}));
    for (int month = 0; month < 3; ++month) {
        hub.clock.advance(KeyRing::kKeyAge + 1s);
        CHECK(hub.append({reading("b")}));
    }
    hub.acknowledge("care", {1, 3});
    hub.clock.advance(1h);
    hub.runUntil([&] { return hub.store->status().rows == 2; });
    hub.close();
    // 1 seals the bookmark, 3 and 4 the rows that are left.
    CHECK(raw(hub.path(), "SELECT group_concat(id) FROM keys") == "1,3,4");
    hub.open();
    CHECK(hub.bookmark("cuff", "last") == "17");
    CHECK(hub.content() == "4:b 5:b");
    CHECK(hub.append({reading("c")}, {{"cuff", "last", "18"}}));
    hub.acknowledge("care", {1, 5});
    hub.clock.advance(KeyRing::kKeyAge + 1h);
    hub.runUntil([&] { return hub.store->status().rows == 1; });
    hub.close();
    CHECK(raw(hub.path(), "SELECT group_concat(id) FROM keys") == "4,5");
    hub.open();
    CHECK(hub.bookmark("cuff", "last") == "18");
    CHECK(hub.content() == "6:c");
    CHECK(hub.append({reading("d")}));
}

TEST_CASE("where the oldest row does not open no data key goes") {
    Hub hub;
    hub.options.uplinks = {"care"};
    hub.open();
    CHECK(hub.append({reading("a"), reading("b")}));
    hub.clock.advance(KeyRing::kKeyAge + 1s);
    CHECK(hub.append({reading("c"), reading("d")}));
    hub.acknowledge("care", {2, 2});
    hub.close();
    raw(hub.path(), "UPDATE log SET key = 66 WHERE sequence = 1");
    hub.open();
    hub.clock.advance(1h);
    hub.runUntil([&] { return hub.store->status().rows == 4; });
    hub.close();
    CHECK(raw(hub.path(), "SELECT group_concat(id) FROM keys") == "1,2");
    hub.open();
    CHECK(hub.content() == "3:b 4:c 5:d");
}

TEST_CASE("a data key seals so many rows and no more") {
    auto database = temporaryStore().value();
    auto ring = load(database);
    CHECK_FALSE(ring.rotateIfDue(database, 1, kNow).value());
    CHECK_FALSE(ring.rotateIfDue(database, KeyRing::kRowsPerKey, kNow).value());
    ring.committed();
    CHECK(ring.rotateIfDue(database, KeyRing::kRowsPerKey + 1, kNow).value());
    ring.committed();
    CHECK(ring.current() == 2);
    CHECK_FALSE(ring.rotateIfDue(database, 2 * KeyRing::kRowsPerKey, kNow).value());
    CHECK(ring.rotateIfDue(database, 2 * KeyRing::kRowsPerKey + 1, kNow).value());
    CHECK(load(database).current() == 3);
}

TEST_CASE("a data key that was not written is made anew") {
    auto database = temporaryStore().value();
    auto ring = load(database);
    CHECK_FALSE(ring.rotateIfDue(database, 1, kNow).value());
    ring.committed();
    REQUIRE(database.run("BEGIN"));
    CHECK(ring.rotateIfDue(database, KeyRing::kRowsPerKey + 1, kNow).value());
    CHECK(ring.current() == 2);
    database.rollBack();
    ring.rolledBack();
    CHECK(ring.current() == 1);
    CHECK(ring.rotateIfDue(database, KeyRing::kRowsPerKey + 1, kNow).value());
    CHECK(load(database).current() == 2);
}

TEST_CASE("a clock that is set back or forth costs one data key at most") {
    auto database = temporaryStore().value();
    auto ring = load(database);
    CHECK_FALSE(ring.rotateIfDue(database, 1, kNow).value());
    CHECK(ring.rotateIfDue(database, 2, kNow + std::chrono::days{3650}).value());
    CHECK_FALSE(ring.rotateIfDue(database, 3, kNow).value());
    CHECK_FALSE(ring.rotateIfDue(database, 4, kNow + std::chrono::days{29}).value());
    CHECK(ring.rotateIfDue(database, 5, kNow + std::chrono::days{30}).value());
}

TEST_CASE("a data key whose transaction did not stand is not used") {
    FaultyDisk disk;
    Hub hub;
    hub.options.vfs = FaultyDisk::name();
    hub.open();
    CHECK(hub.append({reading("a")}));
    hub.clock.advance(KeyRing::kKeyAge + 1s);
    disk.set(FaultyDisk::Fault::full);
    CHECK_FALSE(hub.append({reading("b")}));
    disk.set(FaultyDisk::Fault::none);
    hub.clock.advance(10s);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_OPEN; });
    CHECK(hub.append({reading("c")}));
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:a 3:intake-closed 4:intake-open 5:c");
    hub.close();
    CHECK(raw(hub.path(), "SELECT count(*) FROM keys") == "2");
    CHECK(raw(hub.path(), "SELECT count(*) FROM log WHERE key NOT IN (SELECT id FROM keys)") ==
          "0");
}

TEST_CASE("a data key that is damaged costs what it sealed and no more") {
    DamagedKey hub(1);
    hub.open();
    CHECK(hub.store->status().stream == hub.stream);
    CHECK(hub.content().starts_with("3:b"));
    hub.runUntil([&] { return hub.store->status().newest >= 5; });
    CHECK(hub.content() == "3:b 4:loss[1-1] 5:loss[2-2]");
    CHECK(hub.bookmark("scale", "last") == "18");
    hub.clock.advance(KeyRing::kKeyAge + 1s);
    CHECK(hub.append({reading("c")}));
    hub.reopen();
    CHECK(hub.content() == "3:b 4:loss[1-1] 5:loss[2-2] 6:c");
}

TEST_CASE("with the newest data key damaged the store is salvaged with the others") {
    DamagedKey hub(2);
    hub.open();
    CHECK(hub.store->status().stream != hub.stream);
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:loss[1-2] 5:loss[3-3]");
    CHECK(hub.bookmark("cuff", "last") == "17");
    hub.reopen();
    CHECK(hub.append({reading("c")}));
}

TEST_CASE("with the newest data key damaged a wrong key still opens nothing") {
    DamagedKey hub(2);
    const auto content = readFile(hub.path());
    hub.options.key = testKey(9);
    CHECK(hub.tryOpen().error().kind == ErrorKind::authentication);
    CHECK(readFile(hub.path()) == content);
}

namespace {

/// A store with a, b in records 2, 3, closed, then changed by `sql`.
struct Changed : Hub {
    explicit Changed(const std::string& sql) {
        options.uplinks = {"care"};
        open();
        stream = store->status().stream;
        CHECK(append({reading("a", "x"), reading("b", "y")}));
        close();
        raw(path(), sql);
    }
    std::string stream;
};

constexpr const char* kNoKey = "UPDATE keys SET wrapped = zeroblob(length(wrapped))";

}  // namespace

TEST_CASE("with its only data key damaged a store is salvaged, and its rows are named as lost") {
    for (const auto* sql : {kNoKey, "DELETE FROM keys"}) {
        CAPTURE(std::string(sql));
        Changed hub(sql);
        hub.open();
        CHECK(hub.content() == "1:stream-started 2:loss[1-3] 3:loss[1-0]");
        const auto start = hub.records({1, 1})[0].event();
        CHECK(start.severity() == v1::SEVERITY_ALARM);
        CHECK(start.store().previous_stream() == hub.stream);
        CHECK(hub.records({2, 2})[0].event().loss().stream() == hub.stream);
        CHECK(hub.append({reading("a", "x")}).value().duplicates == 0);
        hub.reopen();
        CHECK(hub.content() == "1:stream-started 2:loss[1-3] 3:loss[1-0] 4:a");
    }
}

TEST_CASE(
    "where stream and mark are those of an older store, the rows of the newer one are told too") {
    Changed older("SELECT 1");
    Changed hub(
        fmt::format("ATTACH '{}' AS older; UPDATE meta SET value = (SELECT value FROM "
                    "older.meta AS other WHERE other.name = meta.name) "
                    "WHERE name IN ('stream', 'store-key')",
                    older.path()));
    hub.open();
    REQUIRE(hub.content() == "1:stream-started 2:loss[1-3] 3:loss[1-0]");
    CHECK(hub.records({2, 2})[0].event().loss().stream() == older.stream);
    const auto loss = hub.records({3, 3})[0].event().loss();
    CHECK(loss.reason() == v1::LOSS_DAMAGED);
    CHECK(loss.stream().empty());
}

TEST_CASE("with its only data key damaged a wrong key still opens nothing") {
    Changed hub(kNoKey);
    const auto content = readFile(hub.path());
    hub.options.key = testKey(9);
    CHECK(hub.tryOpen().error().kind == ErrorKind::authentication);
    CHECK(readFile(hub.path()) == content);
}

TEST_CASE(
    "where the disk does not give the data keys they are not damaged, and nothing is changed") {
    Changed hub("SELECT 1");
    const auto root = raw(hub.path(), "SELECT rootpage FROM sqlite_master WHERE name = 'keys'");
    const auto content = readFile(hub.path());
    FaultyDisk disk;
    hub.options.vfs = FaultyDisk::name();
    const auto place = (std::stoll(root) - 1) * 4096;
    for (const std::int64_t unreadable : {std::int64_t{-1}, std::int64_t{place}}) {
        disk.failReadsAt(unreadable);
        auto database = Database::open(hub.path(), FaultyDisk::name()).value();
        REQUIRE(database.run("PRAGMA locking_mode = EXCLUSIVE"));
        const auto keys = KeyRing::load(database, {testKey(), {}}, hub.stream);
        CHECK((keys ? "loaded" : keys.error().message) ==
              std::string(unreadable < 0 ? "loaded" : "the disk reports an error (SQLite 266)"));
    }
    CHECK(hub.tryOpen().error().kind == ErrorKind::unavailable);
    CHECK(markDamaged(hub.path()));
    CHECK(hub.tryOpen().error().kind == ErrorKind::unavailable);
    CHECK(readFile(hub.path()) == content);
    disk.failReadsAt(-1);
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:loss[1-3]");
    hub.close();
}

TEST_CASE("with the name of its stream damaged a store is salvaged whole, under its right name") {
    for (const auto* sql : {"UPDATE meta SET value = 'other' WHERE name = 'stream'",
                            "DELETE FROM meta WHERE name = 'stream'"}) {
        CAPTURE(std::string(sql));
        Changed hub(sql);
        hub.open();
        CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:loss[1-3]");
        CHECK(hub.records({1, 1})[0].event().store().previous_stream() == hub.stream);
    }
}

TEST_CASE("the mark of the key is written where it lacks, and follows the key") {
    Changed hub("UPDATE meta SET value = zeroblob(20) WHERE name = 'store-key'");
    hub.open();
    CHECK(hub.store->status().stream == hub.stream);
    hub.options.previousKey = testKey();
    hub.options.key = testKey(8);
    hub.reopen();
    hub.options.previousKey = {};
    hub.close();
    raw(hub.path(), kNoKey);
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:loss[1-4] 3:loss[1-0]");
}

TEST_CASE("a store whose only data key is damaged is salvaged with the key before") {
    Changed hub(kNoKey);
    hub.options.previousKey = testKey();
    hub.options.key = testKey(8);
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:loss[1-3] 3:loss[1-0] 4:event");
    hub.options.previousKey = {};
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:loss[1-3] 3:loss[1-0] 4:event");
}

TEST_CASE("with a new key the store takes it, says so, and seals no row anew") {
    Prepared hub;
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c 5:event");
    CHECK(hub.records({5, 5})[0].event().store().kind() == v1::STORE_KEY_ROTATED);
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c 5:event");  // told once
    hub.options.previousKey = {};
    hub.reopen();
    CHECK(hub.bookmark("cuff", "last") == "17");
    CHECK(hub.append({reading("d")}));
    hub.close();
    CHECK(raw(hub.path(), kBodies) == hub.bodies);
    hub.options.key = testKey();
    CHECK(hub.tryOpen().error().kind == ErrorKind::authentication);
}

TEST_CASE("a new key alone opens nothing, and changes nothing") {
    Prepared hub;
    const auto content = readFile(hub.path());
    hub.options.previousKey = {};
    CHECK(hub.tryOpen().error().kind == ErrorKind::authentication);
    hub.options.previousKey = testKey(9);
    CHECK(hub.tryOpen().error().kind == ErrorKind::authentication);
    CHECK(readFile(hub.path()) == content);
}

TEST_CASE("a new key that cannot be written now is taken by a later start") {
    Prepared hub;
    {
        FaultyDisk disk;
        hub.options.vfs = FaultyDisk::name();
        disk.set(FaultyDisk::Fault::full);
        hub.open();
        CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FULL);
        CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c");
        hub.close();
    }
    hub.options.vfs.clear();
    hub.open();
    hub.options.previousKey = {};
    hub.reopen();
    CHECK(hub.records().size() >= 5);
}

TEST_CASE("a new key that cannot be written now is taken as soon as the store can be written") {
    FaultyDisk disk;
    Prepared hub;
    hub.options.vfs = FaultyDisk::name();
    disk.set(FaultyDisk::Fault::full);
    hub.open();
    CHECK(hub.logHas("the new key is not taken yet, keep the previous one"));
    CHECK_FALSE(hub.logHas("the store has a new key"));
    disk.set(FaultyDisk::Fault::none);
    hub.clock.advance(10s);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_OPEN; });
    CHECK(hub.append({reading("d")}));
    CHECK(hub.logHas("the store has a new key; the previous one is not needed any more"));
    hub.options.previousKey = {};
    hub.reopen();
    CHECK(hub.content() ==
          "1:stream-started 2:a 3:b 4:c 5:intake-closed 6:intake-open 7:event 8:d");
}

TEST_CASE("a damaged store is salvaged with the key before, and takes the new one") {
    Prepared hub;
    raw(hub.path(), "DROP TABLE boots");
    hub.open();
    CHECK(hub.logHas("the store has a new key; the previous one is not needed any more"));
    hub.options.previousKey = {};
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4] 7:event");
    CHECK(hub.records({7, 7})[0].event().store().kind() == v1::STORE_KEY_ROTATED);
}

TEST_CASE("while a salvage goes on the previous key is still needed, and this is said") {
    Prepared hub;
    hub.options.salvageLimit = 0s;
    raw(hub.path(), "DROP TABLE boots");
    hub.open();
    CHECK(hub.logHas("the store has a new key; keep the previous one until the salvage"));
    CHECK_FALSE(hub.logHas("not needed any more"));
    hub.runUntil([&] { return hub.logHas("the salvage is over"); });
}
