#pragma once

#include <optional>
#include <string_view>

#include "gateway/base/time.hpp"

namespace vitalgate::host {

/// What the service manager (systemd) is told over $NOTIFY_SOCKET; see sd_notify(3). Without that
/// variable every call does nothing, so the daemon also runs in a terminal. Calls do not block:
/// the socket is a datagram socket, and what cannot be sent is lost.
class ServiceManager {
  public:
    /// Work has begun: READY=1. `status` is the line shown by `systemctl status`.
    void ready(std::string_view status) const;
    /// One line for `systemctl status`; a line break in it would end it.
    void status(std::string_view line) const;
    /// The clean stop has begun: STOPPING=1.
    void stopping() const;
    /// The loop is alive: WATCHDOG=1.
    void alive() const;

    /// The longest silence that systemd tolerates ($WATCHDOG_USEC, $WATCHDOG_PID); nothing if it
    /// does not watch this process. Ping at half of it.
    [[nodiscard]] static std::optional<Duration> watchdogLimit();
};

/// True if standard error goes to the journal ($JOURNAL_STREAM names its device and inode), so that
/// log lines may carry the priority prefix of sd-daemon(3).
bool standardErrorIsJournal();

}  // namespace vitalgate::host
