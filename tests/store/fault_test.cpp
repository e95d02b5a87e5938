#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>

#include "tests/store/faulty_disk.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;
using Fault = FaultyDisk::Fault;

namespace {

struct FaultyHub : Hub {
    FaultyHub() { options.vfs = FaultyDisk::name(); }
    ~FaultyHub() {
        disk.set(Fault::none);
        close();
    }
    FaultyDisk disk;
};

struct Recoverable {
    Fault fault;
    v1::Intake intake;
    const char* reason;
};

}  // namespace

TEST_CASE("without room, or the right to write, intake closes visibly and opens by itself") {
    for (const auto& [fault, intake, reason] :
         {Recoverable{Fault::full, v1::INTAKE_CLOSED_FULL, "the disk is full"},
          Recoverable{Fault::readOnly, v1::INTAKE_CLOSED_READ_ONLY,
                      "the file cannot be written"}}) {
        CAPTURE(std::string(reason));
        FaultyDisk disk;
        Hub hub;
        hub.options.vfs = FaultyDisk::name();
        hub.open();
        CHECK(hub.append({reading("a", "x")}, {{"cuff", "last", "1"}}));

        disk.set(fault);
        for (int i = 0; i < 3; ++i) {
            const auto refused = hub.append({reading("b", "y")}, {{"cuff", "last", "2"}});
            REQUIRE_FALSE(refused);
            CHECK(refused.error().kind == ErrorKind::unavailable);
            CHECK(refused.error().message.starts_with("intake is closed: " + std::string(reason)));
        }
        CHECK(hub.store->status().intake == intake);
        CHECK(hub.store->status().newest == 2);
        // What is stored can still be sent.
        CHECK(hub.content() == "1:stream-started 2:a");
        CHECK(hub.bookmark("cuff", "last") == "1");

        hub.clock.advance(30s);
        hub.content();
        CHECK(hub.store->status().intake == intake);

        disk.set(Fault::none);
        hub.clock.advance(5s);
        hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_OPEN; });
        CHECK(hub.append({reading("b", "y")}).value().sequences[0] == 5);
        CHECK(hub.content() == "1:stream-started 2:a 3:intake-closed 4:intake-open 5:b");
        hub.reopen();
        CHECK(hub.content() == "1:stream-started 2:a 3:intake-closed 4:intake-open 5:b");
    }
}

TEST_CASE(
    "connections are counted on while nothing can be written, so that an uplink can connect") {
    FaultyHub hub;
    hub.open();
    const auto connect = [&hub] {
        std::optional<Result<std::uint64_t>> number;
        hub.store->countConnection("care", [&](Result<std::uint64_t> n) { number = std::move(n); });
        hub.runUntil([&] { return number.has_value(); });
        return number->value_or(0);
    };
    CHECK(connect() == 1);
    CHECK(connect() == 2);
    hub.disk.set(Fault::full);
    CHECK(connect() == 3);
    CHECK(connect() == 4);
    hub.disk.set(Fault::none);
    hub.clock.advance(60s);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_OPEN; });
    CHECK(connect() == 5);
}

TEST_CASE("a full disk where history should go closes no intake, and it goes once there is room") {
    FaultyHub hub;
    hub.options.uplinks = {"care"};
    hub.options.keep = 24h;
    std::atomic<int> told = 0;
    hub.log = Log::toFunction(LogLevel::warning, [&](LogLevel, std::string_view line) {
        if (line.starts_with("what is out of date stays for now: the disk is full")) ++told;
    });
    hub.open();
    CHECK(hub.append({reading("a"), reading("b")}));
    hub.acknowledge("care", {1, 3});
    hub.disk.set(Fault::full);
    hub.clock.advance(24h + 2min);
    hub.runUntil([&] { return told > 0; });
    hub.content();
    CHECK(hub.store->status().intake == v1::INTAKE_OPEN);
    CHECK(hub.store->status().oldestHeld == 1);
    hub.disk.set(Fault::none);
    CHECK(hub.append({reading("c")}));
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c");
    hub.clock.advance(10min);
    CHECK(hub.append({reading("d")}));
    hub.runUntil([&] { return hub.store->status().rows == 2; });
    CHECK(hub.content() == "4:c 5:d");
}

TEST_CASE("sets that could not be written while intake was closed are written when it opens") {
    FaultyHub hub;
    hub.open();
    hub.disk.set(Fault::full);
    CHECK_FALSE(hub.append({reading("a")}));
    hub.acknowledge("care", {1, 1});
    CHECK(hub.sets("care").stored.cursor() == 1);
    hub.disk.set(Fault::none);
    hub.clock.advance(10s);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_OPEN; });
    hub.reopen();
    CHECK(hub.sets("care").stored.cursor() == 1);
}

TEST_CASE("after a failed sync nothing more is written until the file is opened again") {
    FaultyHub hub;
    hub.open();
    CHECK(hub.append({reading("a", "x")}));
    hub.disk.set(Fault::failingSync);
    const auto failed = hub.append({reading("b", "y")});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().kind == ErrorKind::unavailable);
    CHECK(failed.error().message.starts_with("intake is closed: the disk reports an error"));
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FAULT);

    hub.disk.set(Fault::none);
    const int writes = hub.disk.writes();
    hub.clock.advance(2h);
    CHECK_FALSE(hub.append({reading("c")}));
    hub.acknowledge("care", {1, 2});
    CHECK(hub.content() == "1:stream-started 2:a");
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FAULT);
    hub.close();
    CHECK(hub.disk.writes() == writes);

    hub.open();
    CHECK(hub.store->status().intake == v1::INTAKE_OPEN);
    // Nothing that was acknowledged is missing. What was not may be there: its id is known then.
    CHECK(hub.append({reading("b", "y")}));
    CHECK(hub.append({reading("a", "x")}).value().duplicates == 1);
    CHECK(hub.content() == "1:stream-started 2:a 3:b");
}

TEST_CASE("nothing is taken for stored in a file that was removed, written to or not") {
    for (const bool isIdle : {false, true}) {
        Hub hub;
        hub.open();
        CHECK(hub.append({reading("a", "x")}));
        REQUIRE(std::filesystem::remove(hub.options.path));
        if (isIdle) {
            bool isAlive = false;
            hub.store->probe([&isAlive] { isAlive = true; });
            hub.runUntil([&] { return isAlive; });
        } else {
            const auto refused = hub.append({reading("b", "y")});
            REQUIRE_FALSE(refused);
            CHECK(refused.error().message ==
                  "intake is closed: the file was removed or replaced while it was in use");
        }
        CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FAULT);
        CHECK(hub.content() == "1:stream-started 2:a");  // and can be sent
    }
}

TEST_CASE("a disk that cannot be read closes intake for good, and says so") {
    FaultyHub hub;
    hub.open();
    std::vector<NewRow> rows(5000, reading(std::string(1000, 'x')));
    CHECK(hub.append(rows));  // more than SQLite keeps in memory
    hub.reopen();
    hub.disk.set(Fault::failingRead);
    const auto fetched = hub.fetch({1, UINT64_MAX}, {}, 1 << 30);
    REQUIRE_FALSE(fetched);
    CHECK(fetched.error().message.starts_with("the disk reports an error"));
    hub.runUntil([&] { return hub.store->status().intake != v1::INTAKE_OPEN; });
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FAULT);
    CHECK_FALSE(hub.append({reading("a")}));
}

TEST_CASE("nothing is read past a damaged row before its loss is recorded") {
    FaultyHub hub;
    hub.open();
    CHECK(hub.append({reading("a"), reading("b"), reading("c")}));
    hub.close();
    raw(hub.path(), "UPDATE log SET body = zeroblob(length(body)) WHERE sequence = 3");
    hub.open();
    hub.disk.set(Fault::full);
    CHECK_FALSE(hub.fetch());  // meets the row, and there is no room for its loss
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_CLOSED_FULL; });
    for (int i = 0; i < 2; ++i) {
        CHECK(hub.content() == "1:stream-started 2:a");
        const auto fetched = hub.fetch({3, UINT64_MAX});
        REQUIRE_FALSE(fetched);
        CHECK(fetched.error().kind == ErrorKind::unavailable);
    }
    hub.disk.set(Fault::none);
    hub.clock.advance(5s);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_OPEN; });
    hub.fetch();  // meets the row, and its loss is recorded
    CHECK(hub.content() == "1:stream-started 2:a 4:c 5:intake-closed 6:intake-open 7:loss[3-3]");
}

TEST_CASE(
    "where the first start of a boot cannot be written, what is stored is sent all the same") {
    for (const auto& [fault, intake, reason] :
         {Recoverable{Fault::full, v1::INTAKE_CLOSED_FULL, "the disk is full"},
          Recoverable{Fault::readOnly, v1::INTAKE_CLOSED_READ_ONLY,
                      "the file cannot be written"}}) {
        CAPTURE(std::string(reason));
        FaultyHub hub;
        hub.open();
        CHECK(hub.append({reading("a")}));
        hub.close();
        hub.options.bootId = "boot-2";
        hub.disk.set(fault);
        hub.open();
        CHECK(hub.store->status().intake == intake);
        CHECK(hub.store->boot() == 2);
        CHECK(hub.content() == "1:stream-started 2:a");
        const auto refused = hub.append({reading("b")});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.starts_with("intake is closed: " + std::string(reason)));
        hub.disk.set(Fault::none);
        hub.clock.advance(5s);
        hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_OPEN; });
        CHECK(hub.append({reading("b")}));
        CHECK(hub.content() == "1:stream-started 2:a 3:intake-closed 4:intake-open 5:b");
        CHECK(hub.records({3, 3})[0].event().occurred().boot() == 2);
        hub.options.bootId = "boot-3";
        hub.reopen();
        CHECK(hub.store->boot() == 3);
    }
}

TEST_CASE(
    "where the first start of a boot fails to write, what is stored is sent, and no more written") {
    FaultyHub hub;
    hub.open();
    CHECK(hub.append({reading("a")}));
    hub.close();
    hub.options.bootId = "boot-2";
    hub.disk.set(Fault::failingSync);
    hub.open();
    hub.disk.set(Fault::none);
    const auto before = readFile(hub.path()) + readFile(hub.path() + "-wal");
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FAULT);
    CHECK(hub.content() == "1:stream-started 2:a");
    CHECK_FALSE(hub.append({reading("b")}));
    hub.clock.advance(1min);
    CHECK(hub.content() == "1:stream-started 2:a");
    hub.close();
    CHECK(readFile(hub.path()) + readFile(hub.path() + "-wal") == before);
    hub.open();
    CHECK(hub.store->boot() == 2);
    CHECK(hub.append({reading("b")}));
    CHECK(hub.content() == "1:stream-started 2:a 3:b");
}

TEST_CASE("where a new store has no room nothing is left behind") {
    FaultyHub hub;
    hub.disk.set(Fault::full);
    const auto opened = hub.tryOpen();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == ErrorKind::full);
    CHECK(opened.error().message.starts_with("store " + hub.path() + ": the disk is full"));
    hub.disk.set(Fault::none);
    CHECK(std::filesystem::is_empty(hub.dir.path()));
    hub.open();
    CHECK(hub.content() == "1:stream-started");
}

TEST_CASE("a full disk at the close is no harm: what was acknowledged is in the journal") {
    FaultyHub hub;
    hub.open();
    CHECK(hub.append({reading("a")}));
    hub.disk.set(Fault::full);
    hub.close();
    hub.disk.set(Fault::none);
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:a");
}
