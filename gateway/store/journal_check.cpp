#include "gateway/store/journal_check.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <utility>

#include "gateway/base/bytes.hpp"
#include "gateway/store/file_header.hpp"

namespace vitalgate::store {

namespace {

// https://www.sqlite.org/fileformat.html, section 4; numbers are big-endian.
constexpr std::uint32_t kMagic = 0x377f0682;  // the last bit: how checksums read their input
constexpr std::size_t kJournalHeader = 32;
constexpr std::size_t kFrameHeader = 24;
constexpr std::size_t kSaltAt = 16;
constexpr std::size_t kCheckAt = 24;
constexpr std::size_t kFrameSizeAt = 4;
constexpr std::size_t kFrameSaltAt = 8;
constexpr std::size_t kFrameCheckAt = 16;

using Pair = std::array<std::uint32_t, 2>;

std::uint32_t bigEndian(ByteView octets, std::size_t at) {
    return static_cast<std::uint32_t>(octets[at]) << 24 |
           static_cast<std::uint32_t>(octets[at + 1]) << 16 |
           static_cast<std::uint32_t>(octets[at + 2]) << 8 | octets[at + 3];
}

Pair pairAt(ByteView octets, std::size_t at) {
    return {bigEndian(octets, at), bigEndian(octets, at + 4)};
}

/// Goes on from `sum`.
Pair checksum(ByteView octets, bool isBigEndian, Pair sum) {
    for (std::size_t at = 0; at + 8 <= octets.size(); at += 8) {
        auto words = pairAt(octets, at);
        if (!isBigEndian) words = {__builtin_bswap32(words[0]), __builtin_bswap32(words[1])};
        sum[0] += words[0] + sum[1];
        sum[1] += words[1] + sum[0];
    }
    return sum;
}

class Journal {
  public:
    explicit Journal(const std::string& path) : in_(path, std::ios::binary) {}

    bool hasLostCommits() {
        Bytes header(kJournalHeader);
        if (!read(header)) return false;
        const auto magic = bigEndian(header, 0);
        isBigEndian_ = (magic & 1) != 0;
        salt_ = pairAt(header, kSaltAt);
        sum_ = checksum(ByteView(header).first(kCheckAt), isBigEndian_, {});
        // With a header that was half written, too, what follows is of an earlier journal.
        if ((magic & ~1U) != kMagic || sum_ != pairAt(header, kCheckAt)) return false;
        do {
            if (!read(frame_)) return false;
        } while (passes());
        return hasCommitsFromHere();
    }

  private:
    bool read(Bytes& out) {
        return static_cast<bool>(in_.read(reinterpret_cast<char*>(out.data()),
                                          static_cast<std::streamsize>(out.size())));
    }
    /// Whether the frame is whole and follows the one in front of it, whatever that is.
    bool passes() {
        const ByteView frame = frame_;
        sum_ = checksum(frame.first(kFrameSaltAt), isBigEndian_, sum_);
        sum_ = checksum(frame.subspan(kFrameHeader), isBigEndian_, sum_);
        const auto expected = std::exchange(sum_, pairAt(frame, kFrameCheckAt));
        return pairAt(frame, kFrameSaltAt) == salt_ && expected == sum_;
    }
    /// Whether a frame follows one that ends a transaction. One of the same page may be filling.
    bool hasCommitsFromHere() {
        std::optional<std::uint32_t> committed;
        while (read(frame_)) {
            if (!passes()) continue;
            const auto page = bigEndian(frame_, 0);
            if (committed && *committed != page) return true;
            if (bigEndian(frame_, kFrameSizeAt) != 0) committed = page;
        }
        return false;
    }

    std::ifstream in_;
    Bytes frame_ = Bytes(kFrameHeader + kPageSize);
    bool isBigEndian_ = false;
    Pair salt_{};
    Pair sum_{};
};

}  // namespace

bool hasLostCommits(const std::string& path) {
    return Journal(path).hasLostCommits();
}

}  // namespace vitalgate::store
