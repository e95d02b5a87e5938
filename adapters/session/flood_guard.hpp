#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <variant>

#include "adapters/session/exchange.hpp"
#include "gateway/base/token_bucket.hpp"
#include "gateway/runtime/answer.hpp"

namespace vitalgate::session {

/// Slows a device down that sends more values a second than the limits allow, and tells when it has
/// been too fast for too long.
class FloodGuard {
  public:
    /// `shared` must outlive it.
    explicit FloodGuard(const SessionContext& shared);

    /// Waits until a value may be taken. False if the device has been too fast for too long.
    /// `isAsked`: the hub has asked for stored records; however many there are, they are no flood.
    asio::awaitable<bool> pass(bool isAsked);
    /// Nothing waits any more: what is queued is all that comes.
    void open();

  private:
    const SessionContext& shared_;
    TokenBucket bucket_;
    std::uint32_t throttled_ = 0;  ///< values in a row that had to wait
    bool isOpen_ = false;
    Answer<std::monostate> pause_;
};

}  // namespace vitalgate::session
