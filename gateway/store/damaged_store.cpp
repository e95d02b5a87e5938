#include "gateway/store/damaged_store.hpp"

#include <algorithm>

#include "gateway/store/bookmark_table.hpp"
#include "gateway/store/command_table.hpp"
#include "gateway/store/meta_table.hpp"
#include "gateway/store/ranges_table.hpp"

namespace vitalgate::store {

namespace {

constexpr std::string_view kRowsOf =
    "SELECT sequence, type, priority, time, boot, key, body FROM log "
    "WHERE sequence >= ?1 AND sequence <= ?2 ORDER BY sequence";
/// Looks into one damaged place at most.
constexpr int kSearches = 256;

/// Reads a table by its key from the beginning and, if that ends in damage, from the end too.
/// False if not all of it could be read. `take` gives false to end.
bool readAll(Database& database, const std::string& select, std::string_view key,
             const std::function<bool(const Query&)>& take) {
    bool isWhole = true;
    for (const std::string_view order : {"", " DESC"}) {
        Query query(database, fmt::format("{} ORDER BY {}{}", select, key, order));
        for (;;) {
            const auto row = query.next();
            if (row && *row && take(query)) continue;
            if (row && isWhole) return !*row;
            break;
        }
        isWhole = false;
    }
    return false;
}

/// Reading.id names the same octets; empty if it does not look like it.
Bytes octetsOf(std::string_view uuid) {
    Bytes octets;
    int high = -1;
    for (const char character : uuid) {
        if (character == '-') continue;
        constexpr std::string_view kDigits = "0123456789abcdef";
        const auto digit = kDigits.find(character);
        if (digit == std::string_view::npos) return {};
        if (high < 0) {
            high = static_cast<int>(digit);
        } else {
            octets.push_back(static_cast<std::uint8_t>(high * 16 + static_cast<int>(digit)));
            high = -1;
        }
    }
    if (octets.size() != 16) octets.clear();
    return octets;
}

}  // namespace

Result<DamagedStore> DamagedStore::open(const StoreOptions& options) {
    auto database = Database::open(options.path, options.vfs);
    if (!database) return std::unexpected(database.error());
    auto ready = database->run("PRAGMA locking_mode = EXCLUSIVE");
    if (ready) ready = database->run("PRAGMA query_only = ON");
    if (!ready) return std::unexpected(ready.error());
    auto stream = readStream(*database);
    if (!stream) return std::unexpected(stream.error());
    const auto keyCount = database->integer("SELECT count(*) FROM keys");
    if (!keyCount) return std::unexpected(keyCount.error());
    if (*keyCount == 0) return fail(ErrorKind::damaged, "its keys are gone");
    auto keys = KeyRing::load(*database, options.key, *stream);
    if (!keys) return std::unexpected(keys.error());
    DamagedStore store(std::move(*database), std::move(*keys), std::move(*stream));
    store.findUndelivered(options.uplinks);
    return store;
}

void DamagedStore::findUndelivered(const std::vector<std::string>& uplinks) {
    undelivered_ = RangeSet(Range{1, newest()});
    RangesTable ranges(database_, uplinks);
    if (ranges.load()) undelivered_.remove(ranges.storedByAll());
}

std::uint64_t DamagedStore::newest() {
    std::uint64_t newest = 0;
    if (const auto next = readNumber(database_, "next-sequence"); next && *next > 0) {
        newest = *next - 1;
    }
    for (const auto* table : {"log", "seen"}) {
        const auto highest =
            database_.integer(fmt::format("SELECT coalesce(max(sequence), 0) FROM {}", table));
        if (highest) newest = std::max(newest, static_cast<std::uint64_t>(*highest));
    }
    return newest;
}

std::vector<std::uint64_t> DamagedStore::lossRows() {
    std::vector<std::uint64_t> sequences;
    readAll(database_, "SELECT name, value FROM meta", "name", [&](const Query& query) {
        if (query.text(0).starts_with("loss/")) sequences.push_back(query.unsignedInteger(1));
        return true;
    });
    return sequences;
}

/// One passage through the log.
struct DamagedStore::Walk {
    const std::function<bool()>& isLate;
    const std::function<Status(IntactRow)>& take;
    std::uint64_t taken = 0;  ///< the last one: a damaged tree may lead back to where it came from
    int searches = 0;         ///< left in this damaged place
    Status status{};
    bool isOver = false;
};

Status DamagedStore::rows(Range within, const std::function<bool()>& isLate,
                          const std::function<Status(IntactRow)>& take) {
    Walk walk{isLate, take};
    while (!walk.isOver && within.first <= within.last) {
        const auto damaged = scan(within, walk);
        if (!damaged || walk.isOver) break;
        const auto next = beyond(*damaged, within.last);
        walk.searches = kSearches;
        search({*damaged + 1, next ? *next - 1 : within.last}, walk);
        if (!next) break;
        within.first = *next;
    }
    return walk.status;
}

/// The sequence from which on the table cannot be read; nothing if it was read to the end.
std::optional<std::uint64_t> DamagedStore::scan(Range within, Walk& walk) {
    auto next = within.first;
    Query query(database_, kRowsOf, within.first, within.last);
    for (;;) {
        const auto found = query.next();
        if (!found) return next;
        if (!*found) return {};
        if (walk.isLate()) {
            walk.isOver = true;
            return {};
        }
        const auto sequence = query.unsignedInteger(0);
        if (sequence <= walk.taken || sequence < next || sequence > within.last) continue;
        next = sequence + 1;
        auto row = openRow(query);
        if (!row) continue;
        row->id = idOf(*row);
        walk.taken = sequence;
        walk.status = walk.take(std::move(*row));
        walk.isOver = !walk.status;
        if (walk.isOver) return {};
    }
}

/// Halves the range until what can be read of it is read.
void DamagedStore::search(Range within, Walk& walk) {
    // Where a disk fails, finding nothing takes its time too.
    walk.isOver = walk.isOver || walk.isLate();
    if (within.first > within.last || walk.isOver || walk.searches-- <= 0) return;
    const auto damaged = scan(within, walk);
    if (!damaged || *damaged >= within.last) return;
    const auto middle = *damaged + 1 + (within.last - *damaged - 1) / 2;
    search({*damaged + 1, middle}, walk);
    search({middle + 1, within.last}, walk);
}

/// A place behind the damage from which on something can be read, in growing steps.
std::optional<std::uint64_t> DamagedStore::beyond(std::uint64_t damaged, std::uint64_t last) {
    for (std::uint64_t step = 1; step <= last - std::min(damaged, last); step *= 2) {
        Query query(database_, kRowsOf, damaged + step, last);
        if (query.next()) return damaged + step;
    }
    return {};
}

std::optional<IntactRow> DamagedStore::openRow(const Query& query) {
    IntactRow row;
    row.header = {query.unsignedInteger(0),
                  static_cast<int>(query.integer(1)),
                  static_cast<int>(query.integer(2)),
                  query.integer(3),
                  static_cast<std::uint32_t>(query.integer(4)),
                  static_cast<std::uint32_t>(query.integer(5))};
    const auto content = keys_.openRow(row.header, query.blob(6));
    if (!content || !row.record.ParseFromString(asText(*content))) return {};
    return row;
}

Bytes DamagedStore::idOf(const IntactRow& row) {
    // The seal vouches for this one.
    if (auto octets = octetsOf(row.record.reading().id()); !octets.empty()) return octets;
    Query query(database_, "SELECT id FROM seen WHERE sequence = ?1", row.header.sequence);
    const auto found = query.next();
    if (!found || !*found) return {};
    const auto id = query.blob(0);
    return {id.begin(), id.end()};
}

bool DamagedStore::bookmarks(const std::function<void(const BookmarkChange&)>& take) {
    const BookmarkTable table(database_, keys_);
    bool isWhole = true;
    const auto read = [&](const Query& query) {
        const auto bookmark = table.open(query.text(0), query.text(1), query.blob(2));
        isWhole = isWhole && bookmark.has_value();
        if (bookmark) take(*bookmark);
        return true;
    };
    return readAll(database_, "SELECT device_key, name, value FROM bookmark", "device_key", read) &&
           isWhole;
}

bool DamagedStore::commands(const std::function<void(const CommandEntry&)>& take) {
    const CommandTable table(database_, keys_);
    const auto select = fmt::format("SELECT {} FROM command", CommandTable::kColumns);
    return readAll(database_, select, "rowid", [&](const Query& query) {
        take(table.entryOf(query));
        return true;
    });
}

bool DamagedStore::ids(const std::function<bool()>& isLate,
                       const std::function<void(ByteView, std::uint64_t)>& take) {
    return readAll(database_, "SELECT id, sequence FROM seen", "id", [&](const Query& query) {
        take(query.blob(0), query.unsignedInteger(1));
        return !isLate();
    });
}

bool DamagedStore::boots(const std::function<void(std::uint32_t, const std::string&)>& take) {
    return readAll(database_, "SELECT number, boot_id FROM boots", "number",
                   [&](const Query& query) {
                       take(static_cast<std::uint32_t>(query.integer(0)), query.text(1));
                       return true;
                   });
}

bool DamagedStore::connections(const std::function<void(const std::string&, std::uint64_t)>& take) {
    const auto uplinks = readUplinks(database_);
    if (!uplinks) return false;
    for (const auto& uplink : *uplinks) {
        const auto count = store::connections(database_, uplink);
        if (count) take(uplink, *count);
    }
    return true;
}

}  // namespace vitalgate::store
