#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace vitalgate::store {

/// Sequences, both included.
struct Range {
    std::uint64_t first = 1;
    std::uint64_t last = 0;
    bool operator==(const Range&) const = default;
};

/// A set of sequences as ranges; adjacent ones merge. Union is all it needs, so acknowledgements
/// may come in any order.
class RangeSet {
  public:
    void add(Range range);
    void remove(Range range);
    [[nodiscard]] bool contains(std::uint64_t sequence) const;
    /// The lowest sequence >= `from` that is not in the set.
    [[nodiscard]] std::uint64_t firstMissing(std::uint64_t from) const;
    /// End of the range that begins at 1; 0 if there is none.
    [[nodiscard]] std::uint64_t cursor() const;
    /// Ascending, disjoint, not adjacent.
    [[nodiscard]] std::vector<Range> ranges() const;
    [[nodiscard]] bool empty() const { return ranges_.empty(); }
    /// Forgets the shortest ranges behind the cursor until at most `limit` are left: costs
    /// duplicates, never data.
    void limitTo(std::size_t limit);
    bool operator==(const RangeSet&) const = default;

  private:
    std::map<std::uint64_t, std::uint64_t> ranges_;  ///< first -> last
};

}  // namespace vitalgate::store
