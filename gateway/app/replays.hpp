#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "gateway/runtime/clock.hpp"
#include "gateway/store/store.hpp"
#include "vitalgate/v1/command.pb.h"

namespace vitalgate::app {

/// Carries out the command `replay`: finds out what is held of what was asked for, and lets uplinks
/// send it again.
class Replays {
  public:
    /// Uplink::sendAgain() of the uplink with that name; false if there is none.
    using SendAgain = std::function<bool(const std::string& uplink, const store::RangeSet& ranges,
                                         const std::string& commandId)>;

    /// Store and clock must outlive the loop's last turn, and so must this object.
    Replays(store::Store& store, Clock& clock, SendAgain sendAgain)
        : store_(store), clock_(clock), sendAgain_(std::move(sendAgain)) {}

    /// The names of all uplinks.
    void setUplinks(std::vector<std::string> names) { uplinks_ = std::move(names); }

    /// `command` has a replay; `uplink` brought it. Done when the sequences are marked: they leave
    /// behind everything else that waits.
    asio::awaitable<v1::CommandResult> run(v1::Command command, std::string uplink);

  private:
    [[nodiscard]] Result<std::vector<std::string>> targets(const v1::Replay& replay,
                                                           const std::string& uplink) const;
    [[nodiscard]] Result<store::RowSearch> searchFor(const v1::Replay& replay) const;
    asio::awaitable<Result<store::RangeSet>> held(store::RowSearch search);
    [[nodiscard]] std::string nothingHeld() const;

    store::Store& store_;
    Clock& clock_;
    SendAgain sendAgain_;
    std::vector<std::string> uplinks_;
};

}  // namespace vitalgate::app
