#include "gateway/store/meta_table.hpp"

namespace vitalgate::store {

namespace {

constexpr std::string_view kConnection = "connection/";
constexpr std::uint32_t kKeptBoots = 1000;
constexpr std::string_view kWrite =
    "INSERT INTO meta(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2";

std::string connectionName(std::string_view uplink) {
    return fmt::format("{}{}", kConnection, uplink);
}

}  // namespace

Result<std::string> readStream(Database& database) {
    Query query(database, "SELECT value FROM meta WHERE name = 'stream'");
    const auto row = query.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(ErrorKind::damaged, "the store does not know its stream");
    return query.text(0);
}

Result<std::uint64_t> readNumber(Database& database, std::string_view name) {
    const auto value = database.integer("SELECT value FROM meta WHERE name = ?1", name);
    if (value) return static_cast<std::uint64_t>(*value);
    if (value.error().kind == ErrorKind::notFound) return std::uint64_t{0};
    return std::unexpected(value.error());
}

Status writeNumber(Database& database, std::string_view name, std::uint64_t value) {
    return database.run(kWrite, name, value);
}

Result<std::string> readText(Database& database, std::string_view name) {
    Query query(database, "SELECT value FROM meta WHERE name = ?1", name);
    const auto row = query.next();
    if (!row) return std::unexpected(row.error());
    return *row ? query.text(0) : std::string{};
}

Status writeText(Database& database, std::string_view name, std::string_view value) {
    return database.run(kWrite, name, value);
}

Result<std::vector<std::string>> readUplinks(Database& database) {
    std::vector<std::string> uplinks;
    Query query(database, "SELECT substr(name, 12) FROM meta WHERE substr(name, 1, 11) = ?1",
                kConnection);
    for (;;) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return uplinks;
        uplinks.push_back(query.text(0));
    }
}

Status knowUplink(Database& database, std::string_view uplink) {
    return database.run("INSERT OR IGNORE INTO meta(name, value) VALUES(?1, 0)",
                        connectionName(uplink));
}

Result<std::uint64_t> connections(Database& database, std::string_view uplink) {
    return readNumber(database, connectionName(uplink));
}

Status setConnections(Database& database, std::string_view uplink, std::uint64_t count) {
    return writeNumber(database, connectionName(uplink), count);
}

Result<std::uint64_t> countConnection(Database& database, std::string_view uplink) {
    const auto before = connections(database, uplink);
    if (!before) return before;
    if (auto written = setConnections(database, uplink, *before + 1); !written) {
        return std::unexpected(written.error());
    }
    return *before + 1;
}

Result<std::uint32_t> numberOfBoot(Database& database, std::string_view bootId) {
    const auto known = database.integer("SELECT number FROM boots WHERE boot_id = ?1", bootId);
    if (known) return static_cast<std::uint32_t>(*known);
    if (known.error().kind != ErrorKind::notFound) return std::unexpected(known.error());
    const auto newest = database.integer("SELECT coalesce(max(number), 0) FROM boots");
    if (!newest) return std::unexpected(newest.error());
    return static_cast<std::uint32_t>(*newest) + 1;
}

Status writeBoot(Database& database, std::uint32_t number, std::string_view bootId) {
    auto done =
        database.run("INSERT OR IGNORE INTO boots(number, boot_id) VALUES(?1, ?2)", number, bootId);
    if (done && number > kKeptBoots) {
        done = database.run("DELETE FROM boots WHERE number <= ?1", number - kKeptBoots);
    }
    return done;
}

}  // namespace vitalgate::store
