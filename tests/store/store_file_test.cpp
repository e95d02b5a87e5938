#include "gateway/store/file_header.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "gateway/base/descriptor.hpp"
#include "gateway/store/journal_check.hpp"
#include "tests/store/disk_layer.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

/// All files of a folder with their content.
std::map<std::string, std::string> contentOf(const TempDir& dir) {
    std::map<std::string, std::string> content;
    for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
        if (file.is_regular_file()) content[file.path().filename()] = readFile(file.path());
    }
    return content;
}

/// The open fails with this kind and sentence, and not a bit of any file changes.
void checkRefused(Hub& hub, ErrorKind kind, const std::string& sentence) {
    const auto before = contentOf(hub.dir);
    const auto opened = hub.tryOpen();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == kind);
    CHECK(opened.error().message == "store " + hub.path() + ": " + sentence);
    for (const auto& [name, content] : before) CHECK(readFile(hub.dir / name) == content);
}

void fill(Hub& hub, int rows) {
    hub.open();
    CHECK(hub.append(std::vector<NewRow>(static_cast<std::size_t>(rows), reading("cuff"))));
    hub.close();
}

/// The rest of this life as a user without any right, where we have all of them.
class WithoutRights {
  public:
    explicit WithoutRights(const TempDir& dir) {
        if (::geteuid() != 0) return;
        for (const auto& file : std::filesystem::recursive_directory_iterator(dir.path())) {
            REQUIRE(::chown(file.path().c_str(), kNobody, kNobody) == 0);
        }
        REQUIRE(::chown(dir.path().c_str(), kNobody, kNobody) == 0);
        REQUIRE(::seteuid(kNobody) == 0);
        changed_ = true;
    }
    WithoutRights(const WithoutRights&) = delete;
    WithoutRights& operator=(const WithoutRights&) = delete;
    ~WithoutRights() {
        if (changed_ && ::seteuid(0) != 0) std::abort();
    }

  private:
    static constexpr uid_t kNobody = 65534;
    bool changed_ = false;
};

/// Somebody else who has a store, and lets go of it as soon as SQLite opens it for us.
class LettingGo final : public DiskLayer {
  public:
    LettingGo() : DiskLayer(name()) {}
    void take(const std::string& path) {
        other_.emplace(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        // As SQLite locks: some octets far behind the end of the file.
        struct flock lock{};
        lock.l_type = F_RDLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = 0x40000002;
        lock.l_len = 510;
        CHECK(::fcntl(other_->value, F_OFD_SETLK, &lock) == 0);
    }
    void letGo() { other_.reset(); }
    static std::string name() { return "letting-go"; }

    std::optional<int> before(const DiskRequest& request) override {
        if (request.kind == DiskRequest::Kind::open) letGo();
        return {};
    }

  private:
    std::optional<Descriptor> other_;
};

/// A store with three rows whose journal, not written back, has a damaged header.
void makeHeaderless(Hub& hub) {
    Hub other;
    other.open();
    for (int i = 0; i < 2; ++i) CHECK(other.append({reading("a")}));
    auto journal = readFile(journalOf(other.path()));
    journal[0] ^= 1;
    writeFile(hub.path(), readFile(other.path()));
    writeFile(journalOf(hub.path()), journal);
    REQUIRE(::chmod(hub.path().c_str(), 0600) == 0);
}

}  // namespace

TEST_CASE("a new store and its journal can be used by their owner alone") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a")}));
    const auto files = contentOf(hub.dir);
    CHECK(files.size() == 2);
    for (const auto& [name, content] : files) {
        CAPTURE(name);
        struct stat state{};
        REQUIRE(::stat((hub.dir / name).c_str(), &state) == 0);
        CHECK((state.st_mode & 07777U) == 0600);
    }
    CHECK(files.contains("store.db-wal"));
    CHECK_FALSE(files.contains("store.db-shm"));  // nothing of it is memory-mapped
}

TEST_CASE("a clean close leaves one file, marked as ours") {
    Hub hub;
    fill(hub, 3);
    CHECK(contentOf(hub.dir).size() == 1);
    CHECK(raw(hub.path(), "PRAGMA application_id") == std::to_string(kApplicationId));
    CHECK(raw(hub.path(), "PRAGMA user_version") == "1");
    CHECK(raw(hub.path(), "PRAGMA integrity_check") == "ok");
}

TEST_CASE("a file that others could read is closed to them") {
    Hub hub;
    fill(hub, 1);
    std::vector<std::string> lines;
    hub.log = Log::toFunction(LogLevel::warning,
                              [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
    REQUIRE(::chmod(hub.path().c_str(), 0644) == 0);
    hub.open();
    struct stat state{};
    REQUIRE(::stat(hub.path().c_str(), &state) == 0);
    CHECK((state.st_mode & 07777U) == 0600);
    CHECK(lines ==
          std::vector<std::string>{"other users could read the file; its mode is 0600 now"});
}

TEST_CASE("a file of something else is refused and left as it is") {
    for (const auto* content :
         {"hello", "SQLite",
          "a text that is longer than the one hundred octets of the header that "
          "every SQLite file begins with, and still nothing like it"}) {
        if (std::string_view(content) == "SQLite") continue;
        Hub hub;
        writeFile(hub.path(), content);
        checkRefused(hub, ErrorKind::refused,
                     "the file is not a vitalgate store; give the store another path");
    }
    Hub hub;
    raw(hub.path(), "CREATE TABLE log(sequence); INSERT INTO log VALUES(1)");
    checkRefused(hub, ErrorKind::refused,
                 "the file is a database of another program; give the store another path");
}

TEST_CASE("a store of a newer version is refused and left as it is") {
    Hub hub;
    fill(hub, 3);
    raw(hub.path(), "PRAGMA user_version = 2");
    checkRefused(hub, ErrorKind::refused,
                 "the store was written by a newer version (layout 2, this version knows up to 1); "
                 "install that version again");
}

TEST_CASE("a store cut off at any length is damaged: it is kept, and a new stream begins") {
    Hub hub;
    fill(hub, 50);
    const auto whole = readFile(hub.path());
    for (std::size_t size = 0; size < whole.size(); size += size < 200 ? 9 : 1009) {
        CAPTURE(size);
        Hub other;
        writeFile(other.path(), std::string_view(whole).substr(0, size));
        other.open();
        CHECK(other.records({1, 1})[0].event().severity() == v1::SEVERITY_ALARM);
        std::size_t kept = 0;
        for (const auto& file : std::filesystem::directory_iterator(other.dir / "damaged")) {
            CHECK(readFile(file.path()) == whole.substr(0, size));
            ++kept;
        }
        CHECK(kept == 1);
    }
    hub.open();
    CHECK(hub.store->status().newest == 51);
}

TEST_CASE("with any bit of the file flipped, no false record ever comes out") {
    Hub hub;
    fill(hub, 60);
    const auto whole = readFile(hub.path());
    std::mt19937 random(1);
    int refused = 0;
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        auto flipped = whole;
        const auto bit = random() % (whole.size() * 8);
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        Hub other;
        writeFile(other.path(), flipped);
        if (const auto opened = other.tryOpen(); !opened) {
            ++refused;
            CHECK(opened.error().message.starts_with("store " + other.path() + ": "));
            continue;
        }
        const auto rows = other.fetch();
        if (!rows) continue;
        for (const auto& row : *rows) {
            v1::Record record;
            REQUIRE(record.ParseFromString(row.bytes));
            CHECK(record.sequence() == row.sequence);
            if (!record.has_event()) CHECK(record.reading().device() == "cuff");
        }
    }
    CHECK(refused < 60);
}

TEST_CASE("a store that would give a number twice, or lacks a row, is damaged") {
    for (const auto& [damage, sentence] : std::map<std::string, std::string>{
             {"UPDATE meta SET value = 4 WHERE name = 'next-sequence'",
              "the store has a row 6 but counts only to 3"},
             {"DELETE FROM log WHERE sequence = 3", "the store has 5 of its 6 rows"}}) {
        Hub hub;
        fill(hub, 5);
        raw(hub.path(), damage);
        hub.open();
        CHECK(hub.records({1, 1})[0].event().store().detail() == sentence);
    }
}

TEST_CASE("another key is refused, and the store is left as it is, its journal too") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a")}));
    Hub copy;
    writeFile(copy.path(), readFile(hub.path()));
    writeFile(copy.path() + "-wal", readFile(hub.path() + "-wal"));
    copy.options.key = testKey(8);
    checkRefused(copy, ErrorKind::authentication,
                 "the key does not open this store: give the key it was made with, or move the "
                 "store away to begin a new one");
    copy.options.key = testKey();
    copy.open();
    CHECK(copy.content() == "1:stream-started 2:a");
}

TEST_CASE("no key is no store, and no limit too small to work with is taken") {
    Hub hub;
    hub.options.path = hub.path();
    CHECK(Store::open(hub.options, hub.clock, {}).error().message ==
          "store " + hub.path() + ": no key is given");
    hub.options.key = testKey();
    hub.options.maximumBytes = 1000;
    CHECK(Store::open(hub.options, hub.clock, {}).error().kind == ErrorKind::invalid);
    CHECK(contentOf(hub.dir).empty());
}

TEST_CASE("a file or folder that cannot be written is told apart") {
    Hub hub;
    fill(hub, 1);
    const WithoutRights user(hub.dir);
    REQUIRE(::chmod(hub.path().c_str(), 0400) == 0);
    checkRefused(hub, ErrorKind::unavailable,
                 "the file cannot be written (Permission denied); it must belong to the user that "
                 "runs this");
    REQUIRE(::chmod(hub.path().c_str(), 0600) == 0);
    REQUIRE(::chmod(hub.dir.path().c_str(), 0500) == 0);
    checkRefused(hub, ErrorKind::unavailable,
                 fmt::format("the folder {} cannot be written (Permission denied); it must belong "
                             "to the user that runs this",
                             hub.dir.path().string()));
    REQUIRE(::chmod(hub.dir.path().c_str(), 0700) == 0);
    hub.open();
    hub.close();
}

TEST_CASE("without a folder, or with something else in the place of the file, nothing is made") {
    Hub hub;
    hub.options.key = testKey();
    hub.options.path = hub.dir / "none/store.db";
    CHECK(Store::open(hub.options, hub.clock, {}).error().message ==
          fmt::format("store {}: the folder {} does not exist; make it", hub.options.path,
                      hub.dir / "none"));
    REQUIRE(::mkdir(hub.path().c_str(), 0700) == 0);
    checkRefused(hub, ErrorKind::refused, "a store must be a regular file");
    REQUIRE(::rmdir(hub.path().c_str()) == 0);
    REQUIRE(::symlink((hub.dir / "elsewhere").c_str(), hub.path().c_str()) == 0);
    checkRefused(hub, ErrorKind::refused, "a store must be a regular file");
}

TEST_CASE("a store has one user at a time") {
    Hub hub;
    hub.open();
    auto second = Store::open(hub.options, hub.clock, {});
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::unavailable);
    CHECK(second.error().message.starts_with("store " + hub.path() +
                                             ": another process has the file open"));
    CHECK(hub.append({reading("a")}));
}

TEST_CASE("a journal that cannot be mended while another has the store stays, and so do its rows") {
    LettingGo other;
    Hub hub;
    makeHeaderless(hub);
    hub.options.vfs = LettingGo::name();
    other.take(hub.path());
    checkRefused(hub, ErrorKind::unavailable, "another process has the file open");
    other.letGo();
    hub.options.vfs.clear();
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:a 3:a");
}

TEST_CASE("a journal with a damaged header that cannot be written stays, and so do its rows") {
    Hub hub;
    makeHeaderless(hub);
    const WithoutRights user(hub.dir);
    REQUIRE(::chmod(journalOf(hub.path()).c_str(), 0400) == 0);
    hub.options.key = testKey();
    checkRefused(hub, ErrorKind::unavailable,
                 "the header of the journal cannot be mended: Permission denied");
    REQUIRE(::chmod(journalOf(hub.path()).c_str(), 0600) == 0);
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:a 3:a");
    hub.close();
}

TEST_CASE("what a start that was cut off left behind does not stop the next one") {
    Hub hub;
    writeFile(hub.path() + ".new", "half a store");
    writeFile(hub.path() + ".new-journal", "its journal");
    hub.open();
    CHECK(hub.content() == "1:stream-started");
    CHECK_FALSE(std::filesystem::exists(hub.path() + ".new"));
}

TEST_CASE("what was committed is there after a power cut, the journal not yet written back") {
    Hub hub;
    hub.open();
    for (int i = 0; i < 20; ++i) CHECK(hub.append({reading("a")}));
    CHECK(hub.afterPowerCut()->store->status().newest == 21);
}
