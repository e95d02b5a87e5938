#include "adapters/session/gathering.hpp"

#include <algorithm>
#include <iterator>

#include "adapters/session/waiting_values.hpp"

namespace vitalgate::session {

namespace {

/// How much of a series a hub that is killed may lose; of a long one more, for it is written anew
/// each time.
constexpr Duration kSeriesEvery = std::chrono::seconds{10};
constexpr int kSeriesParts = 30;

std::string textOf(const Bookmarks& bookmarks, const std::string& name) {
    const auto found = bookmarks.find(name);
    return found == bookmarks.end() ? std::string() : found->second;
}

bool comesInSegments(const Value& value) {
    constexpr std::uint16_t kBloodPressureRecord = 0x2B36;
    return value.characteristic == Uuid(kBloodPressureRecord);
}

bool hasValue(const std::string& text, const Value& value) {
    return text.find(toText({value})) != std::string::npos;
}

}  // namespace

asio::awaitable<Status> Gathering::recall() {
    const auto waiting = co_await exchange_.recallText("waiting");
    if (!waiting) co_return std::unexpected(waiting.error());
    const auto incomplete = co_await exchange_.recallText("incomplete");
    if (!incomplete) co_return std::unexpected(incomplete.error());
    const auto series = co_await exchange_.recallText("series");
    if (!series) co_return std::unexpected(series.error());
    seriesText_ = *series;
    recalled_ = Recalled{*waiting, *incomplete, *series};
    isKnown_ = true;
    co_return Status{};
}

asio::awaitable<Status> Gathering::takeUp() {
    const auto recalled = std::exchange(recalled_, std::nullopt);
    if (!recalled) co_return Status{};
    const auto known = exchange_.context();
    for (const auto& value : valuesFrom(recalled->incomplete)) {
        auto decoded = decode(known, value);
        for (auto& piece : decoded.pieces) joiner_.recall(std::move(piece));
    }
    if (recalled->waiting.empty() && recalled->series.empty()) co_return Status{};
    const auto append = takeUpValues(*recalled);
    co_return co_await exchange_.commit(append);
}

Append Gathering::takeUpValues(const Recalled& recalled) {
    const auto known = exchange_.context();
    Append append;
    // Of a device that could not be asked what it sends: what waited had cause to.
    const bool isUnknown = shared_.database.kinds().empty();
    if (isUnknown) joiner_.expectComposition(true);
    for (const auto& value : valuesFrom(recalled.waiting)) {
        auto decoded = decode(known, value);
        const auto whole = sort(decoded.pieces);
        addTo(append, appendOf(known, whole, std::move(decoded)));
    }
    if (isUnknown) joiner_.expectComposition(false);
    for (const auto& value : valuesFrom(recalled.series)) {
        auto decoded = decode(known, value);
        for (auto& piece : decoded.pieces) {
            auto before = series_.take(std::move(piece));
            if (before) addTo(append, appendOf(known, {std::move(*before)}));
        }
    }
    if (auto series = series_.flush()) addTo(append, appendOf(known, {std::move(*series)}));
    seriesText_.clear();
    // Nobody can tell any more whose weighing a piece without a name belongs to.
    addTo(append, appendOf(known, joiner_.flushUnnamed()));
    return append;
}

std::optional<Value> Gathering::cutShortBy(const Value& segment) {
    if (!comesInSegments(segment)) return std::nullopt;
    auto begun = segments_.cutShortBy(segment.bytes);
    if (!begun) return std::nullopt;
    auto value = segment;
    value.bytes = std::move(*begun);
    return value;
}

Result<Value> Gathering::joined(Value segment) {
    if (!comesInSegments(segment)) return segment;
    auto whole = segments_.take(segment.bytes);
    if (!whole) return fail(ErrorKind::malformed, "{}", whole.error().message);
    if (!*whole) return fail(ErrorKind::unavailable, "more segments are to come");
    segment.bytes = std::move(**whole);
    return segment;
}

std::vector<Piece> Gathering::take(const Decoding& decoded) {
    auto whole = sort(decoded.pieces);
    for (const auto& each : decoded.refusedParts) {
        std::ranges::move(joiner_.refuse(each.part, each.reason), std::back_inserter(whole));
    }
    noteSeries();
    return whole;
}

/// Whole ones go on; the others wait for the rest of them.
std::vector<Piece> Gathering::sort(const std::vector<Piece>& pieces) {
    std::vector<Piece> whole;
    for (const auto& piece : pieces) {
        if (piece.measurement.continuous) {
            if (auto series = series_.take(piece)) whole.push_back(std::move(*series));
        } else if (piece.measurement.part) {
            auto joined = joiner_.take(piece, shared_.clock.steady());
            std::ranges::move(joined, std::back_inserter(whole));
        } else {
            whole.push_back(piece);
        }
    }
    return whole;
}

/// With the commit that keeps a series its values are no longer remembered.
void Gathering::noteSeries() {
    // What was gathered before is not taken up yet.
    if (recalled_) return;
    const auto now = shared_.clock.steady();
    const auto begin = series_.begin();
    if (begin != seriesBegin_) {
        seriesText_.clear();
        seriesBegin_ = begin;
        seriesNoted_ = now;
    }
    if (!begin) return;
    const auto every = std::max(kSeriesEvery, shared_.options.seriesInterval / kSeriesParts);
    if (now - seriesNoted_ < every) return;
    seriesNoted_ = now;
    seriesText_ = toText(series_.values());
}

std::vector<Piece> Gathering::giveDue(bool all) {
    const auto now = shared_.clock.steady();
    auto due = all ? joiner_.flush() : joiner_.expire(now);
    const auto seriesEnd = series_.due();
    if (seriesEnd && (all || *seriesEnd <= now)) {
        if (auto series = series_.flush()) due.push_back(std::move(*series));
    }
    noteSeries();
    return due;
}

std::optional<SteadyTime> Gathering::nextDue() const {
    const auto joined = joiner_.nextExpiry();
    const auto series = series_.due();
    if (joined && series) return std::min(*joined, *series);
    return joined ? joined : series;
}

/// Until it is decoded what was recalled is remembered as it is.
std::string Gathering::waitingText() const {
    return (recalled_ ? recalled_->waiting : "") + toText(joiner_.waiting());
}

Bookmarks Gathering::bookmarks() const {
    // What could not be read is not written over.
    if (!isKnown_) return {};
    Bookmarks all;
    all["waiting"] = lostWaiting_ + waitingText();
    // Of what went with a commit none is given out, and may be completed.
    if (!hasLost_)
        all["incomplete"] = (recalled_ ? recalled_->incomplete : "") + toText(joiner_.incomplete());
    // One series fills a bookmark.
    if (lostSeries_.empty()) all["series"] = seriesText_;
    return all;
}

void Gathering::loseCommit(const Bookmarks& committed) {
    hasLost_ = true;
    auto waiting = valuesFrom(textOf(committed, "waiting"));
    std::erase_if(waiting,
                  [held = waitingText()](const Value& value) { return hasValue(held, value); });
    lostWaiting_ = toText(waiting);
    const auto series = textOf(committed, "series");
    const bool isHeld = recalled_ ? recalled_->series == series : isOfSeries(series);
    lostSeries_ = isHeld ? "" : series;
}

/// A bookmark has the first values of a series.
bool Gathering::isOfSeries(const std::string& text) const {
    const auto& values = series_.values();
    return !values.empty() && text.starts_with(toText({values.front()}));
}

std::uint32_t Gathering::notIn(const Bookmarks& committed) const {
    const auto waiting = textOf(committed, "waiting");
    auto count = std::ranges::count_if(
        joiner_.waiting(), [&waiting](const Value& value) { return !hasValue(waiting, value); });
    const auto series = textOf(committed, "series");
    const auto known = isOfSeries(series) ? std::ranges::count(series, '\n') : 0;
    count += std::max<std::ptrdiff_t>(std::ssize(series_.values()) - known, 0);
    return static_cast<std::uint32_t>(count);
}

}  // namespace vitalgate::session
