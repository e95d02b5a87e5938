#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "gateway/runtime/clock.hpp"
#include "vitalgate/v1/event.pb.h"

namespace vitalgate::commands {

inline constexpr Duration kReportEvery = std::chrono::minutes{1};

/// Turns refused requests into security events: the first of a kind at once, those that follow
/// within kReportEvery counted and told in one. So a flood costs one event a minute and kind.
class RefusalReport {
  public:
    RefusalReport(Clock& clock, std::function<void(v1::Event)> report)
        : clock_(clock), report_(std::move(report)) {}

    void refused(v1::CommandRefusal refusal, const std::string& uplink, const std::string& keyId,
                 const std::string& commandId);

    /// Since the start.
    [[nodiscard]] std::uint64_t total() const { return total_; }

  private:
    struct Recent {
        std::uint32_t untold = 0;
        v1::Event last;
        Timer minute;
    };

    void waitAMinute(v1::CommandRefusal refusal);
    void tell(v1::CommandRefusal refusal);

    Clock& clock_;
    std::function<void(v1::Event)> report_;
    std::map<v1::CommandRefusal, Recent> recent_;
    std::uint64_t total_ = 0;
};

}  // namespace vitalgate::commands
