#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/time.hpp"

namespace vitalgate::bluez {

/// Whether a device measures as often as it should. It counts in steady time, so that a wall clock
/// that jumps raises no alarm; the wall clock is asked once, for what an earlier run remembers.
class Expectation {
  public:
    /// A remembered time is believed so far back by a clock that is not synchronised.
    static constexpr Duration kBelieved = std::chrono::days{400};

    /// `every`: zero for a device of which nothing is expected. Counted from `start` as long as no
    /// reading is known.
    Expectation(Duration every, SteadyTime start) : every_(every), since_(start) {}

    void onReading(SteadyTime at);
    /// What an earlier run knew: its last reading, and when it last told that one is overdue. Not
    /// believed if the clock cannot tell how long ago that is; nothing once a reading has come.
    void recall(WallTime last, std::optional<WallTime> told, const Moment& now);

    /// For how long there was no reading, if that is to be told now: when an interval has passed,
    /// and once for each further one.
    std::optional<Duration> look(SteadyTime now);
    [[nodiscard]] bool isOverdue(SteadyTime now) const { return intervals(now) > 0; }

    /// "no measurement for 25 h; one is expected every 24 h".
    [[nodiscard]] std::string sentence(Duration silent) const;
    /// The same for as long as it lasts: "no measurement within the expected 24 h".
    [[nodiscard]] std::string standing() const;

  private:
    [[nodiscard]] std::int64_t intervals(SteadyTime now) const {
        return every_ > Duration::zero() ? (now - since_) / every_ : 0;
    }

    Duration every_;
    SteadyTime since_;
    bool heard_ = false;
    std::int64_t told_ = 0;  ///< intervals since then
};

}  // namespace vitalgate::bluez
