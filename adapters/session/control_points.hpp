#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <set>
#include <string>

#include "adapters/session/exchange.hpp"

namespace vitalgate::session {

/// The procedures of control points: a request is written, and answered by an indication. What else
/// arrives meanwhile is kept. One procedure at a time.
class ControlPoints {
  public:
    /// Whether a value is the answer to the request with that operation.
    using IsAnswer = bool (*)(ByteView value, std::uint8_t request);

    /// Both must outlive it.
    ControlPoints(const SessionContext& shared, Exchange& exchange)
        : shared_(shared), exchange_(exchange) {}

    /// Writes a request and waits for its answer; each value of the service begins the limit anew.
    /// A control point that has left a request unanswered is not asked again
    /// (ErrorKind::refused), but for that of users.
    asio::awaitable<Result<Bytes>> ask(Endpoint controlPoint, Bytes request, IsAnswer isAnswer);
    /// Ends a procedure without an answer by a request of its own, so that the device is ready for
    /// the next one. One that does not confirm it is asked no more.
    asio::awaitable<void> abort(Endpoint controlPoint, Bytes request, IsAnswer isAnswer);
    /// Takes values until none has come for so long; not for ever, for some devices never pause.
    asio::awaitable<Status> drain(Duration quiet);
    /// It has left a request unanswered: its next answer may be that one.
    [[nodiscard]] bool owesAnswer(const Endpoint& controlPoint) const;
    /// A value came that nobody waited for: of a control point, the answer that was too late.
    void takeLate(const std::string& handle) { unanswered_.erase(handle); }

  private:
    asio::awaitable<Result<Bytes>> awaitAnswer(Endpoint controlPoint, std::uint8_t request,
                                               IsAnswer isAnswer, Duration limit);

    const SessionContext& shared_;
    Exchange& exchange_;
    std::set<std::string> unanswered_;  ///< handles
};

}  // namespace vitalgate::session
