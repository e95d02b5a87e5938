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

}  // namespace vitalgate::store
