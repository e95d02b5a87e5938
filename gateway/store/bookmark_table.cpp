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
        const auto name = query.text(0);
        const auto value = keys_.openValue(kTable, place(deviceKey, name), query.blob(1));
        if (value) {
            loaded.bookmarks.push_back({deviceKey, name, asText(*value)});
        } else {
            ++loaded.damaged;
        }
    }
}

}  // namespace vitalgate::store
