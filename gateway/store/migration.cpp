#include "gateway/store/migration.hpp"

#include <algorithm>

namespace vitalgate::store {

namespace {

Status step(Database& database, const Migration& migration) {
    auto done = database.run("BEGIN IMMEDIATE");
    if (done) done = migration.run(database);
    if (done) done = database.run(fmt::format("PRAGMA user_version = {}", migration.from + 1));
    if (done) done = database.run("COMMIT");
    if (!done) database.rollBack();
    return done;
}

}  // namespace

Layout currentLayout() {
    return {};
}

Result<std::uint32_t> versionOf(Database& database) {
    const auto version = database.integer("PRAGMA user_version");
    if (!version) return std::unexpected(version.error());
    return static_cast<std::uint32_t>(*version);
}

Status migrate(Database& database, const Layout& layout, const Log& log) {
    for (;;) {
        const auto version = versionOf(database);
        if (!version) return std::unexpected(version.error());
        if (*version == layout.version) return {};
        if (*version > layout.version) {
            return fail(ErrorKind::refused,
                        "the store was written by a newer version (layout {}, this version knows "
                        "up to {}); install that version again",
                        *version, layout.version);
        }
        const auto next = std::ranges::find(layout.migrations, *version, &Migration::from);
        if (next == layout.migrations.end()) {
            return fail(ErrorKind::refused,
                        "layout {} of the store is too old for this version; install one between "
                        "the two first",
                        *version);
        }
        if (const auto done = step(database, *next); !done) {
            return failIn(
                fmt::format("bringing the store from layout {} to {}", *version, *version + 1),
                done);
        }
        log.info("the store has layout {} now", *version + 1);
    }
}

}  // namespace vitalgate::store
