#include "adapters/session/flood_guard.hpp"

namespace vitalgate::session {

FloodGuard::FloodGuard(const SessionContext& shared)
    : shared_(shared),
      bucket_(shared.options.limits.valuesPerSecond, std::chrono::seconds{1},
              shared.options.limits.burst) {}

asio::awaitable<bool> FloodGuard::pass(bool isAsked) {
    const auto wait = bucket_.take(shared_.clock.steady());
    if (isOpen_) co_return true;
    throttled_ = wait == Duration::zero() || isAsked ? 0 : throttled_ + 1;
    if (throttled_ > shared_.options.limits.throttledValues) co_return false;
    if (wait > Duration::zero()) {
        pause_ = Answer<std::monostate>();
        co_await pause_.wait(shared_.clock, wait);
    }
    co_return true;
}

void FloodGuard::open() {
    isOpen_ = true;
    pause_.set(std::monostate{});
}

}  // namespace vitalgate::session
