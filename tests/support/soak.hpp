#pragma once

#include <cstdlib>

namespace vitalgate::testing {

/// How often a test repeats: the first number in every run, the second in `tests/run soak`.
inline int soak(int everyRun, int full) {
    return std::getenv("VITALGATE_SOAK") == nullptr ? everyRun : full;
}

}  // namespace vitalgate::testing
