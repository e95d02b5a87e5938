#pragma once

#include <optional>

#include "gateway/base/time.hpp"

namespace vitalgate::uplink {

/// When a new connection, which shows the credentials anew, is worth trying because a broker that
/// let the hub in takes nothing from it: at once, then not before 5 min have passed, and as long as
/// it does not help not before twice as long as the last time, up to an hour.
class Reauthentication {
  public:
    /// Whether to try; if so it counts as tried.
    [[nodiscard]] bool isWorthTrying(SteadyTime now);

  private:
    static constexpr Duration kFirst = std::chrono::minutes{5};
    static constexpr Duration kLongest = std::chrono::hours{1};

    std::optional<SteadyTime> tried_;
    Duration interval_ = kFirst;
};

}  // namespace vitalgate::uplink
