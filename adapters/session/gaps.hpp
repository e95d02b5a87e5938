#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace vitalgate::session {

/// Minutes of a sensor's session for which it has no record, both ends included.
struct Gap {
    std::uint16_t firstMinute = 0;
    std::uint16_t lastMinute = 0;
    bool operator==(const Gap&) const = default;
};

/// The usual distance of records, at least 1: the median.
std::uint16_t usualStep(const std::set<std::uint16_t>& minutes);

/// Where more than a step and a half lies between two records, `step` minutes apart; not where the
/// records came evenly at a greater distance. Pure.
std::vector<Gap> gapsBetween(const std::set<std::uint16_t>& minutes, std::uint16_t step);

}  // namespace vitalgate::session
