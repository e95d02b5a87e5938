#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

#include "gateway/base/time.hpp"

namespace vitalgate::bluez {

/// Lets one advertisement of each device through at a time, so that a device that advertises
/// without a pause costs no more than any other. It remembers no more devices than are heard at a
/// time.
class SightingLimit {
  public:
    static constexpr Duration kInterval = std::chrono::milliseconds{100};

    /// False: so soon after the one before it says nothing new.
    [[nodiscard]] bool pass(const std::string& device, SteadyTime now) {
        const auto [last, isFirst] = passed_.try_emplace(device, now);
        if (!isFirst && now - last->second < kInterval) return false;
        last->second = now;
        if (passed_.size() > tooMany_) prune(now);
        return true;
    }
    [[nodiscard]] std::size_t size() const { return passed_.size(); }

  private:
    static constexpr std::size_t kFew = 256;

    /// What is older than the interval is as good as unknown.
    void prune(SteadyTime now) {
        std::erase_if(passed_,
                      [now](const auto& entry) { return now - entry.second >= kInterval; });
        tooMany_ = std::max(kFew, 2 * passed_.size());
    }

    std::map<std::string, SteadyTime> passed_;
    std::size_t tooMany_ = kFew;
};

}  // namespace vitalgate::bluez
