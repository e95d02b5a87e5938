#include "gateway/store/command_table.hpp"

#include <algorithm>

namespace vitalgate::store {

namespace {

constexpr std::string_view kTable = "command";
constexpr Duration kKeepAfter = std::chrono::days{7};
constexpr Duration kKeepAtLeast = std::chrono::hours{1};
constexpr std::uint64_t kStepRows = 128;

std::int64_t nanoseconds(WallTime time) {
    return time.time_since_epoch().count();
}

}  // namespace

Status CommandTable::begin(const CommandEntry& entry, const Moment& now,
                           Result<std::optional<CommandEntry>>& known) {
    auto found = find(entry.id);
    if (!found) return std::unexpected(found.error());
    known = std::move(*found);
    if (*known) return {};
    if (auto purged = purge(now); !purged) return purged;
    const auto entries = count();
    if (!entries) return std::unexpected(entries.error());
    if (*entries >= kMaximumEntries) {
        known =
            fail(ErrorKind::full, "{} commands that are still good are kept; try later", *entries);
        return {};
    }
    return put(entry);
}

Status CommandTable::put(const CommandEntry& entry) {
    Bytes result;
    if (entry.result) {
        result = keys_.sealValue(kTable, entry.id, asBytes(entry.result->SerializeAsString()));
    }
    return database_.run(
        "INSERT OR REPLACE INTO command(id, key_id, target, sequence, state, not_after, digest, "
        "result) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        entry.id, entry.keyId, entry.target, entry.sequence, static_cast<int>(entry.state),
        nanoseconds(entry.notAfter), ByteView(entry.digest), ByteView(result));
}

Result<std::optional<CommandEntry>> CommandTable::find(const std::string& id) {
    Query query(database_, fmt::format("SELECT {} FROM command WHERE id = ?1", kColumns), id);
    const auto row = query.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<CommandEntry>{};
    return entryOf(query);
}

CommandEntry CommandTable::entryOf(const Query& query) const {
    const auto digest = query.blob(6);
    CommandEntry entry{query.text(0),
                       query.text(1),
                       query.text(2),
                       static_cast<v1::CommandState>(query.integer(4)),
                       WallTime{Duration{query.integer(5)}},
                       Bytes(digest.begin(), digest.end()),
                       {},
                       query.unsignedInteger(3)};
    if (const auto sealed = query.blob(7); !sealed.empty()) {
        // A result that does not open is left out: that the command was begun still counts.
        const auto content = keys_.openValue(kTable, entry.id, sealed);
        if (content) entry.result.emplace().ParseFromString(asText(*content));
    }
    return entry;
}

Result<std::vector<CommandEntry>> CommandTable::open() {
    std::vector<std::string> ids;
    {
        Query query(database_,
                    "SELECT id FROM command WHERE state < ?1 ORDER BY not_after LIMIT ?2",
                    static_cast<int>(v1::COMMAND_DONE), kMaximumOpen);
        for (;;) {
            const auto row = query.next();
            if (!row) return std::unexpected(row.error());
            if (!*row) break;
            ids.push_back(query.text(0));
        }
    }
    std::vector<CommandEntry> entries;
    for (const auto& id : ids) {
        auto entry = find(id);
        if (!entry) return std::unexpected(entry.error());
        if (*entry) entries.push_back(std::move(**entry));
    }
    return entries;
}

Result<bool> CommandTable::addSequences(std::int64_t& after, CommandSequences& highest) {
    Query query(database_,
                "SELECT rowid, key_id, target, sequence, state FROM command WHERE rowid > ?1 "
                "ORDER BY rowid LIMIT ?2",
                after, kStepRows);
    for (std::uint64_t visited = 0; visited < kStepRows; ++visited) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return true;
        after = query.integer(0);
        const auto state = query.integer(4);
        if (state == v1::COMMAND_REFUSED || state == v1::COMMAND_EXPIRED) continue;
        auto& known = highest[{query.text(1), query.text(2)}];
        known = std::max(known, query.unsignedInteger(3));
    }
    return false;
}

Status CommandTable::purge(const Moment& now) {
    if (now.trust != ClockTrust::synchronised) return {};
    auto done = database_.run("DELETE FROM command WHERE not_after < ?1",
                              nanoseconds(now.wall - kKeepAfter));
    if (!done) return done;
    const auto entries = count();
    if (!entries) return std::unexpected(entries.error());
    if (*entries < kMaximumEntries) return {};
    return database_.run(
        "DELETE FROM command WHERE id IN "
        "(SELECT id FROM command WHERE not_after < ?1 ORDER BY not_after LIMIT ?2)",
        nanoseconds(now.wall - kKeepAtLeast), *entries - kMaximumEntries + 1);
}

Result<std::uint64_t> CommandTable::count() {
    const auto entries = database_.integer("SELECT count(*) FROM command");
    if (!entries) return std::unexpected(entries.error());
    return static_cast<std::uint64_t>(*entries);
}

}  // namespace vitalgate::store
