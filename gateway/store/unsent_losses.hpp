#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/store/database.hpp"
#include "gateway/store/log_table.hpp"
#include "gateway/store/ranges_table.hpp"

namespace vitalgate::store {

/// Of each priority and uplink the newest record of rows that gave way. As long as nobody was sent
/// it, what gives way next is joined to it, so that a store that stays full for a month does not
/// fill with records of what it lost. All calls belong inside a transaction.
class UnsentLosses {
  public:
    UnsentLosses(Database& database, LogTable& log, const RangesTable& ranges)
        : database_(database), log_(log), ranges_(ranges) {}

    /// Takes the unsent records of the same kinds out of the log and what they say into `records`,
    /// which may become more: an uplink that knew nothing of a record taken out is told of it. The
    /// sequences that are lost with that.
    Result<RangeSet> join(std::vector<NewRow>& records, const Moment& now);

    /// `record` is in the log.
    Status remember(const NewRow& record);

  private:
    Result<std::uint64_t> joinOne(NewRow& record);
    void tellOthers(std::uint64_t sequence, const std::string& concerned,
                    std::vector<NewRow>& records, const Moment& now);

    Database& database_;
    LogTable& log_;
    const RangesTable& ranges_;
};

}  // namespace vitalgate::store
