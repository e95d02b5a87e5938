#include "gateway/store/range_set.hpp"

#include <algorithm>

namespace vitalgate::store {

void RangeSet::add(Range range) {
    range.first = std::max<std::uint64_t>(range.first, 1);
    range.last = std::min(range.last, kMaximumSequence);
    if (range.first > range.last) return;
    auto next = ranges_.upper_bound(range.first);
    if (next != ranges_.begin()) {
        const auto previous = std::prev(next);
        if (previous->second >= range.first - 1) {
            range.first = previous->first;
            range.last = std::max(range.last, previous->second);
            next = ranges_.erase(previous);
        }
    }
    while (next != ranges_.end() && next->first - 1 <= range.last) {
        range.last = std::max(range.last, next->second);
        next = ranges_.erase(next);
    }
    ranges_.emplace(range.first, range.last);
}

void RangeSet::add(const RangeSet& other) {
    for (const auto& [first, last] : other.ranges_) add(Range{first, last});
}

void RangeSet::remove(Range range) {
    if (range.first > range.last) return;
    auto at = ranges_.upper_bound(range.first);
    if (at != ranges_.begin() && std::prev(at)->second >= range.first) --at;
    while (at != ranges_.end() && at->first <= range.last) {
        const Range old{at->first, at->second};
        at = ranges_.erase(at);
        if (old.first < range.first) ranges_.emplace(old.first, range.first - 1);
        if (old.last > range.last) at = ranges_.emplace(range.last + 1, old.last).first;
    }
}

void RangeSet::remove(const RangeSet& other) {
    for (const auto& [first, last] : other.ranges_) remove(Range{first, last});
}

bool RangeSet::contains(std::uint64_t sequence) const {
    return firstMissing(sequence) != sequence;
}

std::uint64_t RangeSet::firstMissing(std::uint64_t from) const {
    const auto next = ranges_.upper_bound(from);
    if (next == ranges_.begin()) return from;
    const auto previous = std::prev(next);
    return previous->second >= from ? previous->second + 1 : from;
}

std::uint64_t RangeSet::cursor() const {
    return firstMissing(1) - 1;
}

RangeSet RangeSet::commonWith(const RangeSet& other) const {
    RangeSet outside(Range{1, kMaximumSequence});
    outside.remove(other);
    RangeSet common = *this;
    common.remove(outside);
    return common;
}

std::vector<Range> RangeSet::ranges() const {
    std::vector<Range> out;
    for (const auto& [first, last] : ranges_) out.push_back({first, last});
    return out;
}

void RangeSet::limitTo(std::size_t limit) {
    while (ranges_.size() > std::max<std::size_t>(limit, 1)) {
        const auto behindCursor =
            ranges_.begin()->first == 1 ? std::next(ranges_.begin()) : ranges_.begin();
        ranges_.erase(std::min_element(
            behindCursor, ranges_.end(),
            [](const auto& a, const auto& b) { return a.second - a.first < b.second - b.first; }));
    }
}

void RangeSet::widenTo(std::size_t limit) {
    limit = std::max<std::size_t>(limit, 1);
    if (ranges_.size() <= limit) return;
    std::vector<Range> gaps;
    for (auto next = std::next(ranges_.begin()); next != ranges_.end(); ++next) {
        gaps.push_back({std::prev(next)->second + 1, next->first - 1});
    }
    std::ranges::sort(gaps, {}, [](const Range& gap) { return gap.last - gap.first; });
    gaps.resize(ranges_.size() - limit);
    for (const auto& gap : gaps) add(gap);
}

}  // namespace vitalgate::store
