#pragma once

#include <sqlite3.h>

#include <optional>
#include <string>
#include <string_view>

namespace vitalgate::store::testing {

/// What SQLite asks of the disk.
struct DiskRequest {
    enum class Kind { open, read, write, truncate, sync, remove, askWritable, pragma };

    Kind kind;
    std::string_view path;
    std::int64_t at = 0;    ///< of a read or write; the new size of a truncation
    std::string_view data;  ///< of a write; of a pragma: name=value
    bool syncsFolder = false;
};

/// A layer for SQLite in front of its own: each request passes here first. Without shared memory,
/// so a store that needed it would not open.
class DiskLayer {
  public:
    DiskLayer(const DiskLayer&) = delete;
    DiskLayer& operator=(const DiskLayer&) = delete;
    virtual ~DiskLayer();

    /// SQLite's result code if the request ends here; nothing to let it pass. Any thread may call.
    virtual std::optional<int> before(const DiskRequest& request) = 0;

  protected:
    /// `name`: what StoreOptions.vfs must be.
    explicit DiskLayer(std::string name);

  private:
    std::string name_;
    sqlite3_vfs vfs_;
};

}  // namespace vitalgate::store::testing
