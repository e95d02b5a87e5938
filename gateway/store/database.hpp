#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/bytes.hpp"
#include "gateway/base/descriptor.hpp"
#include "gateway/base/error.hpp"

struct sqlite3_stmt;

namespace vitalgate::store {

class Connection;

/// Of an error of reading: the file itself is at fault; with another key, or once the disk works
/// again, it would be read no better.
bool isUnreadable(ErrorKind kind);

/// One connection to one SQLite file, used by one thread at a time. This file, page_overlay and
/// their .cpp are the only code that knows SQLite. Errors: ErrorKind::full (no room), refused
/// (read-only), damaged, unavailable (another process has the file, or the disk reports an error),
/// internal (all else).
class Database {
  public:
    /// The file must exist. `vfs` names SQLite's layer to the operating system; empty: its default.
    static Result<Database> open(const std::string& path, const std::string& vfs);
    /// Of a file that we cannot write, with what its journal has; `hasJournal`: there is one, and
    /// it is not empty. Each write is `refused`, neither file is changed or made, and nobody else
    /// can write them meanwhile.
    static Result<Database> openReadOnly(const std::string& path, bool hasJournal);
    /// An empty one that is in no file.
    static Result<Database> inMemory() { return open(":memory:", {}); }
    Database(Database&& other) noexcept;
    Database& operator=(Database&& other) = delete;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// As openReadOnly() made it.
    [[nodiscard]] bool isReadOnly() const;

    /// Runs one statement to its end; parameters ?1, ?2 … take the values in order.
    template <class... Values>
    Status run(std::string_view sql, const Values&... values);
    /// The first column of the first row; ErrorKind::notFound without a row.
    template <class... Values>
    Result<std::int64_t> integer(std::string_view sql, const Values&... values);
    /// Several statements without parameters.
    Status runScript(const std::string& sql);

    /// Rows that the last run() inserted, changed or deleted.
    [[nodiscard]] std::uint64_t changes() const;
    /// Ends the transaction without its changes; harmless outside of one.
    void rollBack();
    /// What is written to a file that was removed or replaced is found by nobody.
    [[nodiscard]] Status checkPlace() const;
    /// Pages in the write-ahead log after the last commit.
    [[nodiscard]] int walPages() const;
    /// Writes the write-ahead log back into the file.
    Status checkpoint();
    /// The same, and begins an empty log: nothing of an unfinished end is left in it.
    Status emptyWal();
    /// The octets of the file as it would be now; of a small one.
    Result<Bytes> content();
    /// Whether closing writes the write-ahead log back. Off at first, so that a file that turns out
    /// not to be ours stays as it is.
    void writeBackAtClose(bool on);

  private:
    friend class Query;
    Database(Descriptor lock, std::unique_ptr<Connection> connection);
    /// `name`: a path, or with SQLITE_OPEN_URI an address.
    static Result<Database> openWith(const std::string& name, const std::string& vfs, int flags,
                                     Descriptor lock);
    Status writeBack(int how);

    Descriptor lock_;  ///< where SQLite takes none
    std::unique_ptr<Connection> connection_;
};

/// One run of a statement; it ends, and the statement is free for the next run, when this goes. At
/// most one run of the same text at a time.
class Query {
  public:
    template <class... Values>
    Query(Database& database, std::string_view sql, const Values&... values)
        : Query(*database.connection_, sql) {
        int at = 0;
        (bind(++at, values), ...);
    }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

    /// True: the columns hold a row. False: there is no more.
    [[nodiscard]] Result<bool> next();
    /// Runs on to the end.
    Status finish();

    /// Columns count from 0; a blob is valid until next() or the end of the query.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t unsignedInteger(int column) const {
        return static_cast<std::uint64_t>(integer(column));
    }
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] ByteView blob(int column) const;

  private:
    Query(Connection& connection, std::string_view sql);
    void bind(int at, std::int64_t value);
    void bind(int at, std::string_view value);
    void bind(int at, ByteView value);
    template <std::integral Integer>
    void bind(int at, Integer value) {
        bind(at, static_cast<std::int64_t>(value));
    }
    void bound(int code);

    Connection& connection_;
    Result<sqlite3_stmt*> statement_;
    /// Whether all parameters have their values. One without counts as NULL: what is looked up by
    /// it is not found.
    Status bound_{};
};

template <class... Values>
Status Database::run(std::string_view sql, const Values&... values) {
    return Query(*this, sql, values...).finish();
}

template <class... Values>
Result<std::int64_t> Database::integer(std::string_view sql, const Values&... values) {
    Query query(*this, sql, values...);
    const auto row = query.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(ErrorKind::notFound, "there is no such row");
    return query.integer(0);
}

}  // namespace vitalgate::store
