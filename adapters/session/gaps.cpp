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

/// Losses do not repeat each other: a distance that comes so often in a row is the sensor's own,
/// set to another interval meanwhile.
constexpr std::size_t kRegular = 6;

bool isRegular(const std::vector<std::uint16_t>& steps, std::size_t at) {
    auto first = at;
    while (first > 0 && steps[first - 1] == steps[at]) --first;
    auto last = at;
    while (last + 1 < steps.size() && steps[last + 1] == steps[at]) ++last;
    return last - first + 1 >= kRegular;
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
    const auto steps = stepsOf(minutes);
    auto at = minutes.begin();
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto minute = *at++;
        if (2 * steps[i] <= 3 * step || isRegular(steps, i)) continue;
        gaps.push_back(
            {static_cast<std::uint16_t>(minute + step), static_cast<std::uint16_t>(*at - 1)});
    }
    return gaps;
}

}  // namespace vitalgate::session
