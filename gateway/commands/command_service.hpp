#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "gateway/commands/policy.hpp"
#include "gateway/commands/refusal_report.hpp"
#include "gateway/commands/request.hpp"
#include "gateway/commands/result_writer.hpp"
#include "gateway/commands/target.hpp"
#include "gateway/commands/verify.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::commands {

inline constexpr std::size_t kMostQueued = 64;  ///< accepted and not finished, all targets together
inline constexpr Duration kRunLimit = std::chrono::minutes{10};
/// A command that takes longer than this gets a result that says `running` first.
inline constexpr Duration kTellRunningAfter = std::chrono::seconds{2};
/// Answers to what is not run (refused, repeated): a flood must not fill the store. What is above
/// is counted in the security event and not answered.
inline constexpr Rate kUnrunAnswers{60, std::chrono::minutes{1}};

/// Where a requester awaits its answer.
struct AnswerRoute {
    std::string uplink;
    std::string commandId;
    std::string responseTopic;  ///< empty: the uplink's results topic
    std::string correlation;    ///< for the transport; the result carries it too
};

/// What the command service tells the application.
struct ServiceEvents {
    /// A security event; whoever takes it gives it an id and a time.
    std::function<void(v1::Event)> event;
    /// Before a result is stored. Uplinks other than the one named send it on their results topic.
    std::function<void(const AnswerRoute&)> route;
};

/// The way of a command: verify, look it up in the ledger, run it once, answer. Every request gets
/// a result in the store's stream, within the limits above; while the store takes nothing it waits
/// (ResultWriter). A command id is run at most once for
/// ever; what was begun and not finished when the process ended is answered as unknown. Commands
/// for the same target run one after the other, others side by side. All on the loop.
class CommandService : public std::enable_shared_from_this<CommandService> {
  public:
    /// The references must outlive the loop's last turn.
    CommandService(Policy policy, store::Store& store, Clock& clock, CommandTarget& target,
                   ServiceEvents events, Log log);

    /// Reads what the ledger knows of earlier runs; `done` when requests may come.
    void start(std::function<void()> done);
    void receive(const Request& request);
    /// Refuses what has not begun to run and takes nothing more. What waits for the store is tried
    /// once more.
    void stop();

    [[nodiscard]] std::uint64_t refused() const { return report_.total(); }
    [[nodiscard]] std::size_t queued() const { return unfinished_; }

  private:
    /// One request on its way.
    struct Job {
        Verdict verdict;
        std::string uplink;
    };
    using JobPtr = std::shared_ptr<Job>;

    void loadOrder();
    void orderLoaded(const Result<std::vector<store::BookmarkChange>>& marks,
                     const Result<store::CommandSequences>& ledger);
    void limit(Verdict& verdict);
    void begin(const JobPtr& job);
    void begun(const JobPtr& job, const std::optional<store::CommandEntry>& known);
    void answerAgain(const JobPtr& job, const store::CommandEntry& known);
    bool isStale(const Verdict& verdict) const;
    bool isUnderWay(const Verdict& verdict) const;
    void keepOrder(const JobPtr& job);
    void enqueue(const JobPtr& job);
    asio::awaitable<void> serve(std::string target);
    asio::awaitable<void> runOne(JobPtr job);
    asio::awaitable<v1::CommandResult> runLimited(JobPtr job);
    void refuse(const JobPtr& job, v1::CommandRefusal refusal, std::string text);
    void finish(const JobPtr& job, v1::CommandResult result);
    void answerUnledgered(const JobPtr& job, v1::CommandResult result);
    void finishUnknown(const store::CommandEntry& open);
    void reportRefusal(const Job& job);
    void announce(const Job& job) const;
    [[nodiscard]] v1::CommandResult resultOf(const Job& job, v1::CommandState state) const;
    [[nodiscard]] store::CommandEntry entryOf(const Job& job, v1::CommandResult result) const;

    Policy policy_;
    store::Store& store_;
    Clock& clock_;
    CommandTarget& target_;
    ServiceEvents events_;
    Log log_;
    RefusalReport report_;
    std::shared_ptr<ResultWriter> results_;
    TokenBucket unrunAnswers_ = kUnrunAnswers.bucket();
    std::map<std::string, TokenBucket, std::less<>> rates_;  ///< by key id
    std::map<std::string, JobPtr, std::less<>> running_;  ///< by command id, queued ones included
    std::map<std::string, std::deque<JobPtr>> queues_;    ///< by target, while it is served
    bool isOrderKnown_ = false;                       ///< of earlier commands: sequences_ was read
    std::map<std::string, std::uint64_t> sequences_;  ///< highest, by key and target
    std::map<std::string, std::set<std::uint64_t>> unkeptSequences_;  ///< being stored
    Timer loadTimer_;
    std::size_t unfinished_ = 0;
    bool isStopped_ = false;
};

}  // namespace vitalgate::commands
