#pragma once

#include <algorithm>
#include <optional>

#include "gateway/base/time.hpp"

namespace vitalgate::bluez {

/// For how long a device that sent too much is left alone: a while at first, twice as long with
/// each flood that comes within a day of the one before.
class FloodMute {
  public:
    static constexpr Duration kFirst = std::chrono::minutes{10};
    static constexpr Duration kLongest = std::chrono::hours{2};
    static constexpr Duration kMemory = std::chrono::days{1};

    void onFlood(SteadyTime now) {
        const bool again = flooded_ && now - *flooded_ <= kMemory;
        length_ = again ? std::min(length_ * 2, kLongest) : kFirst;
        flooded_ = now;
    }

    [[nodiscard]] bool isMuted(SteadyTime now) const { return flooded_ && now < until(); }
    /// How long the last flood is answered with silence, from then on.
    [[nodiscard]] Duration length() const { return length_; }
    [[nodiscard]] SteadyTime until() const { return flooded_.value_or(SteadyTime{}) + length_; }

  private:
    std::optional<SteadyTime> flooded_;
    Duration length_{};
};

}  // namespace vitalgate::bluez
