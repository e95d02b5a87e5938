#pragma once

#include <cstdint>
#include <map>
#include <string>

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

/// The data keys of table `keys`, each wrapped (sealed) with the store's key, and what is sealed
/// with them. Content is filled up to steps of 64 octets, so that its length does not name the kind
/// of device.
class KeyRing {
  public:
    /// Unwraps all keys; makes the first one in a new store. ErrorKind::authentication if the
    /// store's key is not the one that wrapped them.
    static Result<KeyRing> load(Database& database, const crypto::SecretKey& storeKey,
                                std::string_view stream);

    /// The number of the key that seals now.
    [[nodiscard]] std::uint32_t current() const { return keys_.rbegin()->first; }

    [[nodiscard]] Bytes sealRow(const RowHeader& header, ByteView content) const;
    [[nodiscard]] Result<Bytes> openRow(const RowHeader& header, ByteView sealed) const;

    /// For a value of another table, bound to its place: table, and key of the row. The number of
    /// the data key stands in front of the result.
    [[nodiscard]] Bytes sealValue(std::string_view table, std::string_view place,
                                  ByteView content) const;
    [[nodiscard]] Result<Bytes> openValue(std::string_view table, std::string_view place,
                                          ByteView sealed) const;

  private:
    explicit KeyRing(std::string_view stream) : stream_(stream) {}
    Status make(Database& database, const crypto::SecretKey& storeKey);
    [[nodiscard]] Bytes bindRow(const RowHeader& header) const;
    [[nodiscard]] Bytes bindValue(std::string_view table, std::string_view place,
                                  std::uint32_t key) const;
    [[nodiscard]] Result<Bytes> open(std::uint32_t key, ByteView sealed, ByteView bound) const;

    std::string stream_;
    std::map<std::uint32_t, crypto::SecretKey> keys_;
};

}  // namespace vitalgate::store
