#pragma once

#include <string>
#include <vector>

#include "gateway/store/log_table.hpp"
#include "gateway/store/ranges_table.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// An event of the store itself, ready for the log.
NewRow storeEvent(const Moment& now, v1::Severity severity, v1::StoreKind kind, std::string text);

/// The records of a loss: one for each priority, and for each uplink that lacks rows; one without a
/// name where all lack the same. None for rows that every uplink has stored: nothing is lost then.
std::vector<NewRow> lossRecords(const std::vector<LostRow>& lost, v1::LossReason reason,
                                const RangesTable& ranges, const std::string& stream,
                                const Moment& now);

/// Adds to `record` what the earlier record `sequence`, which it takes the place of, says is lost,
/// and that record itself. The count is that of the rows alone.
void joinLoss(const v1::Loss& earlier, std::uint64_t sequence, NewRow& record);
/// Adds to `record` a record of a loss that is replaced and said nothing about its uplink.
void nameReplaced(std::uint64_t sequence, NewRow& record);
/// A record for nameReplaced().
NewRow emptyLoss(const std::string& stream, const std::string& uplink, const Moment& now);

/// The records that say what became of rows of an earlier stream; several where one could not be
/// exact. A range up to kMaximumSequence goes to the end of the stream, whatever that is. An empty
/// `stream`: it is not known.
std::vector<NewRow> earlierLossRecords(const std::string& stream, const RangeSet& rows,
                                       v1::LossReason reason, const Moment& now);

}  // namespace vitalgate::store
