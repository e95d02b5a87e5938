#pragma once

namespace vitalgate::store::testing {

/// SQLite's memory while this lives: one of its allocations fails, when told to. Made and destroyed
/// while no database is open; one at a time.
class FailingAllocations {
  public:
    FailingAllocations();
    ~FailingAllocations();
    FailingAllocations(const FailingAllocations&) = delete;
    FailingAllocations& operator=(const FailingAllocations&) = delete;

    /// From now on the one with this number, from 1, fails.
    void failAt(long number);
    /// None fails any more. Gives whether one has failed.
    bool end();
};

}  // namespace vitalgate::store::testing
