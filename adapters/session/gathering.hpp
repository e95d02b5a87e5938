#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/profiles/segments.hpp"
#include "adapters/session/exchange.hpp"
#include "adapters/session/joiner.hpp"
#include "adapters/session/series.hpp"

namespace vitalgate::session {

/// Measurements that are not whole yet: segments of a value, pieces of an event, values of a
/// series. What is gathered outlives the process: its values are bookmarks until it is given out.
class Gathering {
  public:
    /// Both must outlive it.
    Gathering(const SessionContext& shared, Exchange& exchange)
        : shared_(shared), exchange_(exchange), series_(shared.options.seriesInterval) {}

    /// What earlier conversations have gathered; until takeUp() it is remembered as it is. What
    /// cannot be read ends this conversation, and is not written over.
    asio::awaitable<Status> recall();
    /// Decodes what was recalled, and commits what is whole with it: what waited for its other
    /// piece waits once more, unless its time is over, and what was given out without it can still
    /// be completed. Nothing the second time.
    asio::awaitable<Status> takeUp();

    /// Whether the device sends weight and composition as two values: one waits for the other.
    void expectComposition(bool both) { joiner_.expectComposition(both); }
    /// The whole value of which `segment` is the last part; ErrorKind::unavailable while more are
    /// to come. Most values are whole by themselves.
    [[nodiscard]] Result<Value> joined(Value segment);
    /// Takes the pieces of a value; gives what is whole with them.
    [[nodiscard]] std::vector<Piece> take(const Decoding& decoded);

    /// What has waited long enough, and the number of its values.
    struct Due {
        std::vector<Piece> pieces;
        std::uint32_t values = 0;
    };
    /// `all`: no more will come.
    [[nodiscard]] Due giveDue(bool all);
    /// When giveDue() next has something.
    [[nodiscard]] std::optional<SteadyTime> nextDue() const;

    [[nodiscard]] Bookmarks bookmarks() const;

  private:
    /// Values of earlier connections that are not decoded yet.
    struct Recalled {
        std::string waiting;
        std::string incomplete;
        std::string series;
    };

    [[nodiscard]] Append takeUpValues(const Recalled& recalled);
    [[nodiscard]] std::vector<Piece> sort(const std::vector<Piece>& pieces);
    void noteSeries();

    const SessionContext& shared_;
    Exchange& exchange_;
    profiles::Segments segments_;  ///< of the records of a cuff
    Joiner joiner_;
    Series series_;
    bool isKnown_ = false;  ///< what earlier conversations have gathered
    std::optional<Recalled> recalled_;
    std::string seriesText_;  ///< values of the series, as last remembered
    std::optional<SteadyTime> seriesBegin_;
    SteadyTime seriesNoted_{};  ///< when it was last remembered
};

}  // namespace vitalgate::session
