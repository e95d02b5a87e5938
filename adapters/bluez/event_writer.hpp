#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// Appends events in the order in which they were noticed; what cannot be kept now is kept when it
/// can. Shared, because an append under way holds it; sink and clock must outlive that.
class EventWriter : public std::enable_shared_from_this<EventWriter> {
  public:
    /// Waiting at once. Above it the oldest goes, and its going is logged, but never a loss: losses
    /// of the same device and reason are added up instead.
    static constexpr std::size_t kMaxWaiting = 256;
    static constexpr Duration kRetry = std::chrono::seconds{10};

    EventWriter(Sink& sink, Clock& clock, Log log);

    /// Fills in the time. `device` is empty for the hub itself. The bookmarks are committed with
    /// the event; if that cannot be, with the next one.
    void write(v1::Event event, const std::string& device, v1::Severity severity, std::string text,
               std::vector<Bookmark> bookmarks = {});
    /// Tries at once to append what waits.
    void retry();
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
    /// Values of that device that are lost, and whose loss cannot be appended: memory alone knows.
    [[nodiscard]] std::uint64_t untold(const std::string& device) const;

  private:
    void remember(Bookmark bookmark);
    void start();
    bool addUp(const v1::Event& event);
    void makeRoom();
    asio::awaitable<void> drain();
    void putBack(std::deque<v1::Event> unkept);

    Sink& sink_;
    Clock& clock_;
    Log log_;
    std::deque<v1::Event> waiting_;
    std::deque<v1::Event> underWay_;  ///< to be appended, or to wait again
    std::vector<Bookmark> bookmarks_;
    Timer retry_;
    bool running_ = false;
    bool failing_ = false;
};

}  // namespace vitalgate::bluez
