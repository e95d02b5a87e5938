#include "gateway/store/damaged_store.hpp"

#include <algorithm>
#include <utility>

#include "gateway/store/bookmark_table.hpp"
#include "gateway/store/carry_progress.hpp"
#include "gateway/store/command_table.hpp"
#include "gateway/store/journal_check.hpp"
#include "gateway/store/log_table.hpp"
#include "gateway/store/meta_table.hpp"
#include "gateway/store/ranges_table.hpp"
#include "gateway/store/store_file.hpp"

namespace vitalgate::store {

namespace {

constexpr std::string_view kRowsOf =
    "SELECT sequence, type, priority, time, boot, key, body FROM log "
    "WHERE sequence >= ?1 AND sequence <= ?2 ORDER BY sequence";
/// So many rows out of order are looked at before the place counts as damaged.
constexpr std::size_t kStrays = 1000;

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

Result<DamagedStore> DamagedStore::open(const std::string& path, const StoreOptions& options) {
    Error error{ErrorKind::damaged, "the file's header is damaged"};
    // A wrong octet there may let SQLite read nonsense.
    if (hasIntactHeader(path)) {
        auto opened = openAs(path, options, nullptr);
        if (opened || opened.error().kind == ErrorKind::unavailable) return opened;
        error = opened.error();
    }
    auto page = firstPageFor(path);
    if (!page) return std::unexpected(page.error());
    auto overlay = std::make_unique<PageOverlay>(std::move(*page), options.vfs);
    auto restored = openAs(path, options, std::move(overlay));
    if (restored || restored.error().kind == ErrorKind::unavailable) return restored;
    const bool tellsMore = restored.error().kind != ErrorKind::internal;
    return tellsMore && error.kind == ErrorKind::damaged ? std::move(restored)
                                                         : std::unexpected(error);
}

Result<DamagedStore> DamagedStore::openAs(const std::string& path, const StoreOptions& options,
                                          std::unique_ptr<PageOverlay> overlay) {
    // First: whatever closes a file of this process takes away the lock that SQLite has on it.
    const auto lacksCommits = hasLostCommits(path);
    if (!lacksCommits) return std::unexpected(lacksCommits.error());
    auto database = Database::open(path, overlay ? overlay->name() : options.vfs);
    if (!database) return std::unexpected(database.error());
    auto ready = database->run("PRAGMA locking_mode = EXCLUSIVE");
    if (ready) ready = database->run("PRAGMA query_only = ON");
    // Tables whose first page is cut off cost themselves alone.
    if (ready) ready = database->run("PRAGMA writable_schema = ON");
    if (!ready) return std::unexpected(ready.error());
    const StoreKeys storeKeys{options.key, options.previousKey};
    auto mark = readKeyMark(*database, storeKeys);
    if (!mark) return std::unexpected(mark.error());
    auto stream = *mark ? Result<std::string>((*mark)->stream) : readStream(*database);
    if (!stream) return std::unexpected(stream.error());
    const auto keyCount = database->integer("SELECT count(*) FROM keys");
    if (!keyCount && !*mark) return std::unexpected(keyCount.error());
    if (keyCount && *keyCount == 0 && !*mark) return fail(ErrorKind::damaged, "its keys are gone");
    auto keys = KeyRing::load(*database, storeKeys, *stream);
    if (!keys) return std::unexpected(keys.error());
    DamagedStore store(std::move(overlay), std::move(*database), std::move(*keys),
                       std::move(*stream));
    store.findUndelivered(options.uplinks);
    // Nobody knows how many rows they had.
    if (*lacksCommits) {
        store.undelivered_.add(Range{store.newest() + 1, kMaximumSequence});
    }
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

std::vector<LossEntry> DamagedStore::lossRows() {
    std::vector<LossEntry> rows;
    readAll(database_, "SELECT name, value FROM meta", "name", [&](const Query& query) {
        if (auto entry = lossEntryOf(query.text(0), query.unsignedInteger(1)))
            rows.push_back(std::move(*entry));
        return true;
    });
    return rows;
}

std::vector<std::pair<std::string, std::string>> DamagedStore::carryEntries() {
    std::vector<std::pair<std::string, std::string>> entries;
    readAll(database_, "SELECT name, value FROM meta", "name", [&](const Query& query) {
        if (isCarryEntry(query.text(0))) entries.emplace_back(query.text(0), query.text(1));
        return true;
    });
    return entries;
}

Result<DamagedStore::Scan> DamagedStore::scan(Range within, std::size_t limit,
                                              const TakeRow& take) {
    Scan scan{.next = within.first};
    std::size_t strays = 0;
    Query query(database_, kRowsOf, within.first, within.last);
    for (std::size_t seen = 0; seen < limit;) {
        const auto found = query.next();
        if (!found) scan.end = ReadEnd::damage;
        if (!found || !*found) return scan;
        const auto sequence = query.unsignedInteger(0);
        // A damaged tree may lead back to where it came from. Such rows bring a reading no further,
        // so they are no part of its limit.
        if (sequence < scan.next || sequence > within.last) {
            if (++strays < kStrays) continue;
            scan.end = ReadEnd::damage;
            return scan;
        }
        ++seen;
        scan.next = sequence + 1;
        auto row = openRow(query);
        if (!row) continue;
        findId(*row);
        if (const auto taken = take(std::move(*row)); !taken) {
            return std::unexpected(taken.error());
        }
    }
    scan.end = ReadEnd::more;
    return scan;
}

bool DamagedStore::leadsTo(Range within) {
    Query query(database_, kRowsOf, within.first, within.last);
    const auto row = query.next();
    return row && (!*row || query.unsignedInteger(0) >= within.first);
}

/// In growing steps, then halving the last of them.
std::optional<std::uint64_t> DamagedStore::beyond(std::uint64_t damaged, std::uint64_t last) {
    auto unreadable = damaged;
    auto found = damaged;
    for (std::uint64_t step = 1; found == damaged; step *= 2) {
        if (unreadable >= last) return {};
        const auto place = damaged + std::min(step, last - damaged);
        (leadsTo({place, last}) ? found : unreadable) = place;
    }
    while (found - unreadable > 1) {
        const auto middle = unreadable + (found - unreadable) / 2;
        (leadsTo({middle, last}) ? found : unreadable) = middle;
    }
    return found;
}

std::uint32_t DamagedStore::highestBoot() {
    std::uint32_t highest = 0;
    Query query(database_,
                "SELECT sequence, type, priority, time, boot, key, body FROM log "
                "ORDER BY sequence DESC LIMIT 256");
    for (;;) {
        const auto found = query.next();
        if (!found || !*found) return highest;
        if (const auto row = openRow(query)) highest = std::max(highest, row->header.boot);
    }
}

std::optional<IntactRow> DamagedStore::openRow(const Query& query) {
    IntactRow row;
    row.header = headerOf(query);
    const auto content = keys_.openRow(row.header, query.blob(6));
    if (!content || !row.record.ParseFromString(asText(*content))) return {};
    return row;
}

void DamagedStore::findId(IntactRow& row) {
    row.id = octetsOf(row.record.reading().id());
    row.isIdSealed = !row.id.empty();
    if (row.isIdSealed) return;
    Query query(database_, "SELECT id FROM seen WHERE sequence = ?1", row.header.sequence);
    const auto found = query.next();
    if (!found || !*found) return;
    const auto id = query.blob(0);
    row.id.assign(id.begin(), id.end());
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

ReadEnd DamagedStore::ids(IdPassage& passage, std::size_t limit,
                          const std::function<void(ByteView, std::uint64_t)>& take) {
    Query query(database_,
                fmt::format("SELECT id, sequence FROM seen WHERE id > ?1 AND id < ?2 "
                            "ORDER BY id {}",
                            passage.isBackward ? "DESC" : "ASC"),
                ByteView(passage.after), ByteView(passage.before));
    std::size_t strays = 0;
    for (std::size_t count = 0; count < limit;) {
        const auto row = query.next();
        if (row && !*row) return ReadEnd::end;
        if (!row || strays == kStrays) {
            return std::exchange(passage.isBackward, true) ? ReadEnd::end : ReadEnd::more;
        }
        const auto blob = query.blob(0);
        Bytes id(blob.begin(), blob.end());
        // As with rows: what leads back brings the passage no further.
        if (id <= passage.after || id >= passage.before) {
            ++strays;
            continue;
        }
        ++count;
        take(id, query.unsignedInteger(1));
        (passage.isBackward ? passage.before : passage.after) = std::move(id);
    }
    return ReadEnd::more;
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
