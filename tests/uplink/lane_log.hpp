#pragma once

#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "gateway/uplink/lanes.hpp"

namespace vitalgate::uplink {

/// Lanes with a log beside them; rows of `rowBytes` octets, some of them removed.
struct Log {
    explicit Log(std::uint64_t newest, LaneLimits limits = {}, store::RangeSet sent = {},
                 const store::RangeSet& again = {})
        : last(newest), lanes(limits, std::move(sent), newest, random, again) {}

    std::vector<store::StoredRow> rows(const LaneFetch& fetch) const {
        std::vector<store::StoredRow> found;
        std::uint64_t bytes = 0;
        for (auto sequence = fetch.within.first; sequence <= fetch.within.last; ++sequence) {
            if (fetch.except.contains(sequence) || removed.contains(sequence)) continue;
            bytes += rowBytes;
            if (!found.empty() && bytes > fetch.maximumBytes) break;
            found.push_back({sequence, v1::PRIORITY_READING, {}, std::string(rowBytes, 'x')});
        }
        return found;
    }
    void fetchAll() {
        while (const auto fetch = lanes.nextFetch(now)) {
            fetches.push_back(*fetch);
            lanes.fetched(fetch->number, rows(*fetch));
        }
    }
    /// Everything that may go out now.
    std::vector<LaneMessage> messages() {
        std::vector<LaneMessage> out;
        while (true) {
            fetchAll();
            auto message = lanes.nextMessage(now);
            if (!message) return out;
            out.push_back(std::move(*message));
        }
    }
    void commit(std::uint64_t count = 1) {
        last += count;
        lanes.committed(last, now);
    }
    void acknowledge(const std::vector<LaneMessage>& list) {
        for (const auto& message : list) CHECK(lanes.acknowledged(message.number));
    }

    std::uint64_t last;
    SteadyTime now{std::chrono::hours{1}};
    std::size_t rowBytes = 200;
    store::RangeSet removed;
    SeededRandom random{1};
    Lanes lanes;
    std::vector<LaneFetch> fetches;
};

inline std::vector<std::uint64_t> sequences(const LaneMessage& message) {
    std::vector<std::uint64_t> list;
    for (const auto& row : message.rows) list.push_back(row.sequence);
    return list;
}

}  // namespace vitalgate::uplink
