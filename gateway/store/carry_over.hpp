#pragma once

#include <optional>

#include "gateway/base/time.hpp"
#include "gateway/store/carry_progress.hpp"
#include "gateway/store/damaged_store.hpp"
#include "gateway/store/log_table.hpp"
#include "gateway/store/row_walk.hpp"

namespace vitalgate::store {

/// Carries over what a damaged store has into this one, little by little: the rows that were not
/// delivered, in their order and under the same ids, then the ids of those that were. What became
/// of each row is told in records of losses, damaged ones only once all before them was read. Every
/// call is part of a transaction; after one that was rolled back this must not be used any more.
class CarryOver {
  public:
    /// `progress`: as it stands in the table.
    CarryOver(Database& database, LogTable& log, DamagedStore old, CarryProgress progress)
        : database_(database), log_(log), old_(std::move(old)), progress_(std::move(progress)) {}
    CarryOver(const CarryOver&) = delete;
    CarryOver& operator=(const CarryOver&) = delete;

    /// First, once: finds what there is to do, and carries over the records that tell of losses,
    /// because nothing else says what they say.
    Status begin(const Moment& now);

    /// Goes on by 128 rows or 500 ids at most. True at the end.
    Result<bool> step(const Moment& now);

    [[nodiscard]] const CarryProgress& progress() const { return progress_; }
    [[nodiscard]] DamagedStore& old() { return old_; }

  private:
    Result<bool> rowStep(const Moment& now);
    Result<bool> idStep();
    Status carry(IntactRow row, const Moment& now);

    Database& database_;
    LogTable& log_;
    DamagedStore old_;
    CarryProgress progress_;
    RangeSet carried_;  ///< by this step
    std::optional<RowWalk> walk_;
    IdPassage ids_;
};

/// Tells the rest of a damaged store as lost, none of which can be read any more, and forgets how
/// far it was carried over.
Status giveUpCarrying(Database& database, LogTable& log, CarryProgress progress, const Moment& now);

}  // namespace vitalgate::store
