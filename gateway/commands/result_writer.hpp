#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::commands {

/// Stores results of commands. A final one that the store does not take, as while intake is closed,
/// is tried again until it is stored, or the process ends. On the loop.
class ResultWriter : public std::enable_shared_from_this<ResultWriter> {
  public:
    /// So many wait. Above that the oldest goes that has no entry in the ledger, else the newest;
    /// the log says so.
    static constexpr std::size_t kMostWaiting = 64;
    static constexpr Duration kRetry = std::chrono::seconds{3};

    struct Answer {
        std::optional<store::CommandEntry> entry;  ///< goes into the ledger with the result
        v1::CommandResult result;
        std::function<void()> settled;  ///< it is stored, or never will be; may be empty
    };

    /// The references must outlive it.
    ResultWriter(store::Store& store, Clock& clock, Log log)
        : store_(store), clock_(clock), log_(std::move(log)) {}

    void write(Answer answer);
    /// Tries what waits at once, as far as intake is open.
    void retry();
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  private:
    void written(Answer answer, const Result<store::Appended>& stored);
    void keep(Answer answer);
    void retryLater();

    store::Store& store_;
    Clock& clock_;
    Log log_;
    std::deque<Answer> waiting_;
    Timer timer_;
};

}  // namespace vitalgate::commands
