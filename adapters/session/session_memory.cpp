#include "adapters/profiles/user_data.hpp"
#include "adapters/session/session.hpp"
#include "adapters/session/waiting_values.hpp"

// The part of a conversation that knows earlier ones: what was remembered of the device.
namespace vitalgate::session {

/// What cannot be read may be what waits, or whose a number is: nothing is taken then, and the
/// device keeps its records.
asio::awaitable<Result<std::string>> Session::recallText(std::string name) {
    const auto text = co_await sink_.bookmark(settings_.id, name);
    if (!text) co_return failIn("what was remembered", text);
    remembered_[name] = *text;
    co_return *text;
}

asio::awaitable<Status> Session::recall() {
    const auto clock = co_await recallText("clock-offset");
    if (!clock) co_return std::unexpected(clock.error());
    deviceClock_ = DeviceClock::fromBookmark(*clock, clock_.now().boot);
    const auto waiting = co_await recallText("waiting");
    if (!waiting) co_return std::unexpected(waiting.error());
    const auto incomplete = co_await recallText("incomplete");
    if (!incomplete) co_return std::unexpected(incomplete.error());
    const auto series = co_await recallText("series");
    if (!series) co_return std::unexpected(series.error());
    gathered_ = *series;
    recalled_ = Recalled{*waiting, *incomplete, *series};
    co_return co_await recallUsers();
}

/// Until it is decoded it is remembered as it is.
std::pair<std::string, std::string> Session::waitingBookmarks() const {
    if (recalled_) {
        return {recalled_->waiting + toText(joiner_.waiting()),
                recalled_->incomplete + toText(joiner_.incomplete())};
    }
    return {toText(joiner_.waiting()), toText(joiner_.incomplete())};
}

/// Not before it is known to whom its numbers belong: else it is left for the next conversation.
bool Session::canTakeUp() const {
    if (settings_.consent.empty()) return true;
    return !database_.kinds().empty() && !database_.find(profiles::kUserControlPoint);
}

/// What waited for its other piece when the process ended: it waits once more, unless its time is
/// over. What was given out without its other piece is still completed by it.
asio::awaitable<Status> Session::takeUpWaiting() {
    const auto recalled = std::exchange(recalled_, std::nullopt);
    if (!recalled) co_return Status{};
    const auto known = context();
    for (const auto& value : valuesFrom(recalled->incomplete)) {
        auto decoded = decode(known, value);
        for (auto& piece : decoded.pieces) joiner_.recall(std::move(piece));
    }
    if (recalled->waiting.empty() && recalled->series.empty()) co_return Status{};
    Append append;
    const auto keepPieces = [&](const std::vector<Piece>& pieces, Decoding rest) {
        auto more = appendOf(known, pieces, std::move(rest));
        std::ranges::move(more.readings, std::back_inserter(append.readings));
        std::ranges::move(more.events, std::back_inserter(append.events));
        std::ranges::move(more.refusals, std::back_inserter(append.refusals));
    };
    // Of a device that could not be asked what it sends: what waited had cause to.
    const bool isUnknown = database_.kinds().empty();
    if (isUnknown) joiner_.expectComposition(true);
    for (const auto& value : valuesFrom(recalled->waiting)) {
        auto decoded = decode(known, value);
        const auto whole = sort(decoded.pieces);
        keepPieces(whole, std::move(decoded));
    }
    if (isUnknown) joiner_.expectComposition(false);
    for (const auto& value : valuesFrom(recalled->series)) {
        auto decoded = decode(known, value);
        for (auto& piece : decoded.pieces) {
            auto before = series_.take(std::move(piece));
            if (before) keepPieces({std::move(*before)}, {});
        }
    }
    if (auto series = series_.flush()) keepPieces({std::move(*series)}, {});
    gathered_.clear();
    // Nobody can tell any more whose weighing a piece without a name belongs to.
    keepPieces(joiner_.flushUnnamed(), {});
    co_return co_await commit(append);
}

}  // namespace vitalgate::session
