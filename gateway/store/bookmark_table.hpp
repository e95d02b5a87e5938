#pragma once

#include <string>
#include <vector>

#include "gateway/store/database.hpp"
#include "gateway/store/key_ring.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// Table `bookmark`: what is remembered of a device, written with the readings it belongs to.
class BookmarkTable {
  public:
    BookmarkTable(Database& database, const KeyRing& keys) : database_(database), keys_(keys) {}

    Status put(const BookmarkChange& change);

    struct Loaded {
        std::vector<BookmarkChange> bookmarks;
        std::size_t damaged = 0;  ///< left out because they do not open
    };
    Result<Loaded> load(const std::string& deviceKey);
    /// What stands in a row; ErrorKind::damaged if the value does not open.
    [[nodiscard]] Result<BookmarkChange> open(const std::string& deviceKey, const std::string& name,
                                              ByteView sealed) const;

  private:
    Database& database_;
    const KeyRing& keys_;
};

}  // namespace vitalgate::store
