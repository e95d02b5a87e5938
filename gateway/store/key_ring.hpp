#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "gateway/base/time.hpp"
#include "gateway/crypto/secret_key.hpp"
#include "gateway/store/database.hpp"

namespace vitalgate::store {

/// The columns of a row that its seal binds together: none can be changed, and no row can take the
/// place of another, without the row failing to open.
struct RowHeader {
    std::uint64_t sequence = 0;
    int type = 0;
    int priority = 0;
    std::int64_t time = 0;  ///< nanoseconds since 1970
    std::uint32_t boot = 0;
    std::uint32_t key = 0;  ///< number of the data key
};

/// The keys that wrap the data keys.
struct StoreKeys {
    crypto::SecretKey current;
    crypto::SecretKey previous;  ///< that `current` takes the place of; unset: none
};

/// What table `meta` keeps to tell another key from damaged data keys: the name of the stream,
/// sealed with the store's key.
struct KeyMark {
    std::string stream;
    bool isOfPrevious = false;  ///< sealed with the previous key
};

/// Nothing if neither key opens it: they are others, it is damaged, or an earlier version wrote
/// none.
Result<std::optional<KeyMark>> readKeyMark(Database& database, const StoreKeys& storeKeys);

/// The data keys of table `keys`, each wrapped (sealed) with the store's key, and what is sealed
/// with them. Content is filled up to steps of 64 octets, so that its length does not name the kind
/// of device.
///
/// The newest data key seals. It is followed by another one after kRowsPerKey rows or kKeyAge,
/// whichever is first, so that one key that becomes known opens a part of the store and no more.
class KeyRing {
  public:
    static constexpr std::uint64_t kRowsPerKey = 1 << 20;
    static constexpr Duration kKeyAge = std::chrono::days{30};

    /// Unwraps all keys; makes the first one in a new store. A damaged one is left out, and what it
    /// sealed does not open. ErrorKind::authentication if none opens, nor the mark: then neither of
    /// the store's keys is the one that wrapped them. unavailable if the disk fails.
    static Result<KeyRing> load(Database& database, const StoreKeys& storeKeys,
                                std::string_view stream);

    /// False if no data key opened.
    [[nodiscard]] bool canOpen() const { return !keys_.empty(); }
    /// False if the newest key is damaged: then this ring is for reading only.
    [[nodiscard]] bool canSeal() const { return canSeal_; }

    /// The number of the key that seals now.
    [[nodiscard]] std::uint32_t current() const { return keys_.rbegin()->first; }

    /// Whether the previous store's key was needed.
    [[nodiscard]] bool needsWrapping() const { return needsWrapping_; }

    // Changes of the table: inside a transaction, after which committed() or rolledBack() is told.
    /// Wraps the data keys with the present store's key. The rows stay as they are.
    Status wrapAnew(Database& database);
    /// Writes the mark of the store's key if it lacks.
    Status saveMark(Database& database);
    /// Begins a new data key if it is time. True if so.
    Result<bool> rotateIfDue(Database& database, std::uint64_t nextSequence, WallTime now);
    /// Removes from the table those below `oldestInLog`, the number that the oldest row was sealed
    /// with, which no value of another table needs; rows are sealed with ascending numbers.
    Status dropUnused(Database& database, std::uint32_t oldestInLog);
    void committed();
    void rolledBack();

    [[nodiscard]] Bytes sealRow(const RowHeader& header, ByteView content) const;
    [[nodiscard]] Result<Bytes> openRow(const RowHeader& header, ByteView sealed) const;

    /// For a value of another table, bound to its place: table, and key of the row. The number of
    /// the data key stands in front of the result.
    [[nodiscard]] Bytes sealValue(std::string_view table, std::string_view place,
                                  ByteView content) const;
    [[nodiscard]] Result<Bytes> openValue(std::string_view table, std::string_view place,
                                          ByteView sealed) const;

  private:
    /// Since when the newest key seals.
    struct Began {
        std::uint64_t sequence = 0;  ///< of its first row; 0: not known yet
        std::int64_t time = 0;       ///< nanoseconds since 1970
    };

    KeyRing(std::string_view stream, crypto::SecretKey storeKey)
        : stream_(stream), storeKey_(std::move(storeKey)) {}
    Status unwrapAll(Database& database, const StoreKeys& storeKeys);
    Status make(Database& database, std::uint32_t number);
    Status writeMark(Database& database);
    [[nodiscard]] Bytes wrap(std::uint32_t number) const;
    Status saveBegan(Database& database, const Began& began);
    [[nodiscard]] Bytes bindRow(const RowHeader& header) const;
    [[nodiscard]] Bytes bindValue(std::string_view table, std::string_view place,
                                  std::uint32_t key) const;
    [[nodiscard]] Result<Bytes> open(std::uint32_t key, ByteView sealed, ByteView bound) const;

    std::string stream_;
    crypto::SecretKey storeKey_;
    std::map<std::uint32_t, crypto::SecretKey> keys_;
    bool canSeal_ = true;
    bool needsWrapping_ = false;
    bool lacksMark_ = false;
    Began began_;
    bool wasWrapped_ = false;  ///< by the transaction that runs, likewise:
    bool wasMarked_ = false;
    std::optional<std::uint32_t> madeNow_;
    std::optional<Began> beganBefore_;
};

}  // namespace vitalgate::store
