#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"
#include "vitalgate/v1/stream.pb.h"

namespace vitalgate::uplink {

/// What a row adds to a Batch: tag, length and its own bytes.
std::size_t batchBytesOf(const store::StoredRow& row);

/// Room kept for the fields in front of the records: hub (64), stream (13), two sequences, lane,
/// command id (36).
inline constexpr std::size_t kBatchHeaderBytes = 160;

/// Takes rows from the front of `ready` as long as they fit into a batch of `batchBytes`, but at
/// least one. A row of `alone` shares its message with no other.
std::vector<store::StoredRow> takeBatch(std::deque<store::StoredRow>& ready, std::size_t batchBytes,
                                        const store::RangeSet& alone);

/// Header and rows as one serialised Batch. The stored bytes go in as they are: a message followed
/// by more fields of it is the message (protobuf encoding, "Last One Wins" and repeated fields).
std::string encodeBatch(const v1::Batch& header, std::span<const store::StoredRow> rows);

}  // namespace vitalgate::uplink
