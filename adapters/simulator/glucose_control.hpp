#pragma once

#include <map>
#include <utility>
#include <vector>

#include "adapters/simulator/output.hpp"

namespace vitalgate::simulator {

/// Whether a written value has `octets` octets, and behind them, with `crc`, the CRC of them: where
/// it is missing the error is 0x80, where it is wrong 0x81.
AttResult<void> checkedCrc(ByteView value, std::size_t octets, bool crc);

/// CGM Specific Ops Control Point (0x2AAC): interval, calibration, limits of alerts, and the
/// session.
class GlucoseControl {
  public:
    static inline const Uuid kControlPoint{0x2aac};

    GlucoseControl(std::uint8_t intervalMinutes, bool crc);

    [[nodiscard]] static Characteristic characteristic() {
        return {kControlPoint, {.write = true, .indicate = true}};
    }
    AttResult<Answer> write(ByteView value, bool isAnswering);

    [[nodiscard]] bool isRunning() const { return running_; }
    /// Whether a session was started since this was asked last.
    bool takeStart() { return std::exchange(started_, false); }

  private:
    Bytes run(ByteView request);
    Bytes limit(ByteView request);
    Bytes setCalibration(ByteView request);
    [[nodiscard]] Bytes calibration(ByteView request) const;
    Bytes start(std::uint8_t operation);
    Bytes stop(std::uint8_t operation);

    std::uint8_t intervalMinutes_;
    bool crc_;
    bool running_ = true;
    bool started_ = false;
    std::vector<Bytes> calibrations_;
    std::map<std::uint8_t, Bytes> limits_;  ///< by the op code that sets them
};

}  // namespace vitalgate::simulator
