#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gateway/runtime/log.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/confirmations.hpp"
#include "gateway/uplink/receipt.hpp"

namespace vitalgate::uplink {

/// Decides whether a receipt is believed: what it names as stored must have been sent. A number
/// that no row has needs no sending, since the service read of its loss; that is asked of the
/// store.
class ReceiptExamination {
  public:
    /// Store and confirmations must outlive it.
    ReceiptExamination(std::string hub, store::Store& store, const Confirmations& confirmations,
                       Log log)
        : hub_(std::move(hub)),
          store_(store),
          confirmations_(confirmations),
          log_(std::move(log)) {}

    void onBelieved(std::function<void(const ReceiptClaim&)> handler) {
        believed_ = std::move(handler);
    }
    /// Gets why: "it names 7 as stored and as missing".
    void onRefused(std::function<void(std::string why)> handler) { refused_ = std::move(handler); }

    /// Ends in one of the two, at once or later; in neither if the receipt is for another stream,
    /// or if too many are being examined.
    void examine(const std::string& payload);

  private:
    void askStore(ReceiptClaim claim, const store::RangeSet& unsent);
    void refuse(std::string why);

    std::string hub_;
    store::Store& store_;
    const Confirmations& confirmations_;
    Log log_;
    std::function<void(const ReceiptClaim&)> believed_;
    std::function<void(std::string)> refused_;
    bool toldOfStream_ = false;
    std::shared_ptr<std::size_t> underWay_ = std::make_shared<std::size_t>(0);
};

}  // namespace vitalgate::uplink
