#pragma once

#include <asio/io_context.hpp>
#include <map>

#include "gateway/runtime/clock.hpp"

namespace vitalgate::testing {

/// Time that moves only when the test says so. run() does what is due now; advance() moves time
/// from timer to timer, running all that each sets free, so hours pass in microseconds.
class VirtualClock final : public Clock {
  public:
    explicit VirtualClock(asio::io_context& loop) : Clock(loop.get_executor()), io_(loop) {}

    [[nodiscard]] WallTime wall() const override { return wall_; }
    [[nodiscard]] SteadyTime steady() const override { return steady_; }
    [[nodiscard]] ClockTrust trust() const override { return trust_; }
    [[nodiscard]] Timer after(Duration delay, std::function<void()> action) override {
        const auto key = std::pair{steady_ + std::max(delay, Duration::zero()), ++count_};
        timers_->emplace(key, std::move(action));
        std::weak_ptr weak = timers_;
        return Timer([weak, key] {
            if (auto timers = weak.lock()) timers->erase(key);
        });
    }

    /// Runs everything that is ready, timers due now included, without moving time.
    void run() { advance(Duration::zero()); }

    void advance(Duration by) {
        const auto until = steady_ + by;
        poll();
        while (!timers_->empty() && timers_->begin()->first.first <= until) {
            auto due = timers_->extract(timers_->begin());
            move(due.key().first - steady_);
            due.mapped()();
            poll();
        }
        move(until - steady_);
    }

    /// The wall clock is set by hand or by the network; steady time is not touched.
    void setWall(WallTime wall) { wall_ = wall; }
    void setTrust(ClockTrust trust) { trust_ = trust; }
    [[nodiscard]] std::size_t pendingTimers() const { return timers_->size(); }

  private:
    using Key = std::pair<SteadyTime, std::uint64_t>;

    void poll() {
        io_.restart();
        io_.poll();
    }
    void move(Duration by) {
        steady_ += by;
        wall_ += by;
    }

    asio::io_context& io_;
    WallTime wall_{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                   std::chrono::hours{8}};
    SteadyTime steady_{std::chrono::hours{1}};
    ClockTrust trust_ = ClockTrust::synchronised;
    std::uint64_t count_ = 0;
    std::shared_ptr<std::map<Key, std::function<void()>>> timers_ =
        std::make_shared<std::map<Key, std::function<void()>>>();
};

}  // namespace vitalgate::testing
