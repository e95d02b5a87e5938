#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tests/store/disk_layer.hpp"

namespace vitalgate::store::testing {

/// One change of the disk, or a mark of the test's between two of them.
struct DiskEvent {
    enum class Kind { open, create, write, truncate, sync, remove, mark };

    Kind kind;
    std::string name;     ///< of the file, without its folder
    std::int64_t at = 0;  ///< of a write; the new size of a truncation; the number of a mark
    std::string data = {};
    bool syncsFolder = false;
};

/// A disk for SQLite that keeps account of all that is done to it. It does not really sync.
class RecordingDisk : public DiskLayer {
  public:
    RecordingDisk() : DiskLayer(name()) {}
    static std::string name() { return "recording-disk"; }

    std::optional<int> before(const DiskRequest& request) override;
    void mark(std::int64_t number);
    /// What was done since the last time.
    std::vector<DiskEvent> take();

  private:
    void add(DiskEvent event);

    std::mutex mutex_;
    std::vector<DiskEvent> events_;
};

/// How much of what was not synced a power cut leaves on the disk.
enum class Left {
    nothing,
    everything,
    writes,   ///< some writes, whatever their order
    sectors,  ///< some sectors of 512 octets, whatever their order
    torn,     ///< the same, and some of these in part
};

/// What is on a disk: files as they were last synced, and apart from these what was done since. A
/// name that was given or taken away lasts from the next sync of the folder on; the order of such
/// changes is kept, as journalling file systems do.
class UnsyncedDisk {
  public:
    using Files = std::map<std::string, std::string>;

    explicit UnsyncedDisk(const Files& synced);

    void apply(const DiskEvent& event);
    [[nodiscard]] bool hasUnsynced() const;
    [[nodiscard]] Files afterPowerCut(Left left, std::mt19937_64& random) const;

  private:
    struct Content {
        std::string synced;
        std::vector<DiskEvent> unsynced;
    };
    using ContentPtr = std::shared_ptr<Content>;
    struct Renaming {
        std::string name;
        ContentPtr content;  ///< nothing: the name was taken away
    };

    void rename(const std::string& name, ContentPtr content, bool syncsFolder);
    void syncFolder();

    std::map<std::string, ContentPtr> now_;
    std::map<std::string, ContentPtr> synced_;
    std::vector<Renaming> renamings_;
};

}  // namespace vitalgate::store::testing
