#include <doctest/doctest.h>
#include <fcntl.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "gateway/store/damaged_file.hpp"
#include "gateway/store/salvage.hpp"
#include "tests/store/faulty_disk.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

namespace fs = std::filesystem;

/// So many times there is no room for the name of the salvaged store.
std::atomic<int> namesWithoutRoom = 0;

/// A damaged store with a, b, c in records 2, 3, 4, on a disk without room.
struct Damaged : Hub {
    Damaged() {
        open();
        CHECK(append({reading("a", "x"), reading("b", "y"), reading("c", "z")}));
        close();
        raw(path(), "DROP TABLE boots");
        before = readFile(path());
        options.vfs = FaultyDisk::name();
        disk.set(FaultyDisk::Fault::full);
    }
    ~Damaged() { close(); }
    FaultyDisk disk;
    std::string before;  ///< the file
};

}  // namespace

/// In the place of the system's.
extern "C" int rename(const char* from, const char* to) noexcept {
    if (std::string_view(from).ends_with(".salvaged") && namesWithoutRoom > 0) {
        --namesWithoutRoom;
        errno = ENOSPC;
        return -1;
    }
    return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}

TEST_CASE("without room to salvage the hub begins with intake closed, and starts anew with room") {
    Damaged hub;
    hub.open();
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FULL);
    CHECK(hub.store->status().newest == 0);
    CHECK(hub.store->status().stream.empty());
    CHECK(hub.content().empty());
    const auto refused = hub.append({reading("d")});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unavailable);
    CHECK(refused.error().message.find("the damaged store: the disk is full") != std::string::npos);
    CHECK(readFile(hub.path()) == hub.before);
    // Still none.
    hub.clock.advance(1min);
    hub.sets("care");
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FULL);
    CHECK(hub.store->status().stream.empty());
    hub.disk.set(FaultyDisk::Fault::none);
    hub.clock.advance(1min);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_CLOSED_FAULT; });
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
}

TEST_CASE("a salvaged store that could not take its place does so as soon as it can") {
    Damaged hub;
    hub.open();
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FULL);
    // The state in which a disk without room for the second of two names leaves the folder.
    fs::create_directory(hub.dir / "damaged");
    auto options = hub.options;
    options.vfs = {};
    REQUIRE(salvage(options, {ErrorKind::damaged, "x"}, hub.clock, hub.log));
    fs::rename(hub.path(), hub.dir / "damaged/store-20261125T120000Z.db");
    hub.disk.set(FaultyDisk::Fault::none);
    hub.clock.advance(1min);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_CLOSED_FAULT; });
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
}

TEST_CASE("damaged stores of earlier days make room for this one") {
    Damaged hub;
    fs::create_directory(hub.dir / "damaged");
    writeFile(hub.dir / "damaged/store-20260101T000000Z.db", "one of an earlier day");
    writeFile(hub.dir / "damaged/store-20260102T000000Z.db", "another one");
    hub.open();
    CHECK(damagedFiles(hub.path()).value().empty());
    CHECK(readFile(hub.path()) == hub.before);
}

TEST_CASE("a salvaged store for whose name there is no room is not made once more") {
    for (const bool hasEarlier : {false, true}) {
        CAPTURE(hasEarlier);
        Damaged hub;
        hub.disk.set(FaultyDisk::Fault::none);
        fs::create_directory(hub.dir / "damaged");
        const auto earlier = hub.dir / "damaged/store-20260101T000000Z.db";
        if (hasEarlier) writeFile(earlier, "one of an earlier day");
        namesWithoutRoom = 1;
        hub.open();
        if (!hasEarlier) {
            CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FULL);
            hub.reopen();
        }
        CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
        CHECK_FALSE(fs::exists(earlier));
        REQUIRE(damagedFiles(hub.path()).value().size() == 1);
        CHECK(readFile(damagedFiles(hub.path()).value()[0]) == hub.before);
    }
}
