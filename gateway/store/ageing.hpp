#pragma once

#include <optional>

#include "gateway/base/time.hpp"

namespace vitalgate::store {

/// The time by which rows grow old. A clock that was set forward while the hub runs is not believed
/// before the next start: years of history would go at once. When it becomes synchronised it is.
class Ageing {
  public:
    /// The clock of the start is believed.
    void begin(const Moment& now) { base_ = now; }
    /// `now` with the wall time that is believed; nothing on the first day of a clock that is not
    /// synchronised.
    std::optional<Moment> believed(const Moment& now);

  private:
    Moment base_;  ///< believed; from here on it goes by the uptime
};

}  // namespace vitalgate::store
