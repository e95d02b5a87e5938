#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/lane_messages.hpp"
#include "gateway/uplink/publish_verdict.hpp"

namespace vitalgate::uplink {

/// What is to be sent again because somebody asked for it. Always the lowest sequences first,
/// whenever they were asked for; an acknowledgement takes them out and moves no cursor. A pure
/// state machine, part of Lanes, which gives the numbers and keeps the window.
class ReplayLane {
  public:
    /// More ranges than these are not kept: the smallest gaps between them are sent too.
    static constexpr std::size_t kMaximumRanges = 1024;

    explicit ReplayLane(const store::RangeSet& again) { add(again); }

    void add(const store::RangeSet& ranges) {
        again_.add(ranges);
        again_.widenTo(kMaximumRanges);
    }
    /// Not asked for any more; what is under way stays so.
    void remove(const store::RangeSet& ranges);
    /// What is still to be sent again or under way.
    [[nodiscard]] const store::RangeSet& again() const { return again_; }

    /// Nothing while rows are being read or ready, or all is under way.
    [[nodiscard]] std::optional<LaneFetch> wanted() const;
    void begin(const LaneFetch& fetch);
    /// False if the fetch is none of this lane.
    bool fetched(std::uint64_t number, std::vector<store::StoredRow>& rows);
    void fetchFailed(std::uint64_t number);

    [[nodiscard]] bool isReady() const { return !ready_.empty(); }
    /// Only while isReady().
    [[nodiscard]] LaneMessage send(std::uint64_t number, std::size_t batchBytes);
    /// Nothing if the message is none of this lane.
    [[nodiscard]] std::optional<std::vector<store::Range>> acknowledged(std::uint64_t number);
    /// A row refused for good is not asked for again; all else is, at once or after retry(). False
    /// if the message is none of this lane.
    bool refused(std::uint64_t number, PublishVerdict verdict);
    void retry() { parked_ = {}; }

    [[nodiscard]] std::size_t inFlight() const { return inFlight_.size(); }
    /// What was asked for and cannot be sent: no longer held, or refused for good.
    [[nodiscard]] store::RangeSet takeGivenUp();

  private:
    struct InFlight {
        std::vector<store::Range> cover;
        std::size_t rows = 0;
    };

    void giveUp(const store::RangeSet& ranges);
    void keepAsked();

    store::RangeSet again_;
    store::RangeSet asked_;    ///< of the rows that are being read or ready: what they answer
    store::RangeSet parked_;   ///< refused for now
    store::RangeSet suspect_;  ///< in a batch refused for good: go out one by one
    store::RangeSet givenUp_;
    std::deque<store::StoredRow> ready_;
    std::optional<std::uint64_t> fetching_;
    std::map<std::uint64_t, InFlight> inFlight_;
};

}  // namespace vitalgate::uplink
