#pragma once

#include <cstdint>
#include <optional>

#include "gateway/base/time.hpp"
#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/awaited_receipts.hpp"

namespace vitalgate::uplink {

/// Which of the sequences that were sent count as delivered. By the broker's word: all that it
/// acknowledged. By receipt: those that the service's receipts named, and those that have nothing
/// to be confirmed (a loss record stands for them, or nothing is held).
class Confirmations {
  public:
    /// No limit: by the broker's word. `newest`: highest sequence as this process began; what was
    /// sent before and not noted is among those up to it.
    Confirmations(std::optional<Duration> receiptLimit, std::uint64_t newest)
        : newestAtStart_(newest) {
        if (receiptLimit) awaited_.emplace(*receiptLimit);
    }

    [[nodiscard]] bool byReceipt() const { return awaited_.has_value(); }

    /// Takes what was saved, and gives what counts as sent. The times of sending begin anew. By the
    /// broker's word what was sent under receipts and never confirmed is sent again.
    [[nodiscard]] store::RangeSet load(const store::DeliverySets& sets, SteadyTime now);
    /// What is to be saved as `stored` beside `sent`.
    [[nodiscard]] const store::RangeSet& stored(const store::RangeSet& sent) const {
        return byReceipt() ? stored_ : sent;
    }

    /// Went to the broker, acknowledged or not.
    void published(const store::RangeSet& ranges);
    /// Of `ranges`, which are in `sent`, the receipt is awaited from now on.
    void acknowledged(const store::RangeSet& ranges, SteadyTime now);
    /// Counts as delivered without a word of the service.
    void settled(const store::RangeSet& ranges, SteadyTime now);
    /// The service lacks these, whatever it said before: they are not delivered, and no receipt is
    /// awaited before they are acknowledged once more.
    void missed(const store::RangeSet& ranges);
    /// No receipt is awaited before it is acknowledged once more.
    void askedAgain(const store::RangeSet& ranges);
    /// Between these times no receipt could come.
    void wasAway(SteadyTime since, SteadyTime now);

    /// What of `named` nobody remembers having sent, in two parts: from earlier lives, which may
    /// have been sent all the same, and of this one, which was not.
    struct Unsent {
        store::RangeSet earlier;
        store::RangeSet present;
    };
    [[nodiscard]] Unsent unsent(const store::RangeSet& named) const;
    void confirmed(const store::RangeSet& ranges, SteadyTime now);

    /// Sent, and not confirmed within the limit: to be sent again.
    [[nodiscard]] store::RangeSet takeOverdue(SteadyTime now);
    /// Of that the lowest `maximum` sequences, each once.
    [[nodiscard]] store::RangeSet takeToSendAgain(std::uint64_t maximum);
    [[nodiscard]] bool hasToSendAgain() const { return awaited_ && awaited_->hasToSendAgain(); }
    /// How many sequences were overdue and are not confirmed since.
    [[nodiscard]] std::uint64_t overdue() const;
    [[nodiscard]] std::optional<SteadyTime> deadline() const;

  private:
    void deliver(const store::RangeSet& ranges, SteadyTime now);

    std::uint64_t newestAtStart_;
    store::RangeSet stored_;
    store::RangeSet everSent_;
    std::optional<AwaitedReceipts> awaited_;
};

}  // namespace vitalgate::uplink
