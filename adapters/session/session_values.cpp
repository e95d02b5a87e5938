#include "adapters/session/assembler.hpp"
#include "adapters/session/descriptor.hpp"
#include "adapters/session/session.hpp"
#include "adapters/session/waiting_values.hpp"

// The part of a conversation that takes values, to the end of the connection.
namespace vitalgate::session {

namespace {

/// How exactly the time of the last reading is remembered: a strap's readings come every second.
constexpr Duration kMarkEvery = std::chrono::seconds{10};
/// How much of a series a hub that is killed may lose; of a long one more, for it is written anew
/// each time.
constexpr Duration kGatheredEvery = std::chrono::seconds{10};
constexpr int kGatheredParts = 30;

}  // namespace

/// Takes values until no more come, and gives the reason.
asio::awaitable<Error> Session::collect(Duration patience) {
    auto idleEnd = clock_.steady() + patience;
    for (;;) {
        if (!draining_ && !jobs_.empty()) {
            const auto ran = co_await runJobs();
            if (!ran) co_return ran.error();
            idleEnd = clock_.steady() + patience;
        }
        if (!draining_ && std::exchange(missed_, false)) {
            const auto fetched = co_await fetchRecords();
            if (broken_) co_return *broken_;
            if (!fetched) log_.warning("fetch records: {}", fetched.error().message);
        }
        const auto limit = waitUntil(idleEnd);
        auto value = co_await link_->nextValue(limit);
        const auto now = clock_.steady();
        const bool isOver = !value && (value.error().kind != ErrorKind::timedOut || now >= idleEnd);
        Status kept;
        if (value) {
            idleEnd = now + patience;
            kept = co_await take(std::move(*value));
        } else {
            // What was gathered is kept before the end, whatever the reason.
            kept = co_await keepDue(isOver && draining_);
        }
        if (!kept) co_return kept.error();
        if (isOver) co_return value.error();
    }
}

/// Until the end of patience, or until something that was gathered is due.
Duration Session::waitUntil(SteadyTime idleEnd) const {
    auto until = idleEnd;
    if (const auto due = joiner_.nextExpiry()) until = std::min(until, *due);
    if (const auto due = series_.due()) until = std::min(until, *due);
    return std::max(until - clock_.steady(), Duration::zero());
}

/// An error ends the conversation.
asio::awaitable<Status> Session::take(Value value) {
    const bool goesOn = co_await throttle();
    const auto kept = co_await keep(std::move(value));
    if (!kept) {
        ++unkept_;
        co_return kept;
    }
    if (goesOn) co_return Status{};
    reason_ = v1::DISCONNECT_FLOOD;
    const auto rate = options_.limits.valuesPerSecond;
    broken_ = Error{ErrorKind::full, fmt::format("it sends more than {} values a second", rate)};
    co_return std::unexpected(*broken_);
}

/// What is still queued after a commit has failed is lost, and has to be told.
asio::awaitable<void> Session::countUnkept() {
    while (unkept_ > 0) {
        const auto value = co_await link_->nextValue(Duration::zero());
        if (!value) break;
        ++unkept_;
    }
    if (unkept_ > 0) log_.error("{} values could not be kept", unkept_);
}

/// False if the device has been too fast for too long.
asio::awaitable<bool> Session::throttle() {
    const auto wait = bucket_.take(clock_.steady());
    if (draining_) co_return true;
    // The hub has asked for stored records: however many there are, they are no flood.
    const bool isAsked = fetching_.has_value();
    throttled_ = wait == Duration::zero() || isAsked ? 0 : throttled_ + 1;
    if (throttled_ > options_.limits.throttledValues) co_return false;
    if (wait > Duration::zero()) {
        pause_ = Answer<std::monostate>();
        co_await pause_.wait(clock_, wait);
    }
    co_return true;
}

AssemblyContext Session::context() const {
    return AssemblyContext{settings_,
                           options_,
                           database_,
                           deviceClock_,
                           zone_,
                           connected_,
                           link_->security(),
                           link_->adapterName(),
                           link_->rssiDbm(),
                           std::string(quirk_->name),
                           sessionStart_,
                           sessionClock_,
                           sessionZone_};
}

/// The whole value of which `segment` is the last part; ErrorKind::unavailable while more are to
/// come. Most values are whole by themselves.
Result<Value> Session::joined(Value segment) {
    constexpr std::uint16_t kBloodPressureRecord = 0x2B36;
    if (segment.characteristic != Uuid(kBloodPressureRecord)) return segment;
    auto whole = segments_.take(segment.bytes);
    if (!whole) return fail(ErrorKind::malformed, "{}", whole.error().message);
    if (!*whole) return fail(ErrorKind::unavailable, "more segments are to come");
    segment.bytes = std::move(**whole);
    return segment;
}

asio::awaitable<Status> Session::keep(Value part) {
    const auto known = context();
    if (!isAskedFor(known, part)) co_return Status{};
    const auto whole = joined(part);
    if (!whole && whole.error().kind == ErrorKind::unavailable) co_return Status{};
    // What cannot be joined is told with its octets, as any other value that cannot be decoded.
    const auto& value = whole ? *whole : part;
    Append append;
    if (settings_.requireBond && known.security < v1::LINK_ENCRYPTED) {
        append.events.push_back(refusedEvent(known, value, v1::REFUSED_NOT_ENCRYPTED,
                                             "value refused: the link is not encrypted"));
        if (!unencryptedTold_) append.events.push_back(unencryptedEvent(value));
        unencryptedTold_ = true;
    } else {
        auto decoded = decode(known, value);
        if (isOfNewSession(value, decoded.records)) {
            // It counts from another start than the one that is known.
            lastMinute_.reset();
            sessionStart_.reset();
            const auto opened = co_await renewGlucoseSession();
            if (!opened) log_.warning("session start: {}", opened.error().message);
            decoded = decode(context(), value);
        }
        const bool isNothing =
            decoded.pieces.empty() && decoded.events.empty() && decoded.refusals.empty();
        if (isNothing) co_return Status{};
        noteRecords(value, decoded.records);
        auto pieces = sort(decoded.pieces);
        for (const auto& each : decoded.refusedParts) {
            std::ranges::move(joiner_.refuse(each.part, each.reason), std::back_inserter(pieces));
        }
        append = appendOf(context(), pieces, std::move(decoded));
        noteGathered();
    }
    ++values_;
    co_return co_await commit(append);
}

/// Whole ones go on; the others wait for the rest of them.
std::vector<Piece> Session::sort(const std::vector<Piece>& pieces) {
    std::vector<Piece> whole;
    for (const auto& piece : pieces) {
        if (piece.measurement.continuous) {
            if (auto series = series_.take(piece)) whole.push_back(std::move(*series));
        } else if (piece.measurement.part) {
            auto joined = joiner_.take(piece, clock_.steady());
            std::ranges::move(joined, std::back_inserter(whole));
        } else {
            whole.push_back(piece);
        }
    }
    return whole;
}

/// With the commit that keeps a series its values are no longer remembered.
void Session::noteGathered() {
    // What was gathered before is not taken up yet.
    if (recalled_) return;
    const auto begin = series_.begin();
    if (begin != gatheredFrom_) {
        gathered_.clear();
        gatheredFrom_ = begin;
        gatheredNoted_ = clock_.steady();
    }
    if (!begin) return;
    const auto now = clock_.steady();
    const auto every = std::max(kGatheredEvery, options_.seriesInterval / kGatheredParts);
    if (now - gatheredNoted_ < every) return;
    gatheredNoted_ = now;
    gathered_ = toText(series_.values());
}

/// What has waited long enough, or all of it.
asio::awaitable<Status> Session::keepDue(bool all) {
    const auto now = clock_.steady();
    auto due = all ? joiner_.flush() : joiner_.expire(now);
    const auto seriesEnd = series_.due();
    auto taken = static_cast<std::uint32_t>(due.size());
    if (seriesEnd && (all || *seriesEnd <= now)) {
        taken += static_cast<std::uint32_t>(series_.values().size());
        if (auto series = series_.flush()) due.push_back(std::move(*series));
    }
    noteGathered();
    const auto append = appendOf(context(), due);
    const auto kept = co_await commit(append);
    if (!kept) unkept_ += taken;
    co_return kept;
}

/// What is remembered of the device, by name.
std::map<std::string, std::string> Session::bookmarks() const {
    std::map<std::string, std::string> all{{"clock-offset", deviceClock_.bookmark()},
                                           {"session-clock", sessionClock_.bookmark()}};
    if (sessionStart_) all["session-start"] = sessionStart_->text();
    // After a commit that has failed these are ahead of what was kept.
    if (!commitFailed_) {
        // What could not be read is not written over.
        if (remembered_.contains("series")) {
            std::tie(all["waiting"], all["incomplete"]) = waitingBookmarks();
            all["series"] = gathered_;
        }
        for (const auto& [service, mark] : marks_) all[recordsBookmark(service)] = mark.bookmark();
    }
    for (const auto& [slot, number] : registered_) {
        all[fmt::format("user-{}", slot)] = std::to_string(number);
    }
    return all;
}

asio::awaitable<Status> Session::commit(Append what) {
    const auto marks = bookmarks();
    for (const auto& [name, text] : marks) {
        const auto known = remembered_.find(name);
        const bool isNews = known == remembered_.end() ? !text.empty() : known->second != text;
        if (isNews) what.bookmarks.push_back({settings_.id, name, text});
    }
    const bool isNothing = what.readings.empty() && what.events.empty() && what.refusals.empty() &&
                           what.bookmarks.empty();
    if (isNothing) co_return Status{};
    const auto readings = what.readings.size();
    const auto now = clock_.now();
    const bool isMarked = readings > 0 && (!lastMarked_ || now.uptime - *lastMarked_ >= kMarkEvery);
    if (isMarked) what.bookmarks.push_back({settings_.id, "last-reading", formatUtc(now.wall)});
    bool newMeasures = false;
    for (const auto& made : what.readings) {
        newMeasures = describeMeasures(made.reading, descriptor_) || newMeasures;
    }
    const auto accepted = co_await sink_.append(what);
    if (!accepted) {
        commitFailed_ = true;
        broken_ = accepted.error().in("keep values");
        co_return std::unexpected(*broken_);
    }
    remembered_ = marks;
    if (isMarked) lastMarked_ = now.uptime;
    if (accepted->duplicates < readings) lastReading_ = now;
    if (accepted->duplicates > 0) log_.debug("a value was known already");
    if (newMeasures) describe();
    co_return Status{};
}

v1::Event Session::unencryptedEvent(const Value& value) const {
    v1::Event event;
    toStamp(value.received, *event.mutable_occurred());
    event.set_severity(v1::SEVERITY_ALARM);
    event.set_device(settings_.id);
    event.set_text("the device sends values over a link that is not encrypted");
    event.mutable_security()->set_kind(v1::SECURITY_UNENCRYPTED_VALUE);
    event.mutable_security()->set_peer(settings_.id);
    event.mutable_security()->set_times(1);
    return event;
}

}  // namespace vitalgate::session
