#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace vitalgate::store {

/// Sequences count from 1 up to what SQLite can hold.
inline constexpr std::uint64_t kMaximumSequence = std::numeric_limits<std::int64_t>::max();

/// Sequences, both included.
struct Range {
    std::uint64_t first = 1;
    std::uint64_t last = 0;
    bool operator==(const Range&) const = default;
};

/// A set of sequences as ranges; adjacent ones merge. Union is all that acknowledgements need, so
/// they may come in any order.
class RangeSet {
  public:
    RangeSet() = default;
    /// One range; nothing if it is empty.
    explicit RangeSet(Range range) { add(range); }

    /// Sequences outside 1 … kMaximumSequence are left out.
    void add(Range range);
    void add(const RangeSet& other);
    void remove(Range range);
    void remove(const RangeSet& other);
    [[nodiscard]] bool contains(std::uint64_t sequence) const;
    /// The lowest sequence >= `from` that is not in the set.
    [[nodiscard]] std::uint64_t firstMissing(std::uint64_t from) const;
    /// End of the range that begins at 1; 0 if there is none.
    [[nodiscard]] std::uint64_t cursor() const;
    /// What is in both.
    [[nodiscard]] RangeSet commonWith(const RangeSet& other) const;
    /// Ascending, disjoint, not adjacent.
    [[nodiscard]] std::vector<Range> ranges() const;
    [[nodiscard]] bool empty() const { return ranges_.empty(); }
    /// How many sequences.
    [[nodiscard]] std::uint64_t count() const;
    /// Forgets the shortest ranges behind the cursor, of equal ones the lowest, until at most
    /// `limit` (at least 1) are left: costs duplicates, never data. Linear in the number of ranges.
    void limitTo(std::size_t limit);
    /// Fills the smallest gaps until at most `limit` ranges (at least 1) are left.
    void widenTo(std::size_t limit);
    bool operator==(const RangeSet&) const = default;

  private:
    std::map<std::uint64_t, std::uint64_t> ranges_;  ///< first -> last
};

}  // namespace vitalgate::store
