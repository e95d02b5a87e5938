#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "gateway/base/time.hpp"

namespace vitalgate {

/// A timer that is set; dropping it cancels it, and then its action never runs.
class Timer {
  public:
    Timer() = default;
    explicit Timer(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    Timer(Timer&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
    Timer& operator=(Timer&& other) noexcept {
        if (this != &other) {
            this->cancel();
            cancel_ = std::exchange(other.cancel_, nullptr);
        }
        return *this;
    }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }

    /// Safe at any time, also after it has run.
    void cancel() {
        if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
    }

  private:
    std::function<void()> cancel_;
};

/// The only source of time. All calls on the loop's thread.
class Clock {
  public:
    explicit Clock(asio::any_io_executor loop) : loop_(std::move(loop)) {}
    virtual ~Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;

    [[nodiscard]] virtual WallTime wall() const = 0;
    [[nodiscard]] virtual SteadyTime steady() const = 0;
    [[nodiscard]] virtual ClockTrust trust() const = 0;

    /// Runs `action` once on the loop when `delay` has passed, never from inside this call.
    [[nodiscard]] virtual Timer after(Duration delay, std::function<void()> action) = 0;

    /// Resumes after `delay`. A coroutine that must be able to stop early waits on an Answer.
    asio::awaitable<void> sleep(Duration delay);

    [[nodiscard]] Moment now() const { return {wall(), trust(), boot_, steady()}; }
    /// The number that every later Moment carries; known once the store is open.
    void setBoot(std::uint32_t boot) { boot_ = boot; }
    [[nodiscard]] const asio::any_io_executor& loop() const { return loop_; }

  private:
    asio::any_io_executor loop_;
    std::uint32_t boot_ = 0;
};

/// What the kernel says of its wall clock at the moment (adjtimex(2)): synchronised or not.
ClockTrust kernelTrust();

/// The kernel's clocks.
class SystemClock final : public Clock {
  public:
    /// `ask`: kernelTrust, or what a test puts in its place.
    explicit SystemClock(asio::io_context& loop, std::function<ClockTrust()> ask = kernelTrust);
    [[nodiscard]] WallTime wall() const override;
    [[nodiscard]] SteadyTime steady() const override;
    /// A clock that the kernel called synchronised since this object was made, and calls so no
    /// more, is in holdover: it runs on from its last word of NTP, which the kernel waits for some
    /// hours only.
    [[nodiscard]] ClockTrust trust() const override;
    [[nodiscard]] Timer after(Duration delay, std::function<void()> action) override;

  private:
    asio::io_context& io_;
    std::function<ClockTrust()> ask_;
    mutable bool wasSynchronised_ = false;
};

}  // namespace vitalgate
