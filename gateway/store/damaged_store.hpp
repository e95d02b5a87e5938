#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/store/database.hpp"
#include "gateway/store/key_ring.hpp"
#include "gateway/store/loss_entries.hpp"
#include "gateway/store/page_overlay.hpp"
#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// A row whose seal opened, so it is what was once stored.
struct IntactRow {
    RowHeader header;
    v1::Record record;
    Bytes id;                 ///< as NewRow.id
    bool isIdSealed = false;  ///< it stands in the record itself
};

/// How far a reading of a table came.
enum class ReadEnd { more, end, damage };

/// A passage through the ids of a damaged store: from the beginning and, if that ends in damage,
/// from the end towards it.
struct IdPassage {
    Bytes after;                                   ///< those up to here are read
    Bytes before = Bytes(17, std::uint8_t{0xff});  ///< behind the last one that there can be
    bool isBackward = false;
};

/// A store file that is damaged, as far as it can be read; nothing of it is changed. What is read
/// from table `log`, bookmarks and results has passed its seal; the rest is taken at its word.
class DamagedStore {
  public:
    /// The file at `path`, with the keys, uplinks and layer of the options. Where the first page
    /// of the file is damaged, that of a new store, which is the same but for counts, is read in
    /// its place. ErrorKind::unavailable if another process has the file or the disk fails; damaged
    /// if nothing of it can be read; authentication if its keys do not open.
    static Result<DamagedStore> open(const std::string& path, const StoreOptions& options);

    [[nodiscard]] const std::string& stream() const { return stream_; }
    /// Whether it opened with the previous store's key.
    [[nodiscard]] bool needsPreviousKey() const { return keys_.needsWrapping(); }
    /// Whether nothing that is sealed can be read. The data keys are bound to the stream, so its
    /// name may be that of another one: an older page may stand in the place of its own.
    [[nodiscard]] bool isSealed() const { return !keys_.canOpen(); }
    /// The sequences that were given out and that not every uplink has stored, as far as that can
    /// be told: else all of them.
    [[nodiscard]] const RangeSet& undelivered() const { return undelivered_; }

    /// The rows that tell of others which are lost: nothing else explains these.
    std::vector<LossEntry> lossRows();
    /// Where the carrying over from still earlier damaged stores stands: entries of table `meta`.
    std::vector<std::pair<std::string, std::string>> carryEntries();

    struct Scan {
        ReadEnd end = ReadEnd::end;
        std::uint64_t next = 0;  ///< where to go on; with damage: the place of it
    };
    using TakeRow = std::function<Status(IntactRow)>;
    /// Calls `take` with the intact rows of `within`, ascending, of at most `limit` rows that are
    /// looked at; at most 1000 others, out of order, are passed over. Fails only where `take` does.
    Result<Scan> scan(Range within, std::size_t limit, const TakeRow& take);
    /// A place behind the damage from which on something can be read.
    std::optional<std::uint64_t> beyond(std::uint64_t damaged, std::uint64_t last);
    /// The highest number of a boot in the rows that were stored last.
    std::uint32_t highestBoot();

    // Each calls `take` with what can be read, and may do so twice with the same; false if some of
    // it could not be read.
    bool bookmarks(const std::function<void(const BookmarkChange&)>& take);
    bool commands(const std::function<void(const CommandEntry&)>& take);
    bool boots(const std::function<void(std::uint32_t number, const std::string& id)>& take);
    bool connections(const std::function<void(const std::string& uplink, std::uint64_t)>& take);

    /// Reads on, at most `limit` ids. ReadEnd::more or end.
    ReadEnd ids(IdPassage& passage, std::size_t limit,
                const std::function<void(ByteView id, std::uint64_t sequence)>& take);

  private:
    DamagedStore(std::unique_ptr<PageOverlay> overlay, Database database, KeyRing keys,
                 std::string stream)
        : overlay_(std::move(overlay)),
          database_(std::move(database)),
          keys_(std::move(keys)),
          stream_(std::move(stream)) {}
    static Result<DamagedStore> openAs(const std::string& path, const StoreOptions& options,
                                       std::unique_ptr<PageOverlay> overlay);
    void findUndelivered(const std::vector<std::string>& uplinks);
    std::uint64_t newest();
    /// Whether the tree leads to the first row of `within`, if there is one.
    bool leadsTo(Range within);
    std::optional<IntactRow> openRow(const Query& query);
    void findId(IntactRow& row);

    std::unique_ptr<PageOverlay> overlay_;  ///< nothing: the file is read as it is
    Database database_;
    KeyRing keys_;
    std::string stream_;
    RangeSet undelivered_;
};

}  // namespace vitalgate::store
