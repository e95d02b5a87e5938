#include "gateway/store/range_set.hpp"

#include <algorithm>
#include <utility>

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
    RangeSet common;
    auto mine = ranges_.begin();
    auto theirs = other.ranges_.begin();
    while (mine != ranges_.end() && theirs != other.ranges_.end()) {
        const auto first = std::max(mine->first, theirs->first);
        const auto last = std::min(mine->second, theirs->second);
        if (first <= last) common.ranges_.emplace_hint(common.ranges_.end(), first, last);
        mine->second < theirs->second ? static_cast<void>(++mine) : static_cast<void>(++theirs);
    }
    return common;
}

std::vector<Range> RangeSet::ranges() const {
    std::vector<Range> out;
    for (const auto& [first, last] : ranges_) out.push_back({first, last});
    return out;
}

std::uint64_t RangeSet::count() const {
    std::uint64_t count = 0;
    for (const auto& [first, last] : ranges_) count += last - first + 1;
    return count;
}

void RangeSet::limitTo(std::size_t limit) {
    limit = std::max<std::size_t>(limit, 1);
    if (ranges_.size() <= limit) return;
    std::vector<std::map<std::uint64_t, std::uint64_t>::iterator> shortest;
    shortest.reserve(ranges_.size());
    const bool keepsFirst = ranges_.begin()->first == 1;
    for (auto at = std::next(ranges_.begin(), keepsFirst ? 1 : 0); at != ranges_.end(); ++at) {
        shortest.push_back(at);
    }
    const auto surplus = static_cast<std::ptrdiff_t>(ranges_.size() - limit);
    std::ranges::nth_element(shortest, shortest.begin() + (surplus - 1), {}, [](const auto& at) {
        return std::pair{at->second - at->first, at->first};
    });
    shortest.resize(static_cast<std::size_t>(surplus));
    for (const auto& at : shortest) ranges_.erase(at);
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
