#pragma once

#include <deque>
#include <memory>
#include <string>

#include "adapters/adapter.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// Appends events in the order in which they were noticed. Shared, because an append under way
/// holds it; sink and clock must outlive that.
class EventWriter : public std::enable_shared_from_this<EventWriter> {
  public:
    /// Waiting at once; above it, and while intake is closed, events are dropped, which is logged.
    static constexpr std::size_t kMaxWaiting = 256;

    EventWriter(Sink& sink, Clock& clock, Log log);

    /// Fills in the time. `device` is empty for the hub itself.
    void write(v1::Event event, const std::string& device, v1::Severity severity, std::string text);
    [[nodiscard]] bool isIdle() const { return !running_; }

  private:
    asio::awaitable<void> drain();

    Sink& sink_;
    Clock& clock_;
    Log log_;
    std::deque<v1::Event> waiting_;
    bool running_ = false;
};

}  // namespace vitalgate::bluez
