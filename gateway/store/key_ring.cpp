#include "gateway/store/key_ring.hpp"

#include <algorithm>
#include <utility>

#include "gateway/base/byte_reader.hpp"
#include "gateway/crypto/crypto.hpp"
#include "gateway/store/meta_table.hpp"

namespace vitalgate::store {

namespace {

// The words begin what the seals bind: a row never opens as a value or a key, nor the reverse.
constexpr std::string_view kKeyWord = "vitalgate store key 1";
constexpr std::string_view kRowWord = "vitalgate store row 1";
constexpr std::string_view kValueWord = "vitalgate store value 1";

constexpr std::string_view kMarkWord = "vitalgate store mark 1";

constexpr std::uint32_t kFirstKey = 1;

// In table `meta`.
constexpr std::string_view kMark = "store-key";
/// Since when the newest data key seals.
constexpr std::string_view kFirstSequence = "data-key/first-sequence";
constexpr std::string_view kSince = "data-key/since";

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

Bytes bindMark() {
    return Binding(kMarkWord, {}).bytes();
}

Bytes bindKey(std::string_view stream, std::uint32_t number) {
    return Binding(kKeyWord, stream).number(number).bytes();
}

}  // namespace

Result<std::optional<KeyMark>> readKeyMark(Database& database, const StoreKeys& storeKeys) {
    const auto sealed = readText(database, kMark);
    if (!sealed) return std::unexpected(sealed.error());
    for (const bool isPrevious : {false, true}) {
        const auto& key = isPrevious ? storeKeys.previous : storeKeys.current;
        if (!key.isSet()) continue;
        const auto stream = crypto::open(key, asBytes(*sealed), bindMark());
        if (stream) return KeyMark{asText(*stream), isPrevious};
    }
    return std::optional<KeyMark>{};
}

Result<KeyRing> KeyRing::load(Database& database, const StoreKeys& storeKeys,
                              std::string_view stream) {
    KeyRing ring(stream, storeKeys.current);
    const auto mark = readKeyMark(database, storeKeys);
    if (!mark) return std::unexpected(mark.error());
    ring.lacksMark_ = !mark->has_value();
    ring.needsWrapping_ = !ring.lacksMark_ && (*mark)->isOfPrevious;
    if (const auto unwrapped = ring.unwrapAll(database, storeKeys); !unwrapped) {
        if (ring.lacksMark_ || !isUnreadable(unwrapped.error().kind)) {
            return std::unexpected(unwrapped.error());
        }
        ring.canSeal_ = false;
    }
    // A wrong key opens none of them.
    if (ring.keys_.empty() && !ring.canSeal_ && ring.lacksMark_) {
        return fail(ErrorKind::authentication,
                    "the key does not open this store: give the key it was made with, or move "
                    "the store away to begin a new one");
    }
    const auto sequence = readNumber(database, kFirstSequence);
    const auto time = readNumber(database, kSince);
    if (!sequence) return std::unexpected(sequence.error());
    if (!time) return std::unexpected(time.error());
    ring.began_ = {*sequence, static_cast<std::int64_t>(*time)};
    if (!ring.keys_.empty()) return ring;
    // One that has a mark had keys.
    if (!ring.lacksMark_) ring.canSeal_ = false;
    if (!ring.canSeal_) return ring;
    if (auto made = ring.make(database, kFirstKey); !made) return std::unexpected(made.error());
    return ring;
}

Status KeyRing::unwrapAll(Database& database, const StoreKeys& storeKeys) {
    Query query(database, "SELECT id, wrapped FROM keys ORDER BY id");
    for (;;) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return {};
        const auto number = static_cast<std::uint32_t>(query.integer(0));
        const auto bound = bindKey(stream_, number);
        auto octets = crypto::open(storeKeys.current, query.blob(1), bound);
        if (!octets && storeKeys.previous.isSet()) {
            octets = crypto::open(storeKeys.previous, query.blob(1), bound);
            needsWrapping_ = needsWrapping_ || octets.has_value();
        }
        canSeal_ = octets.has_value();
        if (!octets) continue;
        auto key = crypto::SecretKey::fromBytes(*octets);
        crypto::wipe(*octets);
        if (!key) return std::unexpected(key.error());
        keys_.emplace(number, std::move(*key));
    }
}

Status KeyRing::make(Database& database, std::uint32_t number) {
    keys_.emplace(number, crypto::SecretKey::random());
    const auto wrapped = wrap(number);
    return database.run("INSERT INTO keys(id, wrapped) VALUES(?1, ?2)", number, ByteView(wrapped));
}

Bytes KeyRing::wrap(std::uint32_t number) const {
    return crypto::seal(storeKey_, keys_.at(number).octets(), bindKey(stream_, number));
}

Status KeyRing::wrapAnew(Database& database) {
    for (const auto& [number, key] : keys_) {
        const auto wrapped = wrap(number);
        if (auto done = database.run("UPDATE keys SET wrapped = ?2 WHERE id = ?1", number,
                                     ByteView(wrapped));
            !done) {
            return done;
        }
    }
    wasWrapped_ = true;
    return writeMark(database);
}

Status KeyRing::saveMark(Database& database) {
    // With the present key go the data keys.
    return lacksMark_ && !needsWrapping_ ? writeMark(database) : Status{};
}

Status KeyRing::writeMark(Database& database) {
    wasMarked_ = true;
    return writeText(database, kMark,
                     asText(crypto::seal(storeKey_, asBytes(stream_), bindMark())));
}

Result<bool> KeyRing::rotateIfDue(Database& database, std::uint64_t nextSequence, WallTime now) {
    const auto time = now.time_since_epoch().count();
    // A store of a version that did not count, or a clock that was set back.
    if (began_.sequence == 0 || began_.time > time) {
        const auto sequence = began_.sequence == 0 ? nextSequence : began_.sequence;
        if (auto saved = saveBegan(database, {sequence, time}); !saved) {
            return std::unexpected(saved.error());
        }
    }
    const bool isUsedUp = nextSequence - began_.sequence >= kRowsPerKey;
    if (!isUsedUp && time - began_.time < kKeyAge.count()) return false;
    madeNow_ = current() + 1;
    auto done = make(database, *madeNow_);
    if (done) done = saveBegan(database, {nextSequence, time});
    if (!done) return std::unexpected(done.error());
    return true;
}

Status KeyRing::saveBegan(Database& database, const Began& began) {
    if (!beganBefore_) beganBefore_ = began_;
    began_ = began;
    auto done = writeNumber(database, kFirstSequence, began.sequence);
    if (done) done = writeNumber(database, kSince, static_cast<std::uint64_t>(began.time));
    return done;
}

Status KeyRing::dropUnused(Database& database, std::uint32_t oldestInLog) {
    std::vector<std::uint32_t> numbers;
    Query query(database, "SELECT id FROM keys WHERE id < ?1", oldestInLog);
    for (;;) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        numbers.push_back(static_cast<std::uint32_t>(query.integer(0)));
    }
    for (const auto number : numbers) {
        // As sealValue() begins what it seals.
        const auto begin = ByteWriter().u32(number).bytes();
        const auto dropped = database.run(
            "DELETE FROM keys WHERE id = ?1 AND NOT EXISTS(SELECT 1 FROM bookmark WHERE "
            "substr(value, 1, 4) = ?2) AND NOT EXISTS(SELECT 1 FROM command WHERE "
            "substr(result, 1, 4) = ?2)",
            number, ByteView(begin));
        if (!dropped) return dropped;
    }
    return {};
}

void KeyRing::committed() {
    if (std::exchange(wasWrapped_, false)) needsWrapping_ = false;
    if (std::exchange(wasMarked_, false)) lacksMark_ = false;
    madeNow_.reset();
    beganBefore_.reset();
}

void KeyRing::rolledBack() {
    wasWrapped_ = false;
    wasMarked_ = false;
    if (madeNow_) keys_.erase(*madeNow_);
    if (beganBefore_) began_ = *beganBefore_;
    madeNow_.reset();
    beganBefore_.reset();
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
