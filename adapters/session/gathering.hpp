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
    /// What had come of a value that another one takes the place of, of which `segment` is the
    /// first part. It is not whole: decoding it says so.
    [[nodiscard]] std::optional<Value> cutShortBy(const Value& segment);
    /// The whole value of which `segment` is the last part; ErrorKind::unavailable while more are
    /// to come. Most values are whole by themselves.
    [[nodiscard]] Result<Value> joined(Value segment);
    /// Takes the pieces of a value; gives what is whole with them.
    [[nodiscard]] std::vector<Piece> take(const Decoding& decoded);

    /// What has waited long enough. `all`: no more will come.
    [[nodiscard]] std::vector<Piece> giveDue(bool all);
    /// When giveDue() next has something.
    [[nodiscard]] std::optional<SteadyTime> nextDue() const;

    [[nodiscard]] Bookmarks bookmarks() const;
    /// A commit has failed: what the bookmarks, as last committed, have of the values that went
    /// with it stays in them, for the next conversation.
    void loseCommit(const Bookmarks& committed);
    /// Values that were gathered and that the bookmarks, as last committed, do not have.
    [[nodiscard]] std::uint32_t notIn(const Bookmarks& committed) const;

  private:
    /// Values of earlier connections that are not decoded yet.
    struct Recalled {
        std::string waiting;
        std::string incomplete;
        std::string series;
    };

    [[nodiscard]] std::string waitingText() const;
    [[nodiscard]] bool isOfSeries(const std::string& text) const;
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
    bool hasLost_ = false;     ///< a commit; what went with it and a bookmark has stays there:
    std::string lostWaiting_;  ///< values of pieces
    std::string lostSeries_;
    std::string seriesText_;  ///< values of the series, as last remembered
    std::optional<SteadyTime> seriesBegin_;
    SteadyTime seriesNoted_{};  ///< when it was last remembered
};

}  // namespace vitalgate::session
