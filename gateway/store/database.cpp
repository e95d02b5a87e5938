#include "gateway/store/database.hpp"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "gateway/base/memory.hpp"
#include "gateway/store/sqlite_lock.hpp"

namespace vitalgate::store {

namespace {

struct CloseDatabase {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

using Handle = std::unique_ptr<sqlite3, CloseDatabase>;

struct KnownError {
    int code;  ///< primary result code
    ErrorKind kind;
    const char* text;
};

constexpr std::array kErrors{
    KnownError{SQLITE_FULL, ErrorKind::full, "the disk is full"},
    KnownError{SQLITE_READONLY, ErrorKind::refused, "the file cannot be written"},
    KnownError{SQLITE_CORRUPT, ErrorKind::damaged, "the content of the file is damaged"},
    KnownError{SQLITE_NOTADB, ErrorKind::damaged, "the content of the file is damaged"},
    KnownError{SQLITE_BUSY, ErrorKind::unavailable, "another process has the file open"},
    KnownError{SQLITE_CANTOPEN, ErrorKind::unavailable, "the file cannot be opened"},
    KnownError{SQLITE_IOERR, ErrorKind::unavailable, "the disk reports an error"},
    KnownError{SQLITE_NOMEM, ErrorKind::unavailable, "there is no memory left"},
    KnownError{SQLITE_PERM, ErrorKind::unavailable, "the file may not be used"},
    KnownError{SQLITE_LOCKED, ErrorKind::unavailable, "the file is locked"},
    KnownError{SQLITE_PROTOCOL, ErrorKind::unavailable, "the file cannot be locked"},
    KnownError{SQLITE_NOLFS, ErrorKind::unavailable, "the file system is too small for the file"},
};

/// Of the last operation that failed on one of the two files.
int lastErrno(sqlite3* handle, int which) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(handle, "main", which, static_cast<void*>(&file));
    int number = 0;
    if (file != nullptr && file->pMethods != nullptr) {
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    }
    return number;
}

/// True if the medium has become read-only, which shows as a failed write. A failed sync is never
/// taken for it: what it leaves behind is unknown.
bool isReadOnly(sqlite3* handle, int code) {
    if (code != SQLITE_IOERR_WRITE || handle == nullptr) return false;
    // A file system that has given up (ext4) says so to writes alone.
    if (lastErrno(handle, SQLITE_FCNTL_JOURNAL_POINTER) == EROFS ||
        lastErrno(handle, SQLITE_FCNTL_FILE_POINTER) == EROFS) {
        return true;
    }
    sqlite3_vfs* vfs = nullptr;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
    int isWritable = 1;
    if (vfs != nullptr) {
        vfs->xAccess(vfs, sqlite3_db_filename(handle, "main"), SQLITE_ACCESS_READWRITE,
                     &isWritable);
    }
    return isWritable == 0;
}

/// What the system said, where an operator can do something about it; empty otherwise.
std::string systemReason(sqlite3* handle, int primary) {
    const int number = handle != nullptr ? sqlite3_system_errno(handle) : 0;
    if (primary != SQLITE_CANTOPEN || number == 0) return {};
    return fmt::format(": {}", std::strerror(number));
}

Error errorOf(sqlite3* handle, int code) {
    // Whoever reads on after an error would take what there was no memory for as damaged.
    if ((code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) reportNoMemory();
    const int primary = isReadOnly(handle, code) ? SQLITE_READONLY : code & 0xff;
    for (const auto& known : kErrors) {
        if (known.code == primary) {
            const auto reason = systemReason(handle, primary);
            return {known.kind, fmt::format("{}{} (SQLite {})", known.text, reason, code)};
        }
    }
    return {ErrorKind::internal,
            fmt::format("{} (SQLite {})",
                        handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code), code)};
}

/// https://www.sqlite.org/uri.html
std::string uriOf(const std::string& path) {
    std::string uri = path.starts_with('/') ? "file://" : "file:";
    for (const char character : path) {
        if (std::string_view("%?#").find(character) == std::string_view::npos) {
            uri += character;
        } else {
            uri += fmt::format("%{:02x}", character);
        }
    }
    return uri;
}

int keepWalPages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

bool isUnreadable(ErrorKind kind) {
    return kind == ErrorKind::damaged || kind == ErrorKind::notFound || kind == ErrorKind::internal;
}

class Connection {
  public:
    explicit Connection(Handle opened) : handle_(std::move(opened)) {
        sqlite3_extended_result_codes(handle(), 1);
        // Takes the place of the automatic checkpoint: the store decides when there is time for it.
        sqlite3_wal_hook(handle(), keepWalPages, &walPages_);
    }

    [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
    [[nodiscard]] Error error(int code) const { return errorOf(handle(), code); }
    [[nodiscard]] int walPages() const { return walPages_; }
    void forgetWalPages() { walPages_ = 0; }

    Result<sqlite3_stmt*> prepare(std::string_view sql) {
        auto at = statements_.find(sql);
        if (at == statements_.end()) {
            sqlite3_stmt* statement = nullptr;
            const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                                SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
            if (code != SQLITE_OK) return std::unexpected(error(code));
            at = statements_.emplace(sql, statement).first;
        }
        if (sqlite3_stmt_busy(at->second.get()) != 0) {
            return fail(ErrorKind::internal, "a statement is run inside its own run");
        }
        return at->second.get();
    }

  private:
    int walPages_ = 0;
    Handle handle_;
    std::map<std::string, std::unique_ptr<sqlite3_stmt, FinalizeStatement>, std::less<>>
        statements_;
};

Result<Database> Database::open(const std::string& path, const std::string& vfs) {
    return openWith(path, vfs, SQLITE_OPEN_READWRITE, Descriptor(-1));
}

/// SQLite cannot lock what is open for reading only, nor does it open the file of a journal that is
/// not there and cannot be made.
Result<Database> Database::openReadOnly(const std::string& path, bool hasJournal) {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!lockWhole(file, F_RDLCK)) {
        return fail(ErrorKind::unavailable, "another process has the file open");
    }
    if (hasJournal) return openWith(path, "unix-none", SQLITE_OPEN_READONLY, std::move(file));
    return openWith(uriOf(path) + "?immutable=1", {}, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                    std::move(file));
}

Result<Database> Database::openWith(const std::string& name, const std::string& vfs, int flags,
                                    Descriptor lock) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX,
                                     vfs.empty() ? nullptr : vfs.c_str());
    Handle opened(handle);
    if (code != SQLITE_OK) return std::unexpected(errorOf(handle, code));
    Database database(std::move(lock), std::make_unique<Connection>(std::move(opened)));
    database.writeBackAtClose(false);
    return database;
}

Database::Database(Descriptor lock, std::unique_ptr<Connection> connection)
    : lock_(std::move(lock)), connection_(std::move(connection)) {}
Database::Database(Database&& other) noexcept = default;
Database::~Database() = default;

Status Database::runScript(const std::string& sql) {
    const int code = sqlite3_exec(connection_->handle(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return std::unexpected(connection_->error(code));
    return {};
}

bool Database::isReadOnly() const {
    return sqlite3_db_readonly(connection_->handle(), "main") == 1;
}

std::uint64_t Database::changes() const {
    return static_cast<std::uint64_t>(sqlite3_changes64(connection_->handle()));
}

void Database::rollBack() {
    // SQLite may have ended it by itself; an error here leaves nothing that could be done better.
    if (sqlite3_get_autocommit(connection_->handle()) == 0) static_cast<void>(run("ROLLBACK"));
}

Status Database::checkPlace() const {
    int hasMoved = 0;
    sqlite3_file_control(connection_->handle(), "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved);
    if (hasMoved == 0) return {};
    return fail(ErrorKind::unavailable, "the file was removed or replaced while it was in use");
}

int Database::walPages() const {
    return connection_->walPages();
}

Status Database::checkpoint() {
    return writeBack(SQLITE_CHECKPOINT_PASSIVE);
}

Status Database::emptyWal() {
    return writeBack(SQLITE_CHECKPOINT_TRUNCATE);
}

Status Database::writeBack(int how) {
    const int code =
        sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, how, nullptr, nullptr);
    if (code != SQLITE_OK) return std::unexpected(connection_->error(code));
    connection_->forgetWalPages();
    return {};
}

Result<Bytes> Database::content() {
    sqlite3_int64 size = 0;
    const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> octets(
        sqlite3_serialize(connection_->handle(), "main", &size, 0), sqlite3_free);
    if (!octets) return fail(ErrorKind::unavailable, "there is no memory left");
    return Bytes(octets.get(), octets.get() + size);
}

void Database::writeBackAtClose(bool on) {
    sqlite3_db_config(connection_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
}

Query::Query(Connection& connection, std::string_view sql)
    : connection_(connection), statement_(connection.prepare(sql)) {}

Query::~Query() {
    if (!statement_) return;
    sqlite3_reset(*statement_);
    sqlite3_clear_bindings(*statement_);
}

void Query::bind(int at, std::int64_t value) {
    if (statement_) bound(sqlite3_bind_int64(*statement_, at, value));
}

void Query::bind(int at, std::string_view value) {
    if (!statement_) return;
    bound(sqlite3_bind_text64(*statement_, at, value.data(), value.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8));
}

void Query::bind(int at, ByteView value) {
    if (!statement_) return;
    if (value.empty()) {
        bound(sqlite3_bind_zeroblob(*statement_, at, 0));
    } else {
        bound(sqlite3_bind_blob64(*statement_, at, value.data(), value.size(), SQLITE_TRANSIENT));
    }
}

void Query::bound(int code) {
    if (code != SQLITE_OK && bound_) bound_ = std::unexpected(connection_.error(code));
}

Result<bool> Query::next() {
    if (!statement_) return std::unexpected(statement_.error());
    if (!bound_) return std::unexpected(bound_.error());
    const int code = sqlite3_step(*statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return std::unexpected(connection_.error(code));
}

Status Query::finish() {
    for (;;) {
        const auto row = next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return {};
    }
}

std::int64_t Query::integer(int column) const {
    return sqlite3_column_int64(*statement_, column);
}

std::string Query::text(int column) const {
    return asText(blob(column));
}

ByteView Query::blob(int column) const {
    const auto* octets = static_cast<const std::uint8_t*>(sqlite3_column_blob(*statement_, column));
    return {octets, static_cast<std::size_t>(sqlite3_column_bytes(*statement_, column))};
}

}  // namespace vitalgate::store
