#pragma once

#include <cstdint>
#include <vector>

#include "gateway/store/damaged_store.hpp"

namespace vitalgate::store {

/// A passage through the rows of a damaged store, in steps. Where a page cannot be read it goes on
/// behind it, and halves what lies between until all that can be read of it is read.
class RowWalk {
  public:
    RowWalk(DamagedStore& store, Range within)
        : store_(store), end_(within.last + 1), parts_{{within, false}} {}

    /// Calls `take` with the next intact rows, ascending, after looking at 128 rows at most. True
    /// at the end. Fails only where `take` does.
    Result<bool> step(const DamagedStore::TakeRow& take);

    /// What is below has been dealt with: a walk that begins here finds the rest.
    [[nodiscard]] std::uint64_t next() const {
        return parts_.empty() ? end_ : parts_.back().range.first;
    }

  private:
    struct Part {
        Range range;
        bool isSearch;  ///< between a damaged place and where something can be read again
    };
    void goBeyond(Part part, std::uint64_t damaged);
    void push(Range range, bool isSearch);

    DamagedStore& store_;
    std::uint64_t end_;
    std::vector<Part> parts_;  ///< the next one last
    int searches_ = 0;         ///< left in this damaged place
};

}  // namespace vitalgate::store
