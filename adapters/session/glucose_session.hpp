#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/profiles/continuous_glucose.hpp"
#include "adapters/profiles/number_formats.hpp"
#include "adapters/session/control_points.hpp"
#include "adapters/session/device_clock.hpp"
#include "adapters/session/exchange.hpp"
#include "adapters/session/gaps.hpp"
#include "adapters/session/record_mark.hpp"
#include "gateway/codes/codes.hpp"

namespace vitalgate::session {

/// The session of a continuous glucose sensor (Continuous Glucose Monitoring Service 1.0.1): its
/// measurements count minutes from a start that the collector has given.
class GlucoseSession {
  public:
    /// All must outlive it.
    GlucoseSession(const SessionContext& shared, Exchange& exchange, ControlPoints& controlPoints)
        : shared_(shared), exchange_(exchange), controlPoints_(controlPoints) {}

    /// Recalls, reads and, where there is none, gives the start of the session, and compares the
    /// sensor's clock. A device without a session is left alone.
    asio::awaitable<Status> open();
    /// The same after the sensor was started anew: the start that was known counts no more.
    asio::awaitable<Status> openAnew();
    /// Whether a value that came by itself is of another session than the one that is known: a
    /// sensor that was started anew, by whomever, counts from 0 again.
    [[nodiscard]] bool isAnother(const Value& value, const std::vector<SeenRecord>& records);

    /// Reads run time, interval and alert limits into the descriptor's settings. They are read
    /// alone: only an authorised command changes them.
    asio::awaitable<Status> readSettings();
    /// Puts one into the descriptor, over the old one.
    void noteSetting(const std::string& name, const profiles::Decimal& number,
                     const std::string& unit);
    /// Asks the sensor's control point.
    asio::awaitable<Result<Bytes>> ask(Bytes request);
    /// The sensor puts a CRC behind what it says, and wants one.
    [[nodiscard]] bool hasCrc() const;

    /// When the session began, in a calendar of its own; nothing: nobody knows.
    [[nodiscard]] const std::optional<LocalDateTime>& start() const { return start_; }
    [[nodiscard]] const DeviceClock& clock() const { return clock_; }
    [[nodiscard]] const TimeZone& zone() const { return zone_; }
    /// By the sensor's own count, whatever its clock shows. Needs a start.
    [[nodiscard]] std::int64_t minutesAt(WallTime time) const;
    /// The distance of records: as they came, else as the sensor is set.
    [[nodiscard]] std::optional<std::uint16_t> stepMinutes() const;
    /// After a run that was complete: where records are missing the sensor has none. Each gap is a
    /// reading of its own, the same whenever it is found. `before`: the last record known before.
    [[nodiscard]] std::vector<Piece> gaps(const std::map<std::uint16_t, SeenRecord>& run,
                                          const std::optional<SeenRecord>& before);

    [[nodiscard]] Bookmarks bookmarks() const;

  private:
    [[nodiscard]] std::optional<Endpoint> readableStart() const;
    asio::awaitable<Status> recall();
    asio::awaitable<Status> renew();
    asio::awaitable<Status> readStart();
    asio::awaitable<Status> setTime(Endpoint start);
    asio::awaitable<Status> compareClock();
    void takeStart(const profiles::SessionStart& start);
    asio::awaitable<Status> readRunTime();
    asio::awaitable<Status> readSetting(std::string name, Bytes request, std::string unit);
    [[nodiscard]] codes::Term observedTerm() const;
    [[nodiscard]] Piece gapPiece(const Gap& gap) const;

    const SessionContext& shared_;
    Exchange& exchange_;
    ControlPoints& controlPoints_;
    std::optional<LocalDateTime> start_;
    bool isStartRecalled_ = false;             ///< it did not tell it in this connection
    DeviceClock clock_;                        ///< of its minutes
    TimeZone zone_;                            ///< with the offset of its start, for ever
    std::optional<std::uint16_t> lastMinute_;  ///< of a record that came by itself
    std::optional<std::uint16_t> recordStep_;  ///< minutes between its records, as they came
};

}  // namespace vitalgate::session
