#include "gateway/store/row_walk.hpp"

namespace vitalgate::store {

namespace {

constexpr std::size_t kRows = 128;
constexpr int kParts = 16;

/// Looks into one damaged place at most.
constexpr int kSearches = 256;

}  // namespace

Result<bool> RowWalk::step(const DamagedStore::TakeRow& take) {
    for (int part = 0; part < kParts && !parts_.empty(); ++part) {
        const auto now = parts_.back();
        const auto scan = store_.scan(now.range, kRows, take);
        if (!scan) return std::unexpected(scan.error());
        if (scan->end == ReadEnd::more) {
            parts_.back().range.first = scan->next;
            return false;
        }
        parts_.pop_back();
        if (scan->end == ReadEnd::damage) goBeyond(now, scan->next);
    }
    return parts_.empty();
}

void RowWalk::goBeyond(Part part, std::uint64_t damaged) {
    const auto last = part.range.last;
    if (part.isSearch) {
        if (searches_ <= 0 || damaged >= last) return;
        searches_ -= 2;
        const auto middle = damaged + 1 + (last - damaged - 1) / 2;
        push({middle + 1, last}, true);
        push({damaged + 1, middle}, true);
        return;
    }
    const auto next = store_.beyond(damaged, last);
    searches_ = kSearches;
    if (next) push({*next, last}, false);
    push({damaged + 1, next ? *next - 1 : last}, true);
}

void RowWalk::push(Range range, bool isSearch) {
    if (range.first <= range.last) parts_.push_back({range, isSearch});
}

}  // namespace vitalgate::store
