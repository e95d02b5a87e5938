#include <doctest/doctest.h>
#include <sys/mount.h>

#include <filesystem>
#include <map>

#include "gateway/store/database.hpp"
#include "gateway/store/journal_check.hpp"
#include "gateway/store/sqlite_lock.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

/// The folder as a file system of its own, which nobody can write.
class ReadOnlyMedium {
  public:
    explicit ReadOnlyMedium(const TempDir& dir) : path_(dir.path()) {
        const auto* place = path_.c_str();
        isMounted_ = ::mount(place, place, nullptr, MS_BIND, nullptr) == 0;
        if (isMounted_) setWritable(false);
    }
    ReadOnlyMedium(const ReadOnlyMedium&) = delete;
    ReadOnlyMedium& operator=(const ReadOnlyMedium&) = delete;
    ~ReadOnlyMedium() {
        if (isMounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }

    void setWritable(bool on) const {
        unsigned long flags = MS_REMOUNT | MS_BIND;
        if (!on) flags |= MS_RDONLY;
        REQUIRE(::mount(nullptr, path_.c_str(), nullptr, flags, nullptr) == 0);
    }
    /// Nobody but root may mount. system/disk_faults does the same as root of a name space.
    [[nodiscard]] bool isThere() const {
        if (!isMounted_) MESSAGE("not tried: no right to mount a file system");
        return isMounted_;
    }

  private:
    std::string path_;
    bool isMounted_ = false;
};

/// All files of a folder with their content.
std::map<std::string, std::string> contentOf(const TempDir& dir) {
    std::map<std::string, std::string> content;
    for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
        content[file.path().filename()] = readFile(file.path());
    }
    return content;
}

/// Two readings, of which the last, or none, is in the journal alone.
void fill(Hub& hub, bool hasJournal) {
    Hub other;
    other.open();
    CHECK(other.append({reading("a")}));
    other.acknowledge("main", {1, 1});
    other.reopen();
    CHECK(other.append({reading("b")}, {{"cuff", "last", "7"}}));
    if (!hasJournal) other.close();
    for (const auto* ending : {"", "-wal"}) {
        if (!std::filesystem::exists(other.path() + ending)) continue;
        writeFile(hub.path() + ending, readFile(other.path() + ending));
        std::filesystem::permissions(hub.path() + ending, std::filesystem::perms::owner_read |
                                                              std::filesystem::perms::owner_write);
    }
    REQUIRE(std::filesystem::exists(hub.path() + "-wal") == hasJournal);
}

}  // namespace

TEST_CASE("a file is read with its journal and without one, and neither is changed or made") {
    for (const bool hasJournal : {true, false}) {
        CAPTURE(hasJournal);
        Hub hub;
        fill(hub, hasJournal);
        // SQLite takes the name for an address.
        const auto odd = hub.dir / "100% of it? #1.db";
        for (const auto* ending : {"", "-wal"}) {
            if (std::filesystem::exists(hub.path() + ending))
                std::filesystem::rename(hub.path() + ending, odd + ending);
        }
        const auto before = contentOf(hub.dir);
        {
            auto database = Database::openReadOnly(odd, hasJournal);
            REQUIRE(database);
            CHECK(database->isReadOnly());
            CHECK(database->run("PRAGMA locking_mode = EXCLUSIVE"));
            CHECK(database->integer("SELECT count(*) FROM log") == 3);
            const auto written = database->run("DELETE FROM log");
            REQUIRE_FALSE(written);
            CHECK(written.error().kind == ErrorKind::refused);
        }
        CHECK(contentOf(hub.dir) == before);
    }
}

TEST_CASE("what is stored on a medium that is mounted read-only is sent all the same") {
    for (const bool hasJournal : {true, false}) {
        CAPTURE(hasJournal);
        Hub hub;
        fill(hub, hasJournal);
        const auto before = contentOf(hub.dir);
        const ReadOnlyMedium medium(hub.dir);
        if (!medium.isThere()) return;
        hub.options.bootId = "boot-2";
        for (int start = 0; start < 2; ++start) {
            hub.open();
            CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_READ_ONLY);
            CHECK(hub.store->boot() == 2);
            CHECK(hub.content() == "1:stream-started 2:a 3:b");
            CHECK(hub.sets("main").stored.contains(1));
            CHECK(hub.bookmark("cuff", "last") == "7");
            const auto refused = hub.append({reading("c")});
            REQUIRE_FALSE(refused);
            CHECK(refused.error().message == "intake is closed: its medium is mounted read-only");
            // What is sent meanwhile counts as sent, for this life.
            DeliverySets delivered;
            delivered.sent.add(Range{1, 3});
            hub.store->saveSets("main", delivered, true);
            hub.clock.advance(30s);
            CHECK(hub.content() == "1:stream-started 2:a 3:b");
            CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_READ_ONLY);
            hub.close();
        }
        CHECK(contentOf(hub.dir) == before);
    }
}

TEST_CASE("a medium that can be written again needs a new start, which the store asks for") {
    Hub hub;
    fill(hub, true);
    const ReadOnlyMedium medium(hub.dir);
    if (!medium.isThere()) return;
    hub.open();
    medium.setWritable(true);
    hub.clock.advance(5s);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_CLOSED_FAULT; });
    CHECK(hub.append({reading("c")}).error().message ==
          "intake is closed: the medium of the store can be written again");
    CHECK(hub.content() == "1:stream-started 2:a 3:b");
    hub.reopen();
    CHECK(hub.append({reading("c")}));
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c");
}

TEST_CASE("nobody writes what is read from a read-only medium, nor is read what somebody writes") {
    Hub writer;
    fill(writer, true);
    Hub hub;
    if (!ReadOnlyMedium(hub.dir).isThere()) return;
    REQUIRE(::mount(writer.dir.path().c_str(), hub.dir.path().c_str(), nullptr, MS_BIND, nullptr) ==
            0);
    const ReadOnlyMedium medium(hub.dir);
    auto opened = [&] {
        const Descriptor other(::open(writer.path().c_str(), O_RDWR | O_CLOEXEC));
        REQUIRE(lockWhole(other, F_WRLCK));
        return hub.tryOpen();
    }();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message == "store " + hub.path() + ": another process has the file open");
    hub.open();
    opened = writer.tryOpen();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message ==
          "store " + writer.path() + ": another process has the file open (SQLite 5)");
    hub.close();
    writer.open();
    ::umount2(hub.dir.path().c_str(), MNT_DETACH);
}

TEST_CASE("a page of a read-only medium that cannot be read ends nothing but its own reading") {
    Hub hub;
    {
        // So large that a start does not look at every page.
        Hub other;
        other.open();
        auto large = reading("a");
        large.record.mutable_reading()->set_subject(std::string(200'000, 'x'));
        for (int i = 0; i < 9; ++i) CHECK(other.append(std::vector<NewRow>(10, large)));
        other.close();
        auto content = readFile(other.path());
        REQUIRE(content.size() > 17 * 1024 * 1024);
        content.replace(content.size() / 2, 64 * 4096, 64 * 4096, '\0');
        writeFile(hub.path(), content);
    }
    const ReadOnlyMedium medium(hub.dir);
    if (!medium.isThere()) return;
    hub.open();
    for (int i = 0; i < 2; ++i) {
        int failed = 0;
        for (std::uint64_t row = 1; row <= 91; ++row) failed += hub.fetch({row, row}) ? 0 : 1;
        CHECK(failed > 0);
        CHECK(failed < 4);
        CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_READ_ONLY);
    }
    medium.setWritable(true);
    hub.clock.advance(5s);
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_CLOSED_FAULT; });
    CHECK_FALSE(std::filesystem::exists(hub.path() + ".damaged"));
}

TEST_CASE("what a read-only medium does not allow is said") {
    Hub none;
    const ReadOnlyMedium first(none.dir);
    if (!first.isThere()) return;
    CHECK(none.tryOpen().error().message ==
          "store " + none.path() + ": cannot be created: Read-only file system");

    Hub hub;
    fill(hub, true);
    auto journal = readFile(journalOf(hub.path()));
    journal[0] ^= 1;
    writeFile(journalOf(hub.path()), journal);
    const ReadOnlyMedium second(hub.dir);
    const auto opened = hub.tryOpen();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == ErrorKind::unavailable);
    CHECK(opened.error().message ==
          "store " + hub.path() +
              ": the header of the journal cannot be mended: Read-only file system");
}
