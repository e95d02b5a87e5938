#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "gateway/store/engine.hpp"

namespace vitalgate::store {

/// Part of a transaction that is shared with whatever else waits.
struct Write {
    Moment now;
    std::size_t bytes = 0;
    std::function<Status(Engine&)> work;      ///< inside the transaction
    std::function<void(const Status&)> done;  ///< on the loop, after it
};

/// Something to look up, step by step.
struct Read {
    Moment now;
    std::function<Result<bool>(Engine&)> step;  ///< true at the end
    std::function<void(const Status&)> done;    ///< on the loop
};

/// The store's thread. What it is given is queued; nothing here blocks the caller but stop(). All
/// writes that wait become one transaction; then, before the next one, one step of anything else,
/// so that neither starves the other. The queues belong to this thread: others only post to it.
class Worker {
  public:
    /// Runs on the loop after each transaction, and after whatever else changed the status: the
    /// status, and how many rows are new.
    using Report = std::function<void(const StoreStatus& status, bool hasNewRows)>;

    Worker(std::unique_ptr<Engine> engine, asio::any_io_executor loop, Report report);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { stop(); }

    void write(Write write);
    void read(Read read);
    /// Waits behind everything else to be read, at each step.
    void search(Read search);
    /// Runs on the store's thread, at once after what was posted before.
    void change(std::function<void(Engine&)> change);
    /// Writes what waits and tries to open a closed intake.
    void flush(const Moment& now);
    /// `alive` on the loop after the step that is under way, whatever waits.
    void probe(const Moment& now, std::function<void()> alive);
    /// Carries on with a salvage, if the engine has one, whenever nothing waits.
    void salvage(const Moment& now);
    /// Removes what is out of date, little by little, whenever there is nothing else to do but a
    /// salvage, with which it takes turns.
    void purge(const Moment& now);

    /// Commits or answers all that was given, closes the file and ends the thread. Blocks.
    void stop();

  private:
    void post(std::function<void()> action);
    void schedule();
    void work();
    void commitWaiting();
    void readStep(std::deque<Read>& queue);
    Status loseDamaged(const Moment& now);
    void report(bool hasNewRows);
    void finish();

    std::unique_ptr<Engine> engine_;
    asio::any_io_executor loop_;
    Report report_;
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;

    std::deque<Write> writes_;
    std::deque<Read> reads_;
    std::deque<Read> searches_;
    bool isScheduled_ = false;
    bool isPurging_ = false;
    bool purgesNext_ = false;  ///< purging and a salvage take turns
    Moment now_;               ///< of the latest request

    std::thread thread_;
};

}  // namespace vitalgate::store
