#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/app/intake.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::app {

/// Tells how the hub's own clock was changed, so that stamps which were made before can be
/// corrected; stored rows are never rewritten. Once a second it compares when the kernel started by
/// the wall clock, and whether that clock is synchronised, with what it saw last. A step, or a
/// change between unsynchronised and not, is an event `clock` without a device. The steps of all
/// events of one boot add up to the whole difference. While the store takes nothing they are added
/// up here, and told when it does. What was told last is a bookmark, committed with the event: the
/// next process of the same boot goes on from there. Another boot begins anew, for nothing is known
/// of the end of the one before. On the loop.
class HubClock {
  public:
    static constexpr Duration kInterval = std::chrono::seconds{1};
    /// The clock was set. Less is slewing or the noise of the look, and is followed silently; while
    /// the clock is unsynchronised it is added up, and told with the next event.
    static constexpr Duration kStep = std::chrono::milliseconds{500};
    static constexpr Duration kRetry = std::chrono::seconds{10};

    /// Takes its first look at the clock. The references must outlive it.
    HubClock(Intake& intake, Clock& clock, Log log);

    void start();
    /// Nothing runs any more afterwards, and nothing is told that was not committed by then.
    void stop();

  private:
    struct Sight {
        WallTime start;  ///< of the kernel, by the wall clock
        ClockTrust trust = ClockTrust::unspecified;
    };

    [[nodiscard]] Sight sight() const;
    void recall(const std::string& bookmark);
    void watch();
    void look();
    void follow(const Sight& now);
    [[nodiscard]] bool hasTurned(const Sight& now) const;
    [[nodiscard]] bool isBookmarkOld(const Sight& now) const;
    [[nodiscard]] v1::Event eventOf(const Sight& now) const;
    [[nodiscard]] Bookmark bookmarkOf(const Sight& told) const;
    void commit(Sight told, Append what);

    Intake& intake_;
    Clock& clock_;
    Log log_;
    Sight told_;
    WallTime lastStart_;
    std::optional<Sight> bookmark_;  ///< as it is stored
    std::optional<Moment> noticed_;  ///< there is something to tell; the last step counts
    bool isCommitting_ = false;
    SteadyTime nextTry_;
    Timer timer_;
    std::shared_ptr<bool> running_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::app
