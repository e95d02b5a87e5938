#include "gateway/runtime/clock.hpp"

#include <sys/timex.h>

#include <asio/steady_timer.hpp>
#include <ctime>

#include "gateway/runtime/answer.hpp"

namespace vitalgate {

asio::awaitable<void> Clock::sleep(Duration delay) {
    Answer<std::monostate> never;
    co_await never.wait(*this, delay);
}

ClockTrust kernelTrust() {
    timex state{};
    const int result = adjtimex(&state);
    if (result < 0) return ClockTrust::unspecified;
    return (state.status & STA_UNSYNC) != 0 ? ClockTrust::unsynchronised : ClockTrust::synchronised;
}

SystemClock::SystemClock(asio::io_context& loop, std::function<ClockTrust()> ask)
    : Clock(loop.get_executor()), io_(loop), ask_(std::move(ask)) {}

WallTime SystemClock::wall() const {
    return std::chrono::system_clock::now();
}

SteadyTime SystemClock::steady() const {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return SteadyTime{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

ClockTrust SystemClock::trust() const {
    const auto now = ask_();
    if (now == ClockTrust::synchronised) wasSynchronised_ = true;
    return now == ClockTrust::unsynchronised && wasSynchronised_ ? ClockTrust::holdover : now;
}

Timer SystemClock::after(Duration delay, std::function<void()> action) {
    auto timer = std::make_shared<asio::steady_timer>(io_, delay);
    auto cancelled = std::make_shared<bool>(false);
    timer->async_wait([timer, cancelled, action = std::move(action)](const std::error_code& error) {
        if (!error && !*cancelled) action();
    });
    return Timer([weak = std::weak_ptr(timer), cancelled] {
        *cancelled = true;
        if (auto live = weak.lock()) live->cancel();
    });
}

}  // namespace vitalgate
