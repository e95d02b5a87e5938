#include "gateway/store/store_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "gateway/base/base32.hpp"
#include "gateway/base/descriptor.hpp"
#include "gateway/base/failpoint.hpp"
#include "gateway/base/file_system.hpp"
#include "gateway/crypto/crypto.hpp"
#include "gateway/store/damaged_file.hpp"
#include "gateway/store/file_header.hpp"
#include "gateway/store/journal_check.hpp"
#include "gateway/store/meta_table.hpp"
#include "gateway/store/schema.hpp"

namespace vitalgate::store {

namespace {

/// The whole file is checked up to this size; that takes about 0.1 s. Above it the seal of each row
/// and SQLite's own checks tell when a page is read.
constexpr std::uint64_t kCheckUpTo = 16ULL * 1024 * 1024;

/// Characters of the stream's name: 13 of 5 bits.
constexpr std::size_t kStreamCharacters = 13;

/// What is known of a file that passed the checks.
struct Examined {
    std::uint64_t size = 0;
    bool endedCleanly = true;
    bool isReadOnly = false;  ///< the medium is mounted so
};

/// 0 where there is none.
Result<std::uint64_t> sizeOf(const std::string& path) {
    struct stat state{};
    if (::stat(path.c_str(), &state) == 0) return static_cast<std::uint64_t>(state.st_size);
    if (errno == ENOENT) return 0;
    return fail(ErrorKind::unavailable, "the size of {} is not known: {}", path,
                std::strerror(errno));
}

Status checkFolder(const std::string& path) {
    const auto folder = folderOf(path);
    struct stat state{};
    if (::stat(folder.c_str(), &state) != 0 || !S_ISDIR(state.st_mode)) {
        return fail(ErrorKind::unavailable, "the folder {} does not exist; make it", folder);
    }
    if (::faccessat(AT_FDCWD, folder.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0 &&
        errno != EROFS) {
        return fail(ErrorKind::unavailable,
                    "the folder {} cannot be written ({}); it must belong to the user that runs "
                    "this",
                    folder, std::strerror(errno));
    }
    return {};
}

Result<Bytes> readHeader(int file) {
    Bytes header(kHeaderSize);
    const auto got = ::pread(file, header.data(), header.size(), 0);
    if (got < 0) return fail(ErrorKind::unavailable, "cannot be read: {}", std::strerror(errno));
    header.resize(static_cast<std::size_t>(got));
    return header;
}

/// Nothing of it where there is none.
Result<Bytes> headerOf(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    return file.value < 0 ? Bytes{} : readHeader(file.value);
}

int openAs(int mode, const std::string& path) {
    return ::open(path.c_str(), mode | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

/// What SQLite would take for empty, or for its end, is mended or told first.
Status checkJournal(const std::string& path, const Log& log) {
    if (auto mended = mendJournal(path, log); !mended) return std::unexpected(mended.error());
    // Should whoever kept it from being mended let go meanwhile.
    const auto isLacking = lacksHeader(path);
    if (!isLacking) return std::unexpected(isLacking.error());
    if (*isLacking) return fail(ErrorKind::unavailable, "another process has the file open");
    const auto hasLost = hasLostCommits(path);
    if (!hasLost) return std::unexpected(hasLost.error());
    if (*hasLost) return fail(ErrorKind::damaged, "the journal is damaged");
    return {};
}

Status keepFromOthers(const Descriptor& file, const struct stat& state, const Log& log) {
    if ((state.st_mode & 077U) == 0) return {};
    log.warning("other users could read the file; its mode is 0600 now");
    if (::fchmod(file.value, 0600) == 0) return {};
    return fail(ErrorKind::unavailable, "its mode cannot be set: {}", std::strerror(errno));
}

/// Nothing if there is no file yet.
Result<std::optional<Examined>> examine(const std::string& path, std::uint32_t newestVersion,
                                        const Log& log) {
    const int writable = openAs(O_RDWR, path);
    const bool isReadOnly = writable < 0 && errno == EROFS;
    const Descriptor file(isReadOnly ? openAs(O_RDONLY, path) : writable);
    const int error = errno;
    const auto walSize = sizeOf(journalOf(path));
    if (!walSize) return std::unexpected(walSize.error());
    if (file.value < 0 && error == ENOENT) {
        if (*walSize == 0) return std::optional<Examined>{};
        return fail(ErrorKind::damaged, "the file is gone but its journal is there");
    }
    if (file.value < 0 && error != ELOOP && error != EISDIR) {
        return fail(ErrorKind::unavailable,
                    "the file cannot be written ({}); it must belong to the user that runs this",
                    std::strerror(error));
    }
    struct stat state{};
    if (file.value < 0 || ::fstat(file.value, &state) != 0 || !S_ISREG(state.st_mode)) {
        return fail(ErrorKind::refused, "a store must be a regular file");
    }
    const Examined found{static_cast<std::uint64_t>(state.st_size), *walSize == 0, isReadOnly};
    const auto header = readHeader(file.value);
    if (!header) return std::unexpected(header.error());
    if (auto checked = checkHeader(*header, found.size, found.endedCleanly, newestVersion);
        !checked) {
        return std::unexpected(checked.error());
    }
    if (auto checked = checkJournal(path, log); !checked) return std::unexpected(checked.error());
    if (isReadOnly) return found;
    if (auto kept = keepFromOthers(file, state, log); !kept) return std::unexpected(kept.error());
    return found;
}

/// All that a new store has.
Status fillNew(Database& database) {
    const auto stream = toBase32(crypto::randomOctets<9>()).substr(0, kStreamCharacters);
    return database.runScript(
        fmt::format("PRAGMA page_size = {}; PRAGMA application_id = {}; PRAGMA user_version = {};"
                    "BEGIN; {} INSERT INTO meta(name, value) VALUES('stream', '{}'); COMMIT;",
                    kPageSize, kApplicationId, currentLayout().version, kSchema, stream));
}

Status createWith(const std::string& path, const std::string& vfs) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.value < 0) {
        return fail(kindOfErrno(errno), "cannot be created: {}", std::strerror(errno));
    }
    auto database = Database::open(path, vfs);
    if (!database) return std::unexpected(database.error());
    // Without a journal: until it is renamed a half-written file counts for nothing.
    auto done = database->run("PRAGMA journal_mode = OFF");
    if (done) done = database->run("PRAGMA synchronous = FULL");
    if (done) done = fillNew(*database);
    return done;
}

/// Under another name first, so that what has the store's name is always a whole store.
Status create(const std::string& path, const std::string& vfs) {
    const auto temporary = path + ".new";
    if (auto created = makeStoreFile(temporary, vfs); !created) {
        ::unlink(temporary.c_str());
        return created;
    }
    failpoint("store.name-new");
    forgetMark(path);
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        return fail(ErrorKind::unavailable, "cannot be created: {}", std::strerror(errno));
    }
    return syncFolder(folderOf(path));
}

Status configure(Database& database) {
    if (database.isReadOnly()) {
        return database.runScript(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY");
    }
    // Exclusive locking comes first: with it SQLite keeps the index of its write-ahead log in
    // memory of its own instead of a mapped file, and lets nobody else in.
    auto done = database.run("PRAGMA locking_mode = EXCLUSIVE");
    for (const auto* pragma : {"PRAGMA mmap_size = 0", "PRAGMA synchronous = FULL",
                               "PRAGMA journal_mode = WAL", "PRAGMA journal_size_limit = 16777216",
                               "PRAGMA secure_delete = FAST", "PRAGMA temp_store = MEMORY"}) {
        if (done) done = database.run(pragma);
    }
    // Takes the lock for good.
    if (done) done = database.run("BEGIN IMMEDIATE");
    if (done) done = database.run("COMMIT");
    return done;
}

Result<bool> passesQuickCheck(Database& database) {
    Query check(database, "PRAGMA quick_check(1)");
    const auto row = check.next();
    if (!row) return std::unexpected(row.error());
    return *row && check.text(0) == "ok";
}

/// Rows may be missing from a tree that is whole otherwise.
Status checkCount(Database& database) {
    const auto rows = database.integer("SELECT count(*) FROM log");
    const auto counted = readNumber(database, "rows");
    if (!rows) return std::unexpected(rows.error());
    if (!counted) return std::unexpected(counted.error());
    if (static_cast<std::uint64_t>(*rows) == *counted) return {};
    return fail(ErrorKind::damaged, "the store has {} of its {} rows", *rows, *counted);
}

Status checkWhole(Database& database, const Examined& found) {
    const auto tables = database.integer(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'keys', "
        "'boots', 'log', 'seen', 'ranges', 'command', 'bookmark')");
    if (!tables) return std::unexpected(tables.error());
    if (*tables != kTableCount) {
        return fail(ErrorKind::damaged, "the file lacks {} of its {} tables", kTableCount - *tables,
                    kTableCount);
    }
    if (found.size > kCheckUpTo) return {};
    // It may say so for want of memory too.
    auto isSound = passesQuickCheck(database);
    if (isSound && !*isSound) isSound = passesQuickCheck(database);
    if (!isSound) return std::unexpected(isSound.error());
    if (!*isSound) return fail(ErrorKind::damaged, "the content of the file is damaged");
    return checkCount(database);
}

}  // namespace

Result<Database> openStoreFile(const std::string& path, const std::string& vfs, const Log& log,
                               const Layout& layout) {
    if (auto checked = checkFolder(path); !checked) return std::unexpected(checked.error());
    auto found = examine(path, layout.version, log);
    if (!found) return std::unexpected(found.error());
    if (!*found) {
        if (auto created = create(path, vfs); !created) return std::unexpected(created.error());
        *found = Examined{};
    }
    auto database = (*found)->isReadOnly ? Database::openReadOnly(path, !(*found)->endedCleanly)
                                         : Database::open(path, vfs);
    if (!database) return std::unexpected(database.error());
    auto ready = configure(*database);
    const auto isMarked = isMarkedDamaged(path);
    if (ready && !isMarked) ready = std::unexpected(isMarked.error());
    if (ready && *isMarked) {
        ready = fail(ErrorKind::damaged, "the file was found damaged while it was in use");
    }
    if (ready) ready = migrate(*database, layout, log);
    if (ready) ready = checkWhole(*database, **found);
    if (!ready) return std::unexpected(asDamage(ready.error()));
    return database;
}

Result<Database> temporaryStore() {
    auto database = Database::inMemory();
    if (!database) return database;
    if (auto filled = fillNew(*database); !filled) return std::unexpected(filled.error());
    return database;
}

Status checkWasStoreFile(const std::string& path) {
    const auto header = headerOf(path);
    return header && !header->empty() ? checkWasStore(*header) : Status{};
}

bool hasIntactHeader(const std::string& path) {
    const auto header = headerOf(path);
    return header && hasConstants(*header);
}

Result<Bytes> firstPageFor(const std::string& path) {
    auto store = temporaryStore();
    if (!store) return std::unexpected(store.error());
    auto content = store->content();
    if (!content) return content;
    content->resize(kPageSize);
    const auto walSize = sizeOf(journalOf(path));
    if (!walSize) return std::unexpected(walSize.error());
    makeReadable(*content, *walSize > 0);
    return content;
}

Status makeStoreFile(const std::string& path, const std::string& vfs) {
    ::unlink((path + "-journal").c_str());
    ::unlink(path.c_str());
    return createWith(path, vfs);
}

Error asDamage(Error error) {
    if (error.kind == ErrorKind::internal) error.kind = ErrorKind::damaged;
    return error;
}

}  // namespace vitalgate::store
