#include "adapters/session/descriptor.hpp"
#include "adapters/session/session.hpp"
#include "gateway/base/failpoint.hpp"

// The part of a conversation that is committed: values, and what is remembered of the device from
// one conversation to the next.
namespace vitalgate::session {

namespace {

/// How exactly the time of the last reading is remembered: a strap's readings come every second.
constexpr Duration kMarkEvery = std::chrono::seconds{10};

}  // namespace

/// What cannot be read may be what waits, or whose a number is: nothing is taken then, and the
/// device keeps its records.
asio::awaitable<Result<std::string>> Session::recallText(std::string name) {
    const auto text = co_await sink_.bookmark(settings_.id, name);
    if (!text) co_return failIn("what was remembered", text);
    remembered_[name] = *text;
    co_return *text;
}

asio::awaitable<Status> Session::recall() {
    const auto clock = co_await clocks_.recall();
    if (!clock) co_return clock;
    const auto gathered = co_await gathering_.recall();
    if (!gathered) co_return gathered;
    co_return co_await people_.recall();
}

Bookmarks Session::bookmarks() const {
    auto all = clocks_.bookmarks();
    all.merge(glucose_.bookmarks());
    all.merge(people_.bookmarks());
    all.merge(gathering_.bookmarks());
    // After a commit that has failed these are ahead of what was kept.
    if (!commitFailed_) all.merge(records_.bookmarks());
    return all;
}

asio::awaitable<Status> Session::commit(Append more) {
    auto what = std::exchange(drained_, {});
    addTo(what, std::move(more));
    auto after = remembered_;
    for (const auto& [name, text] : bookmarks()) {
        after[name] = text;
        const auto known = remembered_.find(name);
        const bool isNews = known == remembered_.end() ? !text.empty() : known->second != text;
        const bool isUndone = text.empty() && uncertain_.contains(name);
        if (isNews || isUndone) what.bookmarks.push_back({settings_.id, name, text});
    }
    const bool isNothing = what.readings.empty() && what.events.empty() && what.refusals.empty() &&
                           what.bookmarks.empty();
    if (isNothing) {
        pending_ = gathering_.notIn(remembered_);
        co_return Status{};
    }
    const auto readings = what.readings.size();
    const auto values = readings + what.refusals.size();
    const auto now = clock_.now();
    const bool isMarked = readings > 0 && (!lastMarked_ || now.uptime - *lastMarked_ >= kMarkEvery);
    if (isMarked) what.bookmarks.push_back({settings_.id, "last-reading", formatUtc(now.wall)});
    bool newMeasures = false;
    for (const auto& made : what.readings) {
        newMeasures = describeMeasures(made.reading, descriptor_) || newMeasures;
    }
    given_ = pending_ - std::min(pending_, gathering_.notIn(after));
    const auto accepted = co_await sink_.append(what);
    given_ = 0;
    if (!accepted) {
        commitFailed_ = true;
        gathering_.loseCommit(remembered_);
        // After its limit it may still be carried out.
        for (const auto& mark : what.bookmarks) uncertain_.insert(mark.name);
        // Those that were gathered may still be kept, or are on the disk.
        const auto gathered = std::min(pending_, gathering_.notIn(remembered_));
        unkept_ += std::exchange(pending_, gathered) - gathered;
        broken_ = accepted.error().in("keep values");
        co_return std::unexpected(*broken_);
    }
    // From here on none of it may be lost: the tests hold the hub to this line.
    if (values > 0) log_.debug("values accepted: {}", values);
    failpoint("session.committed");
    remembered_ = std::move(after);
    for (const auto& mark : what.bookmarks) uncertain_.erase(mark.name);
    pending_ = gathering_.notIn(remembered_);
    if (isMarked) lastMarked_ = now.uptime;
    if (accepted->duplicates < readings) lastReading_ = now;
    if (accepted->duplicates > 0) log_.debug("a value was known already");
    if (newMeasures) describe();
    co_return Status{};
}

}  // namespace vitalgate::session
