#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/simulator/output.hpp"

namespace vitalgate::simulator {

/// A measurement that a device has stored.
struct Record {
    std::uint64_t number = 0;  ///< of the measurement, as the ledger counts
    std::uint16_t key = 0;  ///< records are chosen by it: sequence number, or minutes of a session
    Outputs values{};       ///< in the order in which they go out
    bool delivered = false;
};

/// The records of a device, in the order of measuring.
class RecordStore {
  public:
    /// The number that the next record gets; from 0, and again after 65535.
    [[nodiscard]] std::uint16_t nextSequence() { return sequence_++; }
    void add(Record record) { records_.push_back(std::move(record)); }

    [[nodiscard]] const std::deque<Record>& all() const { return records_; }
    /// The record of a measurement; null if there is none.
    [[nodiscard]] const Record* find(std::uint64_t number) const;
    [[nodiscard]] bool hasUndelivered() const;
    void delivered(std::uint64_t number);

    /// Gives up the oldest.
    void trim(std::size_t limit);
    void remove(const std::function<bool(const Record&)>& isChosen);
    /// Begins to count anew.
    void clear(std::string why);

    /// Measurements that went without having been delivered since this was asked last, and why.
    using Lost = std::vector<std::pair<std::uint64_t, std::string>>;
    Lost takeLost() { return std::exchange(lost_, {}); }

  private:
    void note(const Record& record, const std::string& why);

    std::deque<Record> records_;
    std::uint16_t sequence_ = 0;
    Lost lost_;
};

}  // namespace vitalgate::simulator
