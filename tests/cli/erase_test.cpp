#include "gateway/cli/erase.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "gateway/cli/destroy.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate;
using namespace vitalgate::cli;
using namespace vitalgate::testing;

namespace {

namespace fs = std::filesystem;

/// A state directory with all that a daemon may leave there, and what is none of ours.
struct State {
    State() {
        for (const auto* folder : {"keys", "damaged"}) fs::create_directory(dir / folder);
        for (const auto* file :
             {"keys/store.key", "keys/store.key.old", "keys/store.key.new-0011", "keys/id.key",
              "store.db", "store.db-wal", "store.db-shm", "store.db.new", "store.db.salvaged",
              "store.db.damaged", "damaged/store-20260101T000000Z.db",
              "damaged/store-20260101T000000Z.db-wal", "last-good.yaml"}) {
            writeFile(dir / file, "secret");
        }
        fs::permissions(dir / "keys/store.key", fs::perms::owner_read);
        writeFile(dir / "notes.txt", "not ours");
        config.hub.id = "hub-1";
    }
    [[nodiscard]] std::vector<std::string> left() const {
        std::vector<std::string> names;
        for (const auto& file : fs::recursive_directory_iterator(dir.path())) {
            names.push_back(fs::relative(file.path(), dir.path()).string());
        }
        return names;
    }
    ExitStatus erase() { return cli::erase(config, {dir.path().string(), true}); }

    TempDir dir;
    config::Config config;
};

}  // namespace

TEST_CASE("all that the daemon keeps is erased, and nothing else") {
    State state;
    CHECK(state.erase() == ExitStatus::done);
    CHECK(state.left() == std::vector<std::string>{"notes.txt"});
    CHECK(state.erase() == ExitStatus::done);
}

TEST_CASE("a key is overwritten where it lies before it is removed") {
    State state;
    // Another name for the same octets on the disk shows what became of them.
    fs::create_hard_link(state.dir / "keys/store.key", state.dir / "octets");
    fs::create_hard_link(state.dir / "keys/store.key.old", state.dir / "old-octets");
    fs::create_hard_link(state.dir / "store.db", state.dir / "store-octets");
    CHECK(state.erase() == ExitStatus::done);
    CHECK(readFile(state.dir / "octets").size() == 6);
    CHECK(readFile(state.dir / "octets") != "secret");
    CHECK(readFile(state.dir / "old-octets") != "secret");
    CHECK(readFile(state.dir / "store-octets") == "secret");  // unreadable without its key
}

TEST_CASE("where the key is a credential the store itself is overwritten") {
    State state;
    state.config.store.key = {config::Secret::Kind::credential, "store-key"};
    fs::create_hard_link(state.dir / "store.db", state.dir / "octets");
    CHECK(state.erase() == ExitStatus::done);
    CHECK(readFile(state.dir / "octets") != "secret");
}

TEST_CASE("without a configuration the state directory is erased, and the store overwritten") {
    State state;
    fs::create_hard_link(state.dir / "store.db", state.dir / "octets");
    fs::create_hard_link(state.dir / "keys/store.key", state.dir / "key-octets");
    CHECK(erase({}, {state.dir.path().string(), true, false}) == ExitStatus::done);
    CHECK(readFile(state.dir / "octets") != "secret");  // its key may be elsewhere
    CHECK(readFile(state.dir / "key-octets") != "secret");
    CHECK(state.left().size() == 3);
}

TEST_CASE("without a configuration the keys of a store that is elsewhere are left") {
    State state;
    const TempDir elsewhere;
    fs::rename(state.dir / "store.db", elsewhere / "store.db");
    const EraseArguments arguments{state.dir.path().string(), true, false};
    for (const auto* key : {"keys/store.key", "keys/store.key.old", "keys/store.key.new-0011"}) {
        const auto before = state.left();
        CHECK(erase({}, arguments) == ExitStatus::no);
        CHECK(state.left() == before);
        fs::remove(state.dir / key);
    }
    CHECK(erase({}, arguments) == ExitStatus::no);
    CHECK(fs::exists(state.dir / "keys/id.key"));
    config::Config known;
    known.store.path = elsewhere.path().string();
    CHECK(erase(known, arguments) == ExitStatus::done);
    CHECK(fs::is_empty(elsewhere.path()));
    CHECK_FALSE(fs::exists(state.dir / "keys"));
}

TEST_CASE("store and key are found where the configuration says") {
    State state;
    const TempDir elsewhere;
    fs::rename(state.dir / "store.db", elsewhere / "store.db");
    fs::rename(state.dir / "damaged", elsewhere / "damaged");
    writeFile(elsewhere / "key", "secret");
    writeFile(elsewhere / "key.old", "secret");
    state.config.store.path = elsewhere.path().string();
    state.config.store.key = {config::Secret::Kind::file, elsewhere / "key"};
    CHECK(state.erase() == ExitStatus::done);
    CHECK(fs::is_empty(elsewhere.path()));
}

TEST_CASE("a symbolic link is removed, and what it leads to is left alone") {
    State state;
    writeFile(state.dir / "target", "secret");
    fs::remove(state.dir / "keys/store.key");
    fs::create_symlink(state.dir / "target", state.dir / "keys/store.key");
    CHECK(state.erase() == ExitStatus::done);
    CHECK(readFile(state.dir / "target") == "secret");
    CHECK_FALSE(fs::exists(fs::symlink_status(state.dir / "keys/store.key")));
}

TEST_CASE("what others keep in the hub's folders is left") {
    State state;
    writeFile(state.dir / "keys/tls.key", "not ours");
    fs::create_directory(state.dir / "damaged/more");
    writeFile(state.dir / "damaged/more/store-1.db", "not ours");
    writeFile(state.dir / "damaged/store-notes.txt", "not ours");
    CHECK(state.erase() == ExitStatus::done);
    auto left = state.left();
    std::ranges::sort(left);
    CHECK(left == std::vector<std::string>{"damaged", "damaged/more", "damaged/more/store-1.db",
                                           "damaged/store-notes.txt", "keys", "keys/tls.key",
                                           "notes.txt"});
}

TEST_CASE("a folder in the place of a key is left, and said so before anything is erased") {
    State state;
    const auto before = state.left();
    const TempDir folder;
    writeFile(folder / "letter", "not ours");
    state.config.store.key = {config::Secret::Kind::file, folder.path().string()};
    CHECK(state.erase() == ExitStatus::no);
    CHECK(readFile(folder / "letter") == "not ours");
    CHECK(state.left() == before);
    fs::remove(folder / "letter");
    CHECK(state.erase() == ExitStatus::no);
    CHECK(fs::is_directory(folder.path()));
}

TEST_CASE("without a state directory nothing is called erased") {
    State state;
    CHECK(cli::erase(state.config, {state.dir / "other", true}) == ExitStatus::no);
    CHECK(cli::erase(state.config, {state.dir / "store.db", true}) == ExitStatus::no);
}

TEST_CASE("a store stays locked while it is overwritten") {
    State state;
    fs::create_hard_link(state.dir / "store.db", state.dir / "octets");
    const auto lock = StoreLock::take(state.dir / "store.db");
    REQUIRE(lock);
    CHECK(overwriteAndRemove(state.dir / "store.db").value());
    const auto other = StoreLock::take(state.dir / "octets");
    REQUIRE_FALSE(other);
    CHECK(other.error().kind == ErrorKind::refused);
}

TEST_CASE("while another process has the store, nothing is erased") {
    State state;
    const auto before = state.left();
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const auto child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        // As SQLite locks: some octets far behind the end of the file.
        const int file = ::open((state.dir / "store.db").c_str(), O_RDWR);
        struct flock lock{};
        lock.l_type = F_RDLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = 0x40000002;
        lock.l_len = 510;
        const char done = ::fcntl(file, F_SETLK, &lock) == 0 ? 'y' : 'n';
        if (::write(ready[1], &done, 1) == 1) ::pause();
        ::_exit(0);
    }
    char done = 0;
    REQUIRE(::read(ready[0], &done, 1) == 1);
    CHECK(done == 'y');
    CHECK(state.erase() == ExitStatus::no);
    CHECK(state.left() == before);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    CHECK(state.erase() == ExitStatus::done);
}
