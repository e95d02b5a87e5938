#pragma once

#include <asio/io_context.hpp>
#include <chrono>

namespace vitalgate::testing {

/// Runs the loop in real time until `done` says so; false if that takes longer than `limit`.
template <class Predicate>
bool runUntil(asio::io_context& loop, Predicate done,
              std::chrono::milliseconds limit = std::chrono::seconds{5}) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        loop.restart();
        loop.run_one_for(std::chrono::milliseconds{20});
    }
    return true;
}

}  // namespace vitalgate::testing
