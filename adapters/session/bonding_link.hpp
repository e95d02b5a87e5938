#pragma once

#include <asio/awaitable.hpp>

#include "adapters/session/gatt_link.hpp"
#include "adapters/session/options.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::session {

/// After such an error no further call to the device can succeed.
inline bool endsConversation(const Error& error) {
    return error.kind == ErrorKind::disconnected || error.kind == ErrorKind::cancelled;
}

/// The calls of a link, with the limits of a conversation. A device that asks for a better link
/// (ErrorKind::authentication) gets a bond, once a conversation, and the call is made once more.
class BondingLink {
  public:
    /// All must outlive it.
    BondingLink(GattLink& link, const SessionLimits& limits, const Log& log)
        : link_(link), limits_(limits), log_(log) {}

    asio::awaitable<Result<Bytes>> read(Characteristic characteristic);
    asio::awaitable<Status> write(Characteristic characteristic, Bytes value);
    asio::awaitable<Status> subscribe(Characteristic characteristic);
    /// ErrorKind::refused if this conversation has tried before.
    asio::awaitable<Status> bond();

  private:
    /// True if the call that ended so is to be made again.
    asio::awaitable<bool> bondAfter(ErrorKind kind);

    GattLink& link_;
    const SessionLimits& limits_;
    const Log& log_;
    bool tried_ = false;
};

}  // namespace vitalgate::session
