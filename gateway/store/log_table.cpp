#include "gateway/store/log_table.hpp"

#include "gateway/store/meta_table.hpp"

namespace vitalgate::store {

namespace {

constexpr std::string_view kNext = "next-sequence";
constexpr std::string_view kRows = "rows";
constexpr std::size_t kStepRows = 128;
constexpr std::uint64_t kStepBytes = 64 * 1024;
constexpr std::size_t kSearchRows = 256;
constexpr std::size_t kSearchRanges = 64;

/// A row's other columns, its id in table and index, its share of the trees.
constexpr std::size_t kBytesBesideBody = 100;

constexpr int kTypeStep = 100;
constexpr int kLossType = v1::Record::kEvent * kTypeStep + v1::Event::kLoss;

Result<std::vector<LostRow>> collect(Query& query, WallTime before) {
    std::vector<LostRow> rows;
    for (;;) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return rows;
        const WallTime time{Duration{query.integer(1)}};
        if (time >= before) return rows;
        rows.push_back(
            {query.unsignedInteger(0), static_cast<v1::Priority>(query.integer(2)), time});
    }
}

}  // namespace

RowHeader headerOf(const Query& query) {
    return {query.unsignedInteger(0),
            static_cast<int>(query.integer(1)),
            static_cast<int>(query.integer(2)),
            query.integer(3),
            static_cast<std::uint32_t>(query.integer(4)),
            static_cast<std::uint32_t>(query.integer(5))};
}

int typeOf(const v1::Record& record) {
    const int type = static_cast<int>(record.body_case()) * kTypeStep;
    return record.has_event() ? type + static_cast<int>(record.event().what_case()) : type;
}

Status LogTable::load() {
    const auto next = readNumber(database_, kNext);
    const auto rows = readNumber(database_, kRows);
    const auto highest = database_.integer("SELECT coalesce(max(sequence), 0) FROM log");
    if (!next) return std::unexpected(next.error());
    if (!rows) return std::unexpected(rows.error());
    if (!highest) return std::unexpected(highest.error());
    counters_ = {.next = std::max<std::uint64_t>(*next, 1), .rows = *rows};
    saved_ = counters_;
    if (static_cast<std::uint64_t>(*highest) >= counters_.next) {
        return fail(ErrorKind::damaged, "the store has a row {} but counts only to {}", *highest,
                    counters_.next - 1);
    }
    return {};
}

Status LogTable::saveCounters() {
    if (counters_ == saved_) return {};
    auto saved = writeNumber(database_, kNext, counters_.next);
    if (saved) saved = writeNumber(database_, kRows, counters_.rows);
    return saved;
}

Result<std::uint64_t> LogTable::insert(NewRow& row, const Moment& now) {
    if (!row.id.empty()) {
        auto done = database_.run("INSERT OR IGNORE INTO seen(id, sequence) VALUES(?1, ?2)",
                                  ByteView(row.id), counters_.next);
        if (!done) return std::unexpected(done.error());
        if (database_.changes() == 0) return std::uint64_t{0};
    }
    row.record.set_sequence(counters_.next);
    const RowHeader header{counters_.next,
                           typeOf(row.record),
                           static_cast<int>(row.priority),
                           now.wall.time_since_epoch().count(),
                           now.boot,
                           keys_.current()};
    const auto body = keys_.sealRow(header, asBytes(row.record.SerializeAsString()));
    auto done = database_.run(
        "INSERT INTO log(sequence, type, priority, time, boot, key, body) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        header.sequence, header.type, header.priority, header.time, header.boot, header.key,
        ByteView(body));
    if (!done) return std::unexpected(done.error());
    ++counters_.rows;
    counters_.appendedBytes += body.size() + kBytesBesideBody;
    return counters_.next++;
}

void LogTable::take(const Query& query, Fetch& fetch) {
    const auto header = headerOf(query);
    const auto priority = static_cast<v1::Priority>(header.priority);
    const WallTime time{Duration{header.time}};
    const auto content = keys_.openRow(header, query.blob(6));
    if (!content) {
        fetch.damaged.push_back({header.sequence, priority, time, header.type == kLossType});
        return;
    }
    fetch.bytes += content->size();
    fetch.rows.push_back({header.sequence, priority, time, asText(*content)});
}

Result<bool> LogTable::step(Fetch& fetch) {
    fetch.next = fetch.except.firstMissing(fetch.next);
    if (fetch.next > fetch.last) return true;
    const auto bytesBefore = fetch.bytes;
    Query query(database_,
                "SELECT sequence, type, priority, time, boot, key, body FROM log "
                "WHERE sequence >= ?1 AND sequence <= ?2 ORDER BY sequence",
                fetch.next, fetch.last);
    for (std::size_t visited = 0; visited < kStepRows; ++visited) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return true;
        const auto sequence = query.unsignedInteger(0);
        // The next step seeks beyond what is left out.
        if (fetch.except.contains(sequence)) {
            fetch.next = sequence;
            return false;
        }
        const auto bytes = fetch.bytes;
        take(query, fetch);
        if (fetch.bytes > fetch.maximumBytes && fetch.rows.size() > 1) {
            fetch.bytes = bytes;
            fetch.rows.pop_back();
            return true;
        }
        fetch.next = sequence + 1;
        if (fetch.bytes >= fetch.maximumBytes) return true;
        if (fetch.bytes - bytesBefore >= kStepBytes) return false;
    }
    return false;
}

Result<bool> LogTable::step(RowSearch& search, RangeSet& found) {
    Query query(database_,
                "SELECT sequence, time FROM log "
                "WHERE sequence >= ?1 AND sequence <= ?2 ORDER BY sequence LIMIT ?3",
                search.within.first, search.within.last, kSearchRows);
    // The clock may have jumped: times need not rise with the sequence.
    std::size_t visited = 0;
    for (;; ++visited) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        const auto sequence = query.unsignedInteger(0);
        const WallTime time{Duration{query.integer(1)}};
        search.within.first = sequence + 1;
        if (time >= search.from && time <= search.to) found.add({sequence, sequence});
    }
    found.widenTo(kSearchRanges);
    return visited < kSearchRows;
}

Result<std::uint64_t> LogTable::oldest() {
    const auto first =
        database_.integer("SELECT coalesce(min(sequence), ?1) FROM log", counters_.next);
    if (!first) return std::unexpected(first.error());
    return static_cast<std::uint64_t>(*first);
}

Result<std::optional<std::uint32_t>> LogTable::oldestKey() {
    Query query(database_,
                "SELECT sequence, type, priority, time, boot, key, body FROM log "
                "ORDER BY sequence LIMIT 1");
    const auto row = query.next();
    if (!row) return std::unexpected(row.error());
    std::optional<std::uint32_t> key;
    if (!*row) {
        if (counters_.rows == 0) key = keys_.current();
        return key;
    }
    const auto header = headerOf(query);
    if (!keys_.openRow(header, query.blob(6))) return key;
    // The way down the tree to the place before it tells whether its page is at its own place.
    const auto before = database_.integer(
        "SELECT sequence FROM log WHERE sequence < ?1 ORDER BY sequence DESC LIMIT 1",
        header.sequence);
    if (before) return key;
    if (before.error().kind != ErrorKind::notFound) return std::unexpected(before.error());
    return header.key;
}

Result<std::vector<LostRow>> LogTable::olderThan(WallTime before, Range range, std::size_t limit) {
    Query query(database_,
                "SELECT sequence, time, priority FROM log "
                "WHERE sequence >= ?1 AND sequence <= ?2 ORDER BY sequence LIMIT ?3",
                range.first, range.last, limit);
    return collect(query, before);
}

Result<std::vector<LostRow>> LogTable::ofPriority(v1::Priority priority, Range range,
                                                  std::size_t limit) {
    // The number stands in the text so that SQLite sees that the index of series fits.
    Query query(database_,
                fmt::format("SELECT sequence, time, priority FROM log WHERE priority = {} "
                            "AND sequence >= ?1 AND sequence <= ?2 AND type <> {} "
                            "ORDER BY sequence LIMIT ?3",
                            static_cast<int>(priority), kLossType),
                range.first, range.last, limit);
    return collect(query, WallTime::max());
}

Result<bool> LogTable::erase(std::uint64_t sequence) {
    auto done = database_.run("DELETE FROM log WHERE sequence = ?1", sequence);
    if (!done) return std::unexpected(done.error());
    const bool wasThere = database_.changes() > 0;
    if (wasThere && counters_.rows > 0) --counters_.rows;
    return wasThere;
}

Status LogTable::forgetId(std::uint64_t sequence) {
    return database_.run("DELETE FROM seen WHERE sequence = ?1", sequence);
}

Result<std::uint64_t> LogTable::forgetIdsBelow(std::uint64_t sequence, std::size_t limit) {
    auto done = database_.run(
        "DELETE FROM seen WHERE id IN "
        "(SELECT id FROM seen WHERE sequence < ?1 ORDER BY sequence LIMIT ?2)",
        sequence, limit);
    if (!done) return std::unexpected(done.error());
    return database_.changes();
}

}  // namespace vitalgate::store
