#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "gateway/runtime/clock.hpp"
#include "vitalgate/v1/event.pb.h"

namespace vitalgate::uplink {

/// Turns refused receipts into security events: the first at once, those that follow within a
/// minute counted and told in one. So a flood costs one event a minute.
class ReceiptRefusals {
  public:
    /// `report` gives the event its id and time. The clock must outlive it.
    ReceiptRefusals(std::string uplink, Clock& clock, std::function<void(v1::Event)> report)
        : uplink_(std::move(uplink)), clock_(clock), report_(std::move(report)) {}

    /// `why` goes on where "receipt refused: " ends.
    void refused(std::string why);

  private:
    void tell();

    std::string uplink_;
    Clock& clock_;
    std::function<void(v1::Event)> report_;
    std::string why_;
    std::uint32_t untold_ = 0;
    bool waits_ = false;
    Timer minute_;
};

}  // namespace vitalgate::uplink
