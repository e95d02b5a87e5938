#pragma once

#include <cstdint>
#include <vector>

#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"
#include "vitalgate/v1/stream.pb.h"

namespace vitalgate::uplink {

struct LaneLimits {
    std::size_t window = 100;               ///< messages in flight, all kinds together
    std::size_t batchBytes = 64 * 1024;     ///< payload of a batch
    std::size_t maximumBytes = 256 * 1024;  ///< payload the broker takes at all
};

/// Rows to be read from the store, for one lane.
struct LaneFetch {
    v1::Lane lane = v1::LANE_UNSPECIFIED;
    std::uint64_t number = 0;
    store::Range within;
    store::RangeSet except;
    std::uint64_t maximumBytes = 0;
};

/// One message to publish: its rows ascend; a live one has exactly one.
struct LaneMessage {
    std::uint64_t number = 0;
    v1::Lane lane = v1::LANE_UNSPECIFIED;
    std::vector<store::StoredRow> rows;
    std::vector<store::Range> cover;  ///< what it stands for
};

inline store::RangeSet setOf(const std::vector<store::Range>& ranges) {
    store::RangeSet set;
    for (const auto& range : ranges) set.add(range);
    return set;
}

/// What the acknowledgement of one message means.
struct LaneAcknowledgement {
    v1::Lane lane = v1::LANE_UNSPECIFIED;
    std::vector<store::Range> cover;
};

}  // namespace vitalgate::uplink
