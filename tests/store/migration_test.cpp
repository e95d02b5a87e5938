#include "gateway/store/migration.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "gateway/store/store_file.hpp"
#include "tests/store/disk_layer.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"
#include "tests/support/paths.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr const char* kDisk = "ending-disk";
/// The child's word that the disk ended it.
constexpr int kEnded = 77;

/// A disk on which the process ends, or which is full, from a certain request on that changes it.
class EndingDisk final : public DiskLayer {
  public:
    enum class End { process, room };
    EndingDisk(int at, End end) : DiskLayer(kDisk), at_(at), end_(end) {}

    std::optional<int> before(const DiskRequest& request) override {
        using Kind = DiskRequest::Kind;
        const bool needsRoom = request.kind == Kind::write;
        const bool changes = needsRoom || request.kind == Kind::truncate ||
                             request.kind == Kind::sync || request.kind == Kind::remove;
        if (!changes || ++count_ < at_) return {};
        if (end_ == End::process) ::_exit(kEnded);
        if (needsRoom) return SQLITE_FULL;
        return {};
    }

  private:
    int at_;
    End end_;
    int count_ = 0;
};

/// Two steps as later layouts may need them: a column with a value for each row, and a table.
const std::array kSteps{
    Migration{1,
              [](Database& database) {
                  auto done = database.run("ALTER TABLE log ADD COLUMN sent INTEGER");
                  if (done) done = database.run("UPDATE log SET sent = sequence * 2");
                  return done;
              }},
    Migration{2, [](Database& database) {
                  auto done = database.run("CREATE TABLE later(sequence INTEGER PRIMARY KEY)");
                  if (done) done = database.run("INSERT INTO later SELECT sequence FROM log");
                  return done;
              }}};

Layout later() {
    return {.version = 3, .migrations = kSteps};
}

Result<Database> openLater(const std::string& path, const std::string& vfs = {}) {
    return openStoreFile(path, vfs, {}, later());
}

constexpr int kRows = 20;

/// A store of layout 1; with `inJournal` its last rows are in the journal alone.
struct First : Hub {
    explicit First(bool inJournal) {
        static const auto files = made();
        for (const auto& [name, content] : files.at(inJournal)) writeFile(dir / name, content);
    }

  private:
    using Files = std::map<std::string, std::string>;
    static std::map<bool, Files> made() {
        Hub hub;
        hub.open();
        for (int i = 0; i < kRows - 1; ++i) CHECK(hub.append({reading(std::string(1000, 'x'))}));
        std::map<bool, Files> files;
        for (const auto* name : {"store.db", "store.db-wal"}) {
            files[true][name] = readFile(hub.dir / name);
        }
        hub.close();
        files[false]["store.db"] = readFile(hub.path());
        return files;
    }
};

/// The layout that the file has; its content must be that of this layout and of no other.
int checkWhole(const std::string& path) {
    const auto version = std::stoi(raw(path, "PRAGMA user_version"));
    CHECK(raw(path, "PRAGMA integrity_check") == "ok");
    CHECK(raw(path, "SELECT count(*) FROM log") == std::to_string(kRows));
    const auto columns = raw(path, "SELECT count(*) FROM pragma_table_info('log')");
    CHECK(columns == (version == 1 ? "7" : "8"));
    if (version > 1) {
        CHECK(raw(path, "SELECT count(*) FROM log WHERE sent = sequence * 2") ==
              std::to_string(kRows));
    }
    CHECK(raw(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'later'") ==
          (version == 3 ? "1" : "0"));
    if (version == 3) {
        CHECK(raw(path, "SELECT count(*) FROM later") == std::to_string(kRows));
    }
    return version;
}

/// Brings the file forward in a process of its own that the disk ends. True if it came to the end.
bool bringForwardUntil(const std::string& path, int request) {
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const EndingDisk disk(request, EndingDisk::End::process);
        ::_exit(openLater(path, kDisk) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    const int code = WEXITSTATUS(status);
    CHECK((code == 0 || code == kEnded));
    return code == 0;
}

}  // namespace

TEST_CASE("a store of an earlier layout is brought forward, step by step") {
    First hub(false);
    REQUIRE(openLater(hub.path()));
    CHECK(checkWhole(hub.path()) == 3);
    REQUIRE(openLater(hub.path()));
    CHECK(checkWhole(hub.path()) == 3);
    // And this program does not touch it any more, wherever the number stands.
    const auto opened = hub.tryOpen();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == ErrorKind::refused);
    CHECK(checkWhole(hub.path()) == 3);
}

TEST_CASE("killed at any write, a store has one layout and all of its rows") {
    for (const bool inJournal : {false, true}) {
        std::map<int, int> found;
        bool isDone = false;
        for (int request = 1; !isDone; ++request) {
            CAPTURE(inJournal);
            CAPTURE(request);
            REQUIRE(request < 1000);
            First hub(inJournal);
            isDone = bringForwardUntil(hub.path(), request);
            ++found[checkWhole(hub.path())];
            REQUIRE(openLater(hub.path()));
            CHECK(checkWhole(hub.path()) == 3);
        }
        // It was ended in front of each step and behind it.
        CHECK(found[1] > 3);
        CHECK(found[2] > 3);
        CHECK(found[3] > 0);
    }
}

TEST_CASE("on a full disk a store keeps its layout, and goes on when there is room") {
    std::map<int, int> found;
    bool isDone = false;
    for (int request = 1; !isDone; ++request) {
        CAPTURE(request);
        REQUIRE(request < 1000);
        First hub(false);
        {
            EndingDisk disk(request, EndingDisk::End::room);
            const auto opened = openLater(hub.path(), kDisk);
            isDone = opened.has_value();
            if (!isDone) CHECK(opened.error().kind == ErrorKind::full);
        }
        const auto version = checkWhole(hub.path());
        ++found[version];
        // The program that wrote it can go on with it.
        if (version == 1) {
            hub.open();
            CHECK(hub.records().size() == kRows);
            hub.close();
        }
        REQUIRE(openLater(hub.path()));
        CHECK(checkWhole(hub.path()) == 3);
    }
    CHECK(found[1] > 3);
    CHECK(found[2] > 3);
}

TEST_CASE("a newer layout that stands in the journal alone is refused as well") {
    First hub(false);
    std::string header;
    {
        auto database = openLater(hub.path());
        REQUIRE(database);
        Hub copy;
        for (const auto* suffix : {"", "-wal"}) {
            writeFile(copy.path() + suffix, readFile(hub.path() + suffix));
        }
        CHECK(readFile(copy.path())[63] == 1);
        const auto opened = copy.tryOpen();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().kind == ErrorKind::refused);
        CHECK(checkWhole(copy.path()) == 3);
    }
}

TEST_CASE("a layout that is older than all that is known is refused") {
    First hub(false);
    const Layout tooNew{.version = 3, .migrations = std::span(kSteps).subspan(1)};
    const auto opened = openStoreFile(hub.path(), {}, {}, tooNew);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == ErrorKind::refused);
    CHECK(opened.error().message.starts_with("layout 1 of the store is too old"));
    CHECK(checkWhole(hub.path()) == 1);
}

// For the fixture of the next layout: makes a store at VITALGATE_TEST_STORE; fixtures/dump turns it
// into text.
TEST_CASE("(tool) makes the store of a fixture" * doctest::skip()) {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a", "x"), reading("b", "y"), reading("c", "z")},
                     {{"cuff", "last", "17"}}));
    hub.acknowledge("care", {1, 2});
    hub.close();
    const char* path = std::getenv("VITALGATE_TEST_STORE");
    REQUIRE(path != nullptr);
    writeFile(path, readFile(hub.path()));
}

TEST_CASE("a store as the first layout wrote it opens with all that it has") {
    Hub hub;
    raw(hub.path(),
        readFile(vitalgate::testing::sourceFolder() + "/tests/store/fixtures/layout_1.sql"));
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c");
    CHECK(hub.bookmark("cuff", "last") == "17");
    CHECK(hub.sets("care").stored == RangeSet(Range{1, 2}));
    CHECK(hub.append({reading("b", "y")}).value().duplicates == 1);
    CHECK(hub.append({reading("d")}).value().sequences[0] == 5);
    hub.close();
    // It was written before there was a mark of the key.
    CHECK(raw(hub.path(), "SELECT count(*) FROM meta WHERE name = 'store-key'") == "1");
    // A new store has the same tables.
    Hub fresh;
    fresh.open();
    fresh.close();
    const auto* schema =
        "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema "
        "WHERE sql IS NOT NULL ORDER BY name)";
    CHECK(raw(hub.path(), schema) == raw(fresh.path(), schema));
}
