#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/store/carry_over.hpp"

namespace vitalgate::store {

/// Whether the damaged store at `file` has one of the streams. One of which that cannot be told now
/// counts as if it had.
bool holdsOneOf(const std::vector<std::string>& streams, const std::string& file,
                const StoreOptions& options);

/// The part of a salvage that its start had no time for: goes on in the open store, a step at a
/// time, also after a restart. The damaged file is found in the folder `damaged` by its stream.
class UnfinishedSalvage {
  public:
    UnfinishedSalvage(Database& database, LogTable& log, StoreOptions options, const Log& out)
        : database_(database), log_(log), options_(std::move(options)), out_(out) {}

    /// Finds out what is left to do.
    Status load();
    [[nodiscard]] bool isPending() const { return !streams_.empty(); }
    /// Whether the damaged store at `file` has something left to carry over.
    [[nodiscard]] bool needs(const std::string& file) const {
        return holdsOneOf(streams_, file, options_);
    }

    /// Goes on by one step. Part of a transaction: then committed() or rolledBack().
    Status step(const Moment& now);
    void committed();
    void rolledBack();

  private:
    enum class Found { yes, no, notNow };
    Found find(const std::string& stream);

    Database& database_;
    LogTable& log_;
    StoreOptions options_;
    Log out_;
    std::vector<std::string> streams_;  ///< the next one last
    std::unique_ptr<CarryOver> carry_;
    bool isOver_ = false;
    std::string said_;  ///< to the log, when the transaction stands
};

}  // namespace vitalgate::store
