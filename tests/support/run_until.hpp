#pragma once

#include <algorithm>
#include <asio/io_context.hpp>
#include <chrono>

namespace vitalgate::testing {

/// Runs the loop in real time until `done` says so; false if that takes longer than `limit`. A turn
/// counts for 20 ms at most, so a machine that stands still for a while does not use up the limit.
template <class Predicate>
bool runUntil(asio::io_context& loop, Predicate done,
              std::chrono::milliseconds limit = std::chrono::seconds{5}) {
    using Steady = std::chrono::steady_clock;
    constexpr Steady::duration kTurn = std::chrono::milliseconds{20};
    Steady::duration left = limit;
    while (!done()) {
        if (left <= Steady::duration::zero()) return false;
        loop.restart();
        const auto begin = Steady::now();
        loop.run_one_for(std::min(kTurn, left));
        left -= std::min(kTurn, Steady::now() - begin);
    }
    return true;
}

}  // namespace vitalgate::testing
