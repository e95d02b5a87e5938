#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "tests/store/disk_layer.hpp"

namespace vitalgate::store::testing {

/// A disk for SQLite that fails when told to. One at a time.
class FaultyDisk final : public DiskLayer {
  public:
    /// noSync is none: it makes tests quick that need no disk at all.
    enum class Fault { none, full, readOnly, failingSync, failingRead, noSync };

    FaultyDisk() : DiskLayer(name()) {}

    /// What StoreOptions.vfs must be.
    static std::string name() { return "faulty-disk"; }

    void set(Fault fault) { fault_ = fault; }
    [[nodiscard]] Fault fault() const { return fault_; }

    /// This place of the store's file, where a page begins, cannot be read; -1: every one can.
    void failReadsAt(std::int64_t place) { unreadable_ = place; }

    /// From now on every sync of another thread waits until release().
    void holdSyncs();
    void release();
    /// Comes back when a sync waits.
    void awaitHeldSync();

    [[nodiscard]] int writes() const { return writes_; }
    [[nodiscard]] int syncs() const { return syncs_; }

    std::optional<int> before(const DiskRequest& request) override;

  private:
    void noteSync();

    std::atomic<Fault> fault_ = Fault::none;
    std::atomic<std::int64_t> unreadable_ = -1;
    std::atomic<int> writes_ = 0;
    std::atomic<int> syncs_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
    std::thread::id holder_;
    int waiting_ = 0;
};

}  // namespace vitalgate::store::testing
