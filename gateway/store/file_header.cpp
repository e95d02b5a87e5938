#include "gateway/store/file_header.hpp"

#include <endian.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace vitalgate::store {

namespace {

using namespace std::string_view_literals;

// https://www.sqlite.org/fileformat.html, section 1.3; numbers are big-endian.
constexpr std::string_view kMagic = "SQLite format 3\0"sv;
constexpr std::string_view kMark = "VGsd"sv;
constexpr std::size_t kWriteVersionAt = 18;
constexpr std::size_t kReadVersionAt = 19;
constexpr std::size_t kPageCountAt = 28;
constexpr std::size_t kFreeListAt = 32;
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;

constexpr std::uint8_t kRollbackJournal = 1;
constexpr std::uint8_t kWriteAheadLog = 2;

/// A higher number of the layout was not written by a newer version.
constexpr std::uint32_t kLikeliestVersion = 10'000;

struct Constant {
    std::size_t at;
    std::string_view octets;
};

/// What never changes in a store.
constexpr std::array kConstants{
    Constant{0, kMagic},
    Constant{16, "\x10\0"sv},          // octets of a page
    Constant{20, "\0\x40\x20\x20"sv},  // nothing reserved in a page; SQLite knows no other shares
    Constant{44, "\0\0\0\4"sv},        // format of the schema
    Constant{48, "\0\0\0\0"sv},        // cache as SQLite likes it
    Constant{52, "\0\0\0\0"sv},        // pages stay where they are
    Constant{56, "\0\0\0\1"sv},        // UTF-8
    Constant{64, "\0\0\0\0"sv},        // as 52
    Constant{kApplicationIdAt, kMark},
    Constant{72, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv}};

bool isSqlite(ByteView header) {
    const auto magic = asBytes(kMagic);
    const auto known = std::min(header.size(), magic.size());
    return std::ranges::equal(header.first(known), magic.first(known));
}

bool isVersion(std::uint8_t octet) {
    return octet == kRollbackJournal || octet == kWriteAheadLog;
}

}  // namespace

std::uint32_t numberAt(ByteView octets, std::size_t at) {
    std::uint32_t number = 0;
    std::memcpy(&number, octets.subspan(at, sizeof number).data(), sizeof number);
    return be32toh(number);
}

bool hasConstants(ByteView header) {
    if (header.size() < kHeaderSize) return false;
    const auto stands = [&](const Constant& constant) {
        return std::ranges::equal(header.subspan(constant.at, constant.octets.size()),
                                  asBytes(constant.octets));
    };
    return std::ranges::all_of(kConstants, stands) && isVersion(header[kWriteVersionAt]) &&
           isVersion(header[kReadVersionAt]);
}

Status checkHeader(ByteView header, std::uint64_t size, bool endedCleanly,
                   std::uint32_t newestVersion) {
    if (size == 0) return fail(ErrorKind::damaged, "the file is empty, which a store never is");
    if (header.size() < kHeaderSize) {
        return fail(ErrorKind::damaged, "the file is cut off within its header");
    }
    if (!hasConstants(header)) return fail(ErrorKind::damaged, "the file's header is damaged");
    const auto version = numberAt(header, kUserVersionAt);
    if (version > kLikeliestVersion) {
        return fail(ErrorKind::damaged, "the file's header is damaged: layout {}", version);
    }
    if (version > newestVersion) {
        return fail(ErrorKind::refused,
                    "the store was written by a newer version (layout {}, this version knows up to "
                    "{}); install that version again",
                    version, newestVersion);
    }
    const auto whole = std::uint64_t{kPageSize} * numberAt(header, kPageCountAt);
    if (version == 0 || (endedCleanly && size < whole)) {
        return fail(ErrorKind::damaged, "the file is cut off: {} of {} octets are there", size,
                    whole);
    }
    return {};
}

Status checkWasStore(ByteView header) {
    if (std::ranges::all_of(header, [&](auto octet) { return octet == header[0]; })) return {};
    if (header.size() >= kApplicationIdAt + 4) {
        const auto mark = asBytes(kMark);
        int right = 0;
        for (std::size_t i = 0; i < 4; ++i)
            right += header[kApplicationIdAt + i] == mark[i] ? 1 : 0;
        if (right >= 3) return {};
    } else if (isSqlite(header)) {
        return {};
    }
    if (isSqlite(header)) {
        return fail(ErrorKind::refused,
                    "the file is a database of another program; give the store another path");
    }
    return fail(ErrorKind::refused,
                "the file is not a vitalgate store; give the store another path");
}

void makeReadable(Bytes& firstPage, bool hasJournal) {
    const auto version = hasJournal ? kWriteAheadLog : kRollbackJournal;
    firstPage[kWriteVersionAt] = version;
    firstPage[kReadVersionAt] = version;
    std::fill_n(firstPage.begin() + kPageCountAt, 4, std::uint8_t{0});
    std::fill_n(firstPage.begin() + kFreeListAt, 8, std::uint8_t{0});
}

}  // namespace vitalgate::store
