#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/error.hpp"
#include "gateway/store/range_set.hpp"

namespace vitalgate::uplink {

inline constexpr std::size_t kMaximumReceiptBytes = 64 * 1024;
/// Of `stored` and `missing` together.
inline constexpr int kMaximumReceiptRanges = 256;

/// What a receipt says.
struct ReceiptClaim {
    store::RangeSet stored;
    store::RangeSet missing;
};

/// Reads a v1.Receipt for this hub and stream. ErrorKind::notFound if it is for another stream
/// (another store is gone), refused for all else that is not in order; the sentence holds nothing
/// that the sender wrote but numbers. `newest` ends what is missing without an
/// end.
Result<ReceiptClaim> readReceipt(const std::string& payload, const std::string& hub,
                                 const std::string& stream, std::uint64_t newest);

}  // namespace vitalgate::uplink
