#include "gateway/uplink/receipt_refusals.hpp"

#include <fmt/format.h>

#include <utility>

namespace vitalgate::uplink {
namespace {

constexpr Duration kReportEvery = std::chrono::minutes{1};

}  // namespace

void ReceiptRefusals::refused(std::string why) {
    why_ = std::move(why);
    ++untold_;
    if (!waits_) tell();
}

void ReceiptRefusals::tell() {
    waits_ = untold_ > 0;
    if (!waits_) return;
    minute_ = clock_.after(kReportEvery, [this] { tell(); });
    v1::Event event;
    event.set_severity(v1::SEVERITY_ALARM);
    event.set_text(untold_ == 1
                       ? fmt::format("receipt refused: {}", why_)
                       : fmt::format("{} receipts refused, the last one: {}", untold_, why_));
    auto& security = *event.mutable_security();
    security.set_kind(v1::SECURITY_RECEIPT_REFUSED);
    security.set_peer(uplink_);
    security.set_times(std::exchange(untold_, 0));
    report_(std::move(event));
}

}  // namespace vitalgate::uplink
