#include "gateway/store/key_ring.hpp"

#include <algorithm>

#include "gateway/base/byte_reader.hpp"
#include "gateway/crypto/crypto.hpp"

namespace vitalgate::store {

namespace {

// The words begin what the seals bind: a row never opens as a value or a key, nor the reverse.
constexpr std::string_view kKeyWord = "vitalgate store key 1";
constexpr std::string_view kRowWord = "vitalgate store row 1";
constexpr std::string_view kValueWord = "vitalgate store value 1";

constexpr std::size_t kStep = 64;
constexpr std::uint8_t kEnd = 0x80;

/// A list of fields in which no two different lists look the same: texts carry their length.
class Binding {
  public:
    Binding(std::string_view word, std::string_view stream) { text(word).text(stream); }

    Binding& text(std::string_view value) {
        out_.u32(static_cast<std::uint32_t>(value.size())).octets(asBytes(value));
        return *this;
    }
    Binding& number(std::uint64_t value) {
        out_.u32(static_cast<std::uint32_t>(value)).u32(static_cast<std::uint32_t>(value >> 32));
        return *this;
    }
    [[nodiscard]] const Bytes& bytes() const { return out_.bytes(); }

  private:
    ByteWriter out_;
};

/// ISO/IEC 7816-4: one mark, then zeros.
Bytes pad(ByteView content) {
    Bytes padded(content.begin(), content.end());
    padded.push_back(kEnd);
    padded.resize((padded.size() + kStep - 1) / kStep * kStep);
    return padded;
}

Result<Bytes> unpad(Bytes padded) {
    const auto end = std::find_if(padded.rbegin(), padded.rend(), [](auto o) { return o != 0; });
    if (end == padded.rend() || *end != kEnd) {
        return fail(ErrorKind::damaged, "sealed data have no end mark");
    }
    padded.erase(std::prev(end.base()), padded.end());
    return padded;
}

Bytes bindKey(std::string_view stream, std::uint32_t number) {
    return Binding(kKeyWord, stream).number(number).bytes();
}

}  // namespace

Result<KeyRing> KeyRing::load(Database& database, const crypto::SecretKey& storeKey,
                              std::string_view stream) {
    KeyRing ring(stream);
    Query query(database, "SELECT id, wrapped FROM keys ORDER BY id");
    for (;;) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        const auto number = static_cast<std::uint32_t>(query.integer(0));
        auto octets = crypto::open(storeKey, query.blob(1), bindKey(stream, number));
        if (!octets) {
            return fail(ErrorKind::authentication,
                        "the key does not open this store: give the key it was made with, or move "
                        "the store away to begin a new one");
        }
        auto key = crypto::SecretKey::fromBytes(*octets);
        crypto::wipe(*octets);
        if (!key) return std::unexpected(key.error());
        ring.keys_.emplace(number, std::move(*key));
    }
    if (ring.keys_.empty()) {
        if (auto made = ring.make(database, storeKey); !made) return std::unexpected(made.error());
    }
    return ring;
}

Status KeyRing::make(Database& database, const crypto::SecretKey& storeKey) {
    constexpr std::uint32_t kFirst = 1;
    auto key = crypto::SecretKey::random();
    const auto wrapped = crypto::seal(storeKey, key.octets(), bindKey(stream_, kFirst));
    keys_.emplace(kFirst, std::move(key));
    return database.run("INSERT INTO keys(id, wrapped) VALUES(?1, ?2)", kFirst, ByteView(wrapped));
}

Bytes KeyRing::bindRow(const RowHeader& header) const {
    return Binding(kRowWord, stream_)
        .number(header.sequence)
        .number(static_cast<std::uint64_t>(header.type))
        .number(static_cast<std::uint64_t>(header.priority))
        .number(static_cast<std::uint64_t>(header.time))
        .number(header.boot)
        .number(header.key)
        .bytes();
}

Bytes KeyRing::bindValue(std::string_view table, std::string_view place, std::uint32_t key) const {
    return Binding(kValueWord, stream_).text(table).text(place).number(key).bytes();
}

Result<Bytes> KeyRing::open(std::uint32_t key, ByteView sealed, ByteView bound) const {
    const auto at = keys_.find(key);
    if (at == keys_.end()) return fail(ErrorKind::damaged, "sealed with data key {}, unknown", key);
    auto padded = crypto::open(at->second, sealed, bound);
    if (!padded) return padded;
    return unpad(std::move(*padded));
}

Bytes KeyRing::sealRow(const RowHeader& header, ByteView content) const {
    return crypto::seal(keys_.at(header.key), pad(content), bindRow(header));
}

Result<Bytes> KeyRing::openRow(const RowHeader& header, ByteView sealed) const {
    return open(header.key, sealed, bindRow(header));
}

Bytes KeyRing::sealValue(std::string_view table, std::string_view place, ByteView content) const {
    const auto key = current();
    const auto sealed = crypto::seal(keys_.at(key), pad(content), bindValue(table, place, key));
    return ByteWriter().u32(key).octets(sealed).bytes();
}

Result<Bytes> KeyRing::openValue(std::string_view table, std::string_view place,
                                 ByteView sealed) const {
    ByteReader reader(sealed);
    const auto key = reader.u32("data key");
    const auto rest = reader.octets(reader.remaining(), "content");
    if (reader.failure()) return fail(ErrorKind::damaged, "{}", reader.failure()->message());
    return open(key, rest, bindValue(table, place, key));
}

}  // namespace vitalgate::store
