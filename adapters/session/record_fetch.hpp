#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "adapters/session/control_points.hpp"
#include "adapters/session/exchange.hpp"
#include "adapters/session/glucose_session.hpp"
#include "adapters/session/record_mark.hpp"

namespace vitalgate::session {

/// Fetches stored records through a device's Record Access Control Points (0x2A52): from the last
/// known one on, where records have numbers.
class RecordFetch {
  public:
    /// All must outlive it.
    RecordFetch(const SessionContext& shared, Exchange& exchange, ControlPoints& controlPoints,
                GlucoseSession& glucose)
        : shared_(shared), exchange_(exchange), controlPoints_(controlPoints), glucose_(glucose) {}

    /// What is new on the device, or all, as the settings say.
    asio::awaitable<Status> fetch();
    /// One run, whatever is known already. False if the device cannot do what was requested.
    asio::awaitable<Result<bool>> fetchOnce(Endpoint controlPoint, Bytes request);
    asio::awaitable<Result<std::uint32_t>> count(Endpoint controlPoint);

    /// A record is known from the commit on in which it is kept. One that came by itself and left
    /// others out makes them missed.
    void note(const Value& value, const std::vector<SeenRecord>& records);
    /// Others are to be fetched; once.
    [[nodiscard]] bool takeMissed();

    /// Records are on their way.
    [[nodiscard]] bool isUnderWay() const { return fetching_.has_value(); }
    /// Records of the last run.
    [[nodiscard]] std::uint32_t fetched() const { return fetched_; }
    /// Known by marks, so that what is new among them can be asked for.
    [[nodiscard]] bool hasNumberedRecords() const;
    [[nodiscard]] Bookmarks bookmarks() const;

  private:
    /// Records that are on their way.
    struct Fetch {
        std::uint16_t service = 0;
        bool marks = false;  ///< they move the mark
        std::uint32_t records = 0;
        std::uint64_t dropped = 0;  ///< by the link, before it began
    };

    asio::awaitable<Status> fetchFrom(Endpoint controlPoint);
    asio::awaitable<Status> fetchNumbered(Endpoint controlPoint);
    asio::awaitable<Result<bool>> fetchAbove(Endpoint controlPoint, std::uint16_t from);
    asio::awaitable<Result<bool>> runMarked(Endpoint controlPoint, Bytes request,
                                            RecordMark::Run run);
    asio::awaitable<Result<bool>> runProcedure(Endpoint controlPoint, Bytes request, bool marks);
    asio::awaitable<Status> conclude(std::uint16_t service, std::optional<SeenRecord> before);
    void noteLive(std::uint16_t service, RecordMark& mark, const SeenRecord& record);

    const SessionContext& shared_;
    Exchange& exchange_;
    ControlPoints& controlPoints_;
    GlucoseSession& glucose_;
    std::map<std::uint16_t, RecordMark> marks_;  ///< by service
    std::optional<Fetch> fetching_;
    bool missed_ = false;        ///< a live record left out others
    std::uint32_t fetched_ = 0;  ///< records of the last run
};

}  // namespace vitalgate::session
