#include "gateway/uplink/receipt.hpp"

#include "vitalgate/v1/stream.pb.h"

namespace vitalgate::uplink {
namespace {

using Ranges = google::protobuf::RepeatedPtrField<v1::Range>;

/// `end` stands for an end that is not named.
Status addRanges(const Ranges& ranges, std::uint64_t newest, std::uint64_t end,
                 store::RangeSet& set) {
    for (const auto& range : ranges) {
        const auto last = range.last() == 0 ? end : range.last();
        if (range.first() == 0 || range.first() > last) {
            return fail(ErrorKind::refused, "it names a range from {} to {}", range.first(), last);
        }
        if (last > newest) {
            return fail(ErrorKind::refused, "it names {}, and {} is the newest there is", last,
                        newest);
        }
        set.add({range.first(), last});
    }
    return {};
}

Result<ReceiptClaim> claimOf(const v1::Receipt& receipt, std::uint64_t newest) {
    ReceiptClaim claim;
    if (receipt.stored_size() + receipt.missing_size() > kMaximumReceiptRanges) {
        return fail(ErrorKind::refused, "it has more than {} ranges", kMaximumReceiptRanges);
    }
    if (receipt.up_to() > newest) {
        return fail(ErrorKind::refused, "it names {}, and {} is the newest there is",
                    receipt.up_to(), newest);
    }
    claim.stored.add({1, receipt.up_to()});
    // Whoever has stored something knows where it ends.
    auto read = addRanges(receipt.stored(), newest, 0, claim.stored);
    if (read) read = addRanges(receipt.missing(), newest, newest, claim.missing);
    if (!read) return std::unexpected(read.error());
    if (const auto both = claim.stored.commonWith(claim.missing); !both.empty()) {
        return fail(ErrorKind::refused, "it names {} as stored and as missing",
                    both.ranges().front().first);
    }
    return claim;
}

}  // namespace

Result<ReceiptClaim> readReceipt(const std::string& payload, const std::string& hub,
                                 const std::string& stream, std::uint64_t newest) {
    if (payload.size() > kMaximumReceiptBytes) {
        return fail(ErrorKind::refused, "it has more than {} octets", kMaximumReceiptBytes);
    }
    v1::Receipt receipt;
    if (!receipt.ParseFromString(payload)) {
        return fail(ErrorKind::refused, "it is no vitalgate.v1.Receipt");
    }
    if (receipt.hub() != hub) return fail(ErrorKind::refused, "it is for another hub");
    if (receipt.stream().empty()) return fail(ErrorKind::refused, "it names no stream");
    if (receipt.stream() != stream) {
        return fail(ErrorKind::notFound, "it is for another stream than {}", stream);
    }
    return claimOf(receipt, newest);
}

}  // namespace vitalgate::uplink
