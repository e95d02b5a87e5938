#include "gateway/store/journal_check.hpp"

#include <endian.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "gateway/base/bytes.hpp"
#include "gateway/base/descriptor.hpp"
#include "gateway/base/file_system.hpp"
#include "gateway/store/file_header.hpp"
#include "gateway/store/sqlite_lock.hpp"

namespace vitalgate::store {

namespace {

// https://www.sqlite.org/fileformat.html, section 4; numbers are big-endian.
constexpr std::uint32_t kMagic = 0x377f0682;  // the last bit: how checksums read their input
constexpr std::uint32_t kVersion = 3007000;
constexpr std::size_t kJournalHeader = 32;
constexpr std::size_t kVersionAt = 4;
constexpr std::size_t kPageSizeAt = 8;
constexpr std::size_t kCountAt = 12;    ///< of the times that the journal began anew
constexpr std::uint32_t kNewCount = 1;  ///< at most, in the first one after a clean end
constexpr std::size_t kFrameHeader = 24;
constexpr std::size_t kSaltAt = 16;
constexpr std::size_t kCheckAt = 24;
constexpr std::size_t kFrameSizeAt = 4;
constexpr std::size_t kFrameSaltAt = 8;
constexpr std::size_t kFrameCheckAt = 16;

using Pair = std::array<std::uint32_t, 2>;

Pair pairAt(ByteView octets, std::size_t at) {
    return {numberAt(octets, at), numberAt(octets, at + 4)};
}

void put(Bytes& octets, std::size_t at, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i)
        octets[at + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
}

std::uint32_t inOrder(std::uint32_t word, bool isBigEndian) {
    return isBigEndian ? word : __builtin_bswap32(word);
}

/// As the checksums read them.
Pair wordsAt(ByteView octets, std::size_t at, bool isBigEndian) {
    Pair words{};
    std::memcpy(words.data(), octets.subspan(at, sizeof words).data(), sizeof words);
    if (isBigEndian) return {be32toh(words[0]), be32toh(words[1])};
    return {le32toh(words[0]), le32toh(words[1])};
}

/// Goes on from `sum`.
Pair checksum(ByteView octets, bool isBigEndian, Pair sum) {
    for (std::size_t at = 0; at + 8 <= octets.size(); at += 8) {
        const auto words = wordsAt(octets, at, isBigEndian);
        sum[0] += words[0] + sum[1];
        sum[1] += words[1] + sum[0];
    }
    return sum;
}

/// What checksum() went on from, if it gave `sum`.
Pair checksumBefore(ByteView octets, bool isBigEndian, Pair sum) {
    for (std::size_t end = octets.size(); end >= 8; end -= 8) {
        const auto words = wordsAt(octets, end - 8, isBigEndian);
        sum[1] -= words[1] + sum[0];
        sum[0] -= words[0] + sum[1];
    }
    return sum;
}

struct Header {
    Bytes octets{};
    bool isBigEndian = false;
    Pair salt{};
    Pair sum{};
};

/// Nothing if it does not pass its check.
std::optional<Header> checked(Bytes octets) {
    const auto magic = numberAt(octets, 0);
    const bool isBigEndian = (magic & 1) != 0;
    const auto sum = checksum(ByteView(octets).first(kCheckAt), isBigEndian, {});
    if ((magic & ~1U) != kMagic || sum != pairAt(octets, kCheckAt)) return {};
    const auto salt = pairAt(octets, kSaltAt);
    return Header{std::move(octets), isBigEndian, salt, sum};
}

/// That of the journal of which `frame` is the first frame. The checksum of the frame goes on from
/// that of the header, so it leads back to it. All of the header is known but one number, which
/// follows from one half of the sum; the other half tells whether all that was right. But sums are
/// linear: one of fifty wrong bits in the frame changes that number only. See isVouchedFor().
std::optional<Header> headerBefore(ByteView frame) {
    for (const bool isBigEndian : {false, true}) {
        auto sum = pairAt(frame, kFrameCheckAt);
        sum = checksumBefore(frame.subspan(kFrameHeader), isBigEndian, sum);
        sum = checksumBefore(frame.first(kFrameSaltAt), isBigEndian, sum);
        Bytes octets(kJournalHeader);
        put(octets, 0, kMagic | (isBigEndian ? 1 : 0));
        put(octets, kVersionAt, kVersion);
        put(octets, kPageSizeAt, kPageSize);
        const auto salt = pairAt(frame, kFrameSaltAt);
        put(octets, kSaltAt, salt[0]);
        put(octets, kSaltAt + 4, salt[1]);
        put(octets, kCheckAt, sum[0]);
        put(octets, kCheckAt + 4, sum[1]);
        const ByteView known = octets;
        const auto first = checksum(known.first(kPageSizeAt), isBigEndian, {});
        const auto second = checksumBefore(known.subspan(kSaltAt, 8), isBigEndian, sum);
        put(octets, kCountAt, inOrder(second[1] - first[1] - second[0], isBigEndian));
        if (auto header = checked(std::move(octets))) return header;
    }
    return {};
}

/// Whether something that the first frame does not say agrees with the header that it leads to: the
/// number that was not known, or the sum, as they still stand in the damaged one; or the number is
/// one that the first journal after a clean end has, which a wrong bit hardly ever makes of
/// another.
bool isVouchedFor(ByteView header, ByteView damaged) {
    const auto stands = [&](std::size_t at, std::size_t size) {
        return std::ranges::equal(header.subspan(at, size), damaged.subspan(at, size));
    };
    return stands(kCountAt, 4) || stands(kCheckAt, 8) || numberAt(header, kCountAt) <= kNewCount;
}

/// Where the newest frame of each page has its content.
using Places = std::map<std::uint32_t, std::streamoff>;

/// Nothing if it is not there.
Result<Bytes> pageAt(std::ifstream& in, std::streamoff at) {
    Bytes page(kPageSize);
    in.clear();
    if (in.seekg(at).read(reinterpret_cast<char*>(page.data()), kPageSize)) return page;
    if (in.bad()) return fail(ErrorKind::unavailable, "a page cannot be read");
    return Bytes{};
}

class Journal {
  public:
    /// `store`: the file that it belongs to.
    explicit Journal(const std::string& store) : store_(store) {
        const auto path = journalOf(store);
        const auto isMade = isThere(path);
        if (!isMade) failure_ = std::unexpected(isMade.error());
        if (!isMade || !*isMade) return;
        in_.open(path, std::ios::binary);
        if (!in_.is_open()) failure_ = fail(ErrorKind::unavailable, "{} cannot be opened", path);
        Bytes octets(kJournalHeader);
        if (!read(octets)) return;
        isThere_ = read(frame_);
        header_ = checked(octets);
        isWhole_ = header_.has_value();
        if (!isWhole_ && isThere_) header_ = headerBefore(frame_);
        isCertain_ = header_ && isVouchedFor(header_->octets, octets);
        if (header_) sum_ = header_->sum;
    }

    /// The header that belongs in its place, if another one stands there and this can be told.
    [[nodiscard]] Result<std::optional<Bytes>> missingHeader() const {
        if (!failure_) return std::unexpected(failure_.error());
        if (isWhole_ || !isCertain_) return std::optional<Bytes>{};
        return header_->octets;
    }

    Result<bool> hasLostCommits() {
        if (isThere_ && !isWhole_) {
            const auto isBack = isWrittenBack();
            return isBack ? Result<bool>(!*isBack) : isBack;
        }
        while (isThere_ && passes()) {
            const bool isEnd = numberAt(frame_, kFrameSizeAt) != 0;
            pageBefore_ = isEnd ? 0 : numberAt(frame_, 0);
            isThere_ = read(frame_);
        }
        if (!failure_) return std::unexpected(failure_.error());
        return isThere_ && hasCommitsFromHere();
    }

  private:
    bool read(Bytes& out) {
        const auto size = static_cast<std::streamsize>(out.size());
        if (in_.read(reinterpret_cast<char*>(out.data()), size)) return true;
        if (in_.bad() && failure_)
            failure_ = fail(ErrorKind::unavailable, "the journal cannot be read");
        return false;
    }
    /// Whether the frame is whole and follows the one in front of it, whatever that is. Where a
    /// power cut left nothing but zeros both sums are 0 and agree: no page has the number 0.
    bool passes() {
        const ByteView frame = frame_;
        sum_ = checksum(frame.first(kFrameSaltAt), header_->isBigEndian, sum_);
        sum_ = checksum(frame.subspan(kFrameHeader), header_->isBigEndian, sum_);
        const auto expected = std::exchange(sum_, pairAt(frame, kFrameCheckAt));
        return isOfThisJournal() && numberAt(frame_, 0) != 0 && expected == sum_;
    }
    /// Whether all frames that can be checked without the header are in the store too.
    Result<bool> isWrittenBack() {
        bool isKnown = header_.has_value();
        if (!isKnown) header_ = Header{.isBigEndian = std::endian::native == std::endian::big};
        Places begun;
        Places committed;
        for (; isThere_; isThere_ = read(frame_)) {
            if (!isKnown) header_->salt = pairAt(frame_, kFrameSaltAt);
            if (!passes()) continue;
            isKnown = true;
            begun[numberAt(frame_, 0)] = in_.tellg() - std::streamoff{kPageSize};
            if (numberAt(frame_, kFrameSizeAt) == 0) continue;
            begun.merge(committed);
            committed = std::exchange(begun, {});
        }
        if (!failure_) return std::unexpected(failure_.error());
        std::ifstream file(store_, std::ios::binary);
        for (const auto& [page, place] : committed) {
            const auto here = pageAt(in_, place);
            const auto there = pageAt(file, std::streamoff{page - 1} * kPageSize);
            if (!here || !there) return fail(ErrorKind::unavailable, "a page cannot be read");
            if (*here != *there) return false;
        }
        return !committed.empty();
    }
    [[nodiscard]] bool isOfThisJournal() const {
        return pairAt(frame_, kFrameSaltAt) == header_->salt;
    }
    /// Whether a frame follows one that ends a transaction. One of the same page may be filling.
    bool hasCommitsFromHere() {
        // The damaged frame may say itself that it is an end. A frame of which a power cut left
        // the half may say so too; but the pages of a transaction ascend.
        const auto pageBefore =
            isOfThisJournal() && numberAt(frame_, kFrameSizeAt) != 0 ? pageBefore_ : 0;
        std::optional<std::uint32_t> committed;
        for (bool isNext = true; read(frame_); isNext = false) {
            if (!passes()) continue;
            const auto page = numberAt(frame_, 0);
            if (committed && *committed != page) return true;
            if (isNext && page <= pageBefore) return true;
            if (numberAt(frame_, kFrameSizeAt) != 0) committed = page;
        }
        return in_.bad();
    }

    std::ifstream in_;
    std::string store_;
    Status failure_{};  ///< to read what should be there
    Bytes frame_ = Bytes(kFrameHeader + kPageSize);
    std::optional<Header> header_;
    bool isWhole_ = false;    ///< the header as it stands there
    bool isCertain_ = false;  ///< the header, where it does not stand there
    bool isThere_ = false;    ///< a frame
    Pair sum_{};
    std::uint32_t pageBefore_ = 0;  ///< of the transaction that has begun; 0: none has
};

Status cannotMend(int error) {
    return fail(kindOfErrno(error), "the header of the journal cannot be mended: {}",
                std::strerror(error));
}

Status write(const std::string& path, const Bytes& header) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    const auto size = static_cast<ssize_t>(header.size());
    const auto written =
        file.value < 0 ? -1 : ::pwrite(file.value, header.data(), header.size(), 0);
    if (written == size && ::fdatasync(file.value) == 0) return {};
    // A short write says no reason; it is want of room.
    return cannotMend(written >= 0 && written < size ? ENOSPC : errno);
}

}  // namespace

std::string journalOf(const std::string& path) {
    return path + "-wal";
}

Result<bool> hasLostCommits(const std::string& path) {
    return Journal(path).hasLostCommits();
}

Result<bool> lacksHeader(const std::string& path) {
    const auto header = Journal(path).missingHeader();
    if (!header) return std::unexpected(header.error());
    return header->has_value();
}

Status mendJournal(const std::string& path, const Log& log) {
    const auto isLacking = lacksHeader(path);
    if (!isLacking) return std::unexpected(isLacking.error());
    if (!*isLacking) return {};
    const Descriptor store(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (store.value < 0 && errno == EROFS) return cannotMend(errno);
    if (!lockWhole(store, F_WRLCK)) return {};
    // As it is now that nobody else writes.
    const auto header = Journal(path).missingHeader();
    if (!header) return std::unexpected(header.error());
    if (!*header) return {};
    auto written = write(journalOf(path), **header);
    if (written) log.warning("the header of the store's journal was damaged; it is whole again");
    return written;
}

}  // namespace vitalgate::store
