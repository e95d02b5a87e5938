#include "gateway/app/hub_clock.hpp"

#include <asio/co_spawn.hpp>
#include <utility>

namespace vitalgate::app {

namespace {

constexpr const char* kBookmark = "hub-clock";

bool isUnsynchronised(ClockTrust trust) {
    return trust == ClockTrust::unsynchronised;
}

v1::ClockState stateOf(ClockTrust trust) {
    return static_cast<v1::ClockState>(static_cast<int>(trust));
}

std::chrono::milliseconds stepBetween(WallTime before, WallTime after) {
    return std::chrono::round<std::chrono::milliseconds>(after - before);
}

std::string sentence(std::chrono::milliseconds step, bool hasTurned, ClockTrust now) {
    const auto state =
        isUnsynchronised(now) ? "is not synchronised any more" : "is synchronised now";
    if (std::chrono::abs(step) < HubClock::kStep) return fmt::format("the hub's clock {}", state);
    const auto text =
        fmt::format("the hub's clock was set {} by {}", step.count() > 0 ? "forward" : "back",
                    formatDuration(std::chrono::abs(step)));
    return hasTurned ? fmt::format("{} and {}", text, state) : text;
}

}  // namespace

HubClock::HubClock(Intake& intake, Clock& clock, Log log)
    : intake_(intake),
      clock_(clock),
      log_(std::move(log)),
      told_(sight()),
      lastStart_(told_.start),
      nextTry_(clock.steady()) {}

/// A machine that sleeps between two looks at its clocks seems to have set one of them.
HubClock::Sight HubClock::sight() const {
    constexpr Duration kAtOnce = std::chrono::milliseconds{50};
    constexpr int kAttempts = 3;
    for (int attempt = 1;; ++attempt) {
        const auto uptime = clock_.steady();
        const auto trust = clock_.trust();
        const auto wall = clock_.wall();
        if (clock_.steady() - uptime <= kAtOnce || attempt == kAttempts) {
            return {wall - uptime.time_since_epoch(), trust};
        }
    }
}

void HubClock::start() {
    asio::co_spawn(clock_.loop(), intake_.bookmark("", kBookmark),
                   [this, running = std::weak_ptr(running_)](const std::exception_ptr& error,
                                                             const Result<std::string>& bookmark) {
                       if (running.expired()) return;
                       if (error || !bookmark) {
                           timer_ = clock_.after(kRetry, [this] { start(); });
                           return;
                       }
                       recall(*bookmark);
                       watch();
                   });
}

void HubClock::stop() {
    running_.reset();
    timer_.cancel();
}

void HubClock::recall(const std::string& bookmark) {
    v1::Stamp told;
    if (!told.ParseFromString(bookmark) || told.boot() != clock_.now().boot) return;
    told_ = {fromTimestamp(told.time()), static_cast<ClockTrust>(told.clock())};
    lastStart_ = told_.start;
    bookmark_ = told_;
}

void HubClock::watch() {
    look();
    timer_ = clock_.after(kInterval, [this] { watch(); });
}

void HubClock::look() {
    if (isCommitting_) return;
    const auto now = sight();
    follow(now);
    if (clock_.steady() < nextTry_ || !intake_.isOpen()) return;
    if (noticed_) {
        Append what;
        what.events.push_back(eventOf(now));
        return commit(now, std::move(what));
    }
    if (isBookmarkOld(now)) commit({told_.start, now.trust}, {});
}

void HubClock::follow(const Sight& now) {
    const auto moved = now.start - std::exchange(lastStart_, now.start);
    if (std::chrono::abs(moved) >= kStep || (hasTurned(now) && !noticed_)) {
        noticed_ = clock_.now();
    } else if (!isUnsynchronised(told_.trust) && !isUnsynchronised(now.trust)) {
        told_.start += moved;
    }
    // There and back before it could be told.
    if (!hasTurned(now) && std::chrono::abs(now.start - told_.start) < kStep) noticed_.reset();
}

bool HubClock::hasTurned(const Sight& now) const {
    return isUnsynchronised(now.trust) != isUnsynchronised(told_.trust);
}

bool HubClock::isBookmarkOld(const Sight& now) const {
    return !bookmark_ || bookmark_->trust != now.trust ||
           std::chrono::abs(bookmark_->start - told_.start) >= kStep;
}

v1::Event HubClock::eventOf(const Sight& now) const {
    const auto step = stepBetween(told_.start, now.start);
    v1::Event event;
    toStamp(*noticed_, *event.mutable_occurred());
    event.set_severity(v1::SEVERITY_INFO);
    event.set_text(sentence(step, hasTurned(now), now.trust));
    auto& change = *event.mutable_clock();
    change.set_from(stateOf(told_.trust));
    change.set_to(stateOf(now.trust));
    change.set_step_ms(step.count());
    return event;
}

/// A stamp of the moment in which the kernel started.
Bookmark HubClock::bookmarkOf(const Sight& told) const {
    v1::Stamp stamp;
    toStamp({told.start, told.trust, clock_.now().boot, SteadyTime{}}, stamp);
    return {"", kBookmark, stamp.SerializeAsString()};
}

void HubClock::commit(Sight told, Append what) {
    isCommitting_ = true;
    const auto text = what.events.empty() ? std::string{} : what.events.front().text();
    what.bookmarks.push_back(bookmarkOf(told));
    intake_.keep(std::move(what),
                 [this, told, text, running = std::weak_ptr(running_)](const Status& kept) {
                     if (running.expired()) return;
                     isCommitting_ = false;
                     if (!kept) {
                         nextTry_ = clock_.steady() + kRetry;
                         return log_.warning("how the clock was changed is told later: {}",
                                             kept.error().message);
                     }
                     if (!text.empty()) log_.info("{}", text);
                     told_ = told;
                     bookmark_ = told;
                     noticed_.reset();
                 });
}

}  // namespace vitalgate::app
