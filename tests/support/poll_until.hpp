#pragma once

#include <chrono>
#include <thread>

namespace vitalgate::testing {

/// True as soon as `condition()` is; false if it is not within `limit`. For what another process
/// does and tells nobody: the only place in the tests where time is spent waiting.
template <class Condition>
bool pollUntil(Condition condition, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

}  // namespace vitalgate::testing
