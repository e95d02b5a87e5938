#include "gateway/store/bookmark_table.hpp"

namespace vitalgate::store {

namespace {

constexpr std::string_view kTable = "bookmark";

/// The length keeps apart which part is the device and which the name.
std::string place(std::string_view deviceKey, std::string_view name) {
    return fmt::format("{}:{}{}", deviceKey.size(), deviceKey, name);
}

}  // namespace

Status BookmarkTable::put(const BookmarkChange& change) {
    const auto sealed =
        keys_.sealValue(kTable, place(change.deviceKey, change.name), asBytes(change.value));
    return database_.run(
        "INSERT OR REPLACE INTO bookmark(device_key, name, value) "
        "VALUES(?1, ?2, ?3)",
        change.deviceKey, change.name, ByteView(sealed));
}

Result<BookmarkTable::Loaded> BookmarkTable::load(const std::string& deviceKey) {
    Loaded loaded;
    Query query(database_, "SELECT name, value FROM bookmark WHERE device_key = ?1 ORDER BY name",
                deviceKey);
    for (;;) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return loaded;
        auto bookmark = open(deviceKey, query.text(0), query.blob(1));
        if (bookmark) {
            loaded.bookmarks.push_back(std::move(*bookmark));
        } else {
            ++loaded.damaged;
        }
    }
}

Result<BookmarkChange> BookmarkTable::open(const std::string& deviceKey, const std::string& name,
                                           ByteView sealed) const {
    const auto value = keys_.openValue(kTable, place(deviceKey, name), sealed);
    if (!value) return std::unexpected(value.error());
    return BookmarkChange{deviceKey, name, asText(*value)};
}

}  // namespace vitalgate::store
