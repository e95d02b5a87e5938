#pragma once

#include <asio/awaitable.hpp>

#include "adapters/session/clock_synchronisation.hpp"
#include "adapters/session/exchange.hpp"
#include "adapters/session/quirks.hpp"

namespace vitalgate::session {

/// What a device says of itself when it is asked: into the descriptor, the database's features, its
/// clock's zone, and the choice of its quirk.
class DeviceInformation {
  public:
    /// All must outlive it. A bonded device sends before it can be asked who it is: the quirk is
    /// chosen at once, by what is known.
    DeviceInformation(const SessionContext& shared, Database& database,
                      ClockSynchronisation& clocks);

    /// Reads all characteristics of a role. One that cannot be read is left out.
    asio::awaitable<Status> readAll(profiles::Role role);
    void take(const Endpoint& endpoint, Bytes value);
    /// By the names that are known now.
    void takeQuirk();
    [[nodiscard]] const Quirk& quirk() const { return *quirk_; }

  private:
    const SessionContext& shared_;
    Database& database_;
    ClockSynchronisation& clocks_;
    const Quirk* quirk_ = nullptr;  ///< never null outside of the constructor
};

}  // namespace vitalgate::session
