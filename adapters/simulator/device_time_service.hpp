#pragma once

#include <chrono>

#include "adapters/simulator/encode.hpp"
#include "adapters/simulator/output.hpp"

namespace vitalgate::simulator {

/// Device Time Service 1.0 (0x1847): a clock in UTC with its offset, to which a time is proposed
/// over a control point. Without CRC, log, fractions and a second timeline; the epoch is 2000.
class DeviceTimeService {
  public:
    static inline const Uuid kTime{0x2b90};
    static inline const Uuid kControlPoint{0x2b91};

    explicit DeviceTimeService(std::chrono::minutes zone) : zone_(zone) {}

    static void describe(Database& database, bool settable);
    /// Feature, parameters, or the time when the clock shows `now`; nothing if it is another.
    [[nodiscard]] std::optional<Bytes> read(const Uuid& characteristic,
                                            const LocalDateTime& now) const;

    struct Proposed {
        Bytes answer;
        std::optional<LocalDateTime> time;  ///< what the clock is to show; absent: rejected
    };
    /// What is written to the control point.
    Proposed propose(ByteView value);

  private:
    std::chrono::minutes zone_;
    std::chrono::minutes daylightSaving_{};
};

}  // namespace vitalgate::simulator
