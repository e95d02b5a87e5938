#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "adapters/session/session.hpp"
#include "gateway/runtime/answer.hpp"
#include "gateway/runtime/clock.hpp"

namespace vitalgate::bluez {

/// Commands whose device is away: each waits until it is there, its time is over, or all ends.
class WaitingCommands {
  public:
    using SessionPtr = std::shared_ptr<session::Session>;

    static constexpr std::size_t kMostOfDevice = 16;

    /// The device's next conversation; ErrorKind::timedOut after `limit`, full if too many wait for
    /// that device already, cancelled after stop(). This object and the clock must outlive the
    /// wait.
    asio::awaitable<Result<SessionPtr>> wait(Clock& clock, std::string device, Duration limit);

    /// Gives the conversation to all that wait for that device.
    void onConversation(const std::string& device, const SessionPtr& session);
    /// Ends all waits, now and from now on.
    void stop();

  private:
    std::map<std::string, std::map<std::uint64_t, Answer<SessionPtr>>> waiting_;  ///< by device
    std::uint64_t count_ = 0;
    bool isStopped_ = false;
};

}  // namespace vitalgate::bluez
