#include "adapters/session/gaps.hpp"

#include <algorithm>

namespace vitalgate::session {

namespace {

std::vector<std::uint16_t> stepsOf(const std::set<std::uint16_t>& minutes) {
    std::vector<std::uint16_t> steps;
    for (auto at = minutes.begin(); at != minutes.end(); ++at) {
        const auto next = std::next(at);
        if (next != minutes.end()) steps.push_back(static_cast<std::uint16_t>(*next - *at));
    }
    return steps;
}

}  // namespace

std::uint16_t usualStep(const std::set<std::uint16_t>& minutes) {
    auto steps = stepsOf(minutes);
    if (steps.empty()) return 1;
    const auto middle = steps.begin() + static_cast<std::ptrdiff_t>((steps.size() - 1) / 2);
    std::ranges::nth_element(steps, middle);
    return *middle;
}

std::vector<Gap> gapsBetween(const std::set<std::uint16_t>& minutes, std::uint16_t step) {
    std::vector<Gap> gaps;
    for (auto at = minutes.begin(); at != minutes.end(); ++at) {
        const auto next = std::next(at);
        if (next == minutes.end() || 2 * (*next - *at) <= 3 * step) continue;
        gaps.push_back(
            {static_cast<std::uint16_t>(*at + step), static_cast<std::uint16_t>(*next - 1)});
    }
    return gaps;
}

}  // namespace vitalgate::session
