#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::app {

/// Stores the hub's own events. What the store does not take, as while intake is closed, waits in
/// memory and is tried again. On the loop.
class EventKeeper : public std::enable_shared_from_this<EventKeeper> {
  public:
    /// So many wait; above that the oldest go, and the log says how many.
    static constexpr std::size_t kMostWaiting = 256;
    static constexpr Duration kRetry = std::chrono::seconds{3};

    /// The references must outlive it.
    EventKeeper(store::Store& store, Clock& clock, Log log)
        : store_(store), clock_(clock), log_(std::move(log)) {}

    /// `tried`, if given, runs when the event is stored, or waits.
    void store(store::NewRow row, std::function<void()> tried);
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  private:
    void keep(store::NewRow row, const Error& why);
    void retryLater();
    void retry();

    store::Store& store_;
    Clock& clock_;
    Log log_;
    std::deque<store::NewRow> waiting_;
    std::uint64_t dropped_ = 0;
    Timer timer_;
};

}  // namespace vitalgate::app
