#include "gateway/uplink/receipt_examination.hpp"

#include <utility>

namespace vitalgate::uplink {
namespace {

constexpr std::size_t kMaximumUnderWay = 16;

}  // namespace

void ReceiptExamination::examine(const std::string& payload) {
    const auto status = store_.status();
    auto claim = readReceipt(payload, hub_, status.stream, status.newest);
    if (!claim && claim.error().kind == ErrorKind::notFound) {
        // A service may go on for long about a store that is gone.
        if (!std::exchange(toldOfStream_, true)) {
            log_.info("a receipt is ignored: {}", claim.error().message);
        }
        return;
    }
    if (!claim) return refuse(claim.error().message);
    // What has not been sent yet, or nobody noted that it was, comes by itself.
    const auto notYet = confirmations_.unsent(claim->missing);
    claim->missing.remove(notYet.earlier);
    claim->missing.remove(notYet.present);
    // An earlier life may have sent these without noting it: they go out again and will be
    // confirmed then.
    const auto unsent = confirmations_.unsent(claim->stored);
    claim->stored.remove(unsent.earlier);
    if (unsent.present.empty()) {
        believed_(*claim);
    } else {
        askStore(std::move(*claim), unsent.present);
    }
}

void ReceiptExamination::askStore(ReceiptClaim claim, const store::RangeSet& unsent) {
    if (*underWay_ >= kMaximumUnderWay) {
        log_.warning("a receipt is left out: {} are being examined", *underWay_);
        return;
    }
    ++*underWay_;
    const auto ranges = unsent.ranges();
    const store::Range within{ranges.front().first, ranges.back().last};
    store::RangeSet except(within);
    except.remove(unsent);
    store_.fetch(
        within, std::move(except), 1,
        [this, known = std::weak_ptr(underWay_),
         claim = std::move(claim)](const Result<std::vector<store::StoredRow>>& rows) {
            if (known.expired()) return;
            --*underWay_;
            if (!rows) {
                log_.error("examine a receipt: {}", rows.error().message);
            } else if (rows->empty()) {
                believed_(claim);
            } else {
                refuse(fmt::format("it names {}, which was never sent", rows->front().sequence));
            }
        });
}

void ReceiptExamination::refuse(std::string why) {
    if (refused_) refused_(std::move(why));
}

}  // namespace vitalgate::uplink
