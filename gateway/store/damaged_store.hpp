#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/store/database.hpp"
#include "gateway/store/key_ring.hpp"
#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// A row whose seal opened, so it is what was once stored.
struct IntactRow {
    RowHeader header;
    v1::Record record;
    Bytes id;  ///< as NewRow.id
};

/// A store file that is damaged, as far as it can be read; nothing of it is changed. What is read
/// from table `log`, bookmarks and results has passed its seal; the rest is taken at its word.
class DamagedStore {
  public:
    /// ErrorKind::unavailable if another process has the file or the disk fails; damaged if nothing
    /// of it can be read or its keys do not open.
    static Result<DamagedStore> open(const StoreOptions& options);

    [[nodiscard]] const std::string& stream() const { return stream_; }
    /// The sequences that were given out and that not every uplink has stored, as far as that can
    /// be told: else all of them.
    [[nodiscard]] const RangeSet& undelivered() const { return undelivered_; }

    /// Sequences of rows that tell of others which are lost: nothing else explains these.
    std::vector<std::uint64_t> lossRows();

    /// Calls `take` with the intact rows of `within`, ascending, beyond damage too, until `isLate`.
    /// The status is that of `take`.
    Status rows(Range within, const std::function<bool()>& isLate,
                const std::function<Status(IntactRow)>& take);

    // Each calls `take` with what can be read, and may do so twice with the same; false if some of
    // it could not be read.
    bool bookmarks(const std::function<void(const BookmarkChange&)>& take);
    bool commands(const std::function<void(const CommandEntry&)>& take);
    bool ids(const std::function<bool()>& isLate,
             const std::function<void(ByteView id, std::uint64_t sequence)>& take);
    bool boots(const std::function<void(std::uint32_t number, const std::string& id)>& take);
    bool connections(const std::function<void(const std::string& uplink, std::uint64_t)>& take);

  private:
    DamagedStore(Database database, KeyRing keys, std::string stream)
        : database_(std::move(database)), keys_(std::move(keys)), stream_(std::move(stream)) {}
    void findUndelivered(const std::vector<std::string>& uplinks);
    std::uint64_t newest();

    struct Walk;
    std::optional<std::uint64_t> scan(Range within, Walk& walk);
    void search(Range within, Walk& walk);
    std::optional<std::uint64_t> beyond(std::uint64_t damaged, std::uint64_t last);
    std::optional<IntactRow> openRow(const Query& query);
    Bytes idOf(const IntactRow& row);

    Database database_;
    KeyRing keys_;
    std::string stream_;
    RangeSet undelivered_;
};

}  // namespace vitalgate::store
