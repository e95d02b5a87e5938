#include "gateway/commands/command_service.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <charconv>
#include <utility>

#include "gateway/base/failpoint.hpp"
#include "gateway/commands/kinds.hpp"
#include "gateway/runtime/answer.hpp"

namespace vitalgate::commands {

namespace {

/// Under this name the highest sequences are kept among the bookmarks; no device is called so.
constexpr std::string_view kSequencesKey = "@command-sequences";

/// What a target is called in the ledger: the hub has no device id.
constexpr std::string_view kHubTarget = "@hub";

constexpr Duration kLoadAgain = std::chrono::seconds{3};

std::string targetOf(const Verdict& verdict) {
    return verdict.device.empty() ? std::string{kHubTarget} : verdict.device;
}

std::string sequenceName(std::string_view keyId, std::string_view target) {
    return fmt::format("{}/{}", keyId, target);
}

std::string sequenceName(const Verdict& verdict) {
    return sequenceName(verdict.keyId, targetOf(verdict));
}

}  // namespace

CommandService::CommandService(Policy policy, store::Store& store, Clock& clock,
                               CommandTarget& target, ServiceEvents events, Log log)
    : policy_(std::move(policy)),
      store_(store),
      clock_(clock),
      target_(target),
      events_(std::move(events)),
      log_(std::move(log)),
      report_(clock, [this](v1::Event event) { events_.event(std::move(event)); }),
      results_(std::make_shared<ResultWriter>(store_, clock_, log_)) {
    for (const auto& spec : target_.commands()) policy_.supported.insert(spec.kind());
    for (const auto& [id, permission] : policy_.keys) rates_.emplace(id, permission.rate.bucket());
    rates_.emplace("", Rate{}.bucket());
}

void CommandService::start(std::function<void()> done) {
    auto self = shared_from_this();
    loadOrder();
    store_.openCommands([self, done = std::move(done)](auto open) {
        if (!open) self->log_.error("commands under way earlier: {}", open.error().message);
        for (const auto& entry : open.value_or(std::vector<store::CommandEntry>{})) {
            self->finishUnknown(entry);
        }
        done();
    });
}

/// Until it is read a command with a sequence could be older than one that has run. The ledger
/// tells what a damaged bookmark does not.
void CommandService::loadOrder() {
    auto marks = std::make_shared<Result<std::vector<store::BookmarkChange>>>();
    store_.loadBookmarks(std::string{kSequencesKey},
                         [marks](auto loaded) { *marks = std::move(loaded); });
    store_.commandSequences([self = shared_from_this(), marks](const auto& ledger) {
        self->orderLoaded(*marks, ledger);
    });
}

void CommandService::orderLoaded(const Result<std::vector<store::BookmarkChange>>& marks,
                                 const Result<store::CommandSequences>& ledger) {
    if (!marks || !ledger) {
        const auto& why = marks ? ledger.error() : marks.error();
        log_.error("order of earlier commands: {}", why.message);
        loadTimer_ = clock_.after(kLoadAgain, [weak = weak_from_this()] {
            if (const auto again = weak.lock()) again->loadOrder();
        });
        return;
    }
    for (const auto& mark : *marks) {
        auto& highest = sequences_[mark.name];
        std::from_chars(mark.value.data(), mark.value.data() + mark.value.size(), highest);
    }
    for (const auto& [of, sequence] : *ledger) {
        auto& highest = sequences_[sequenceName(of.first, of.second)];
        highest = std::max(highest, sequence);
    }
    isOrderKnown_ = true;
}

void CommandService::receive(const Request& request) {
    // With this MQTT takes a retained message away: the repair of the mistake, no request.
    if (request.retained && request.payload.empty() && !request.tooLarge) return;
    auto job = std::make_shared<Job>();
    job->uplink = request.uplink;
    job->verdict = verify(policy_, request, clock_.now());
    limit(job->verdict);
    const auto& verdict = job->verdict;
    if (verdict.state == v1::COMMAND_ACCEPTED) return begin(job);
    if (verdict.state == v1::COMMAND_REFUSED) reportRefusal(*job);
    if (!unrunAnswers_.tryTake(clock_.steady())) return;
    if (verdict.authentic) return begin(job);
    answerUnledgered(job, resultOf(*job, verdict.state));
}

/// What depends on how much was asked before.
void CommandService::limit(Verdict& verdict) {
    if (verdict.state != v1::COMMAND_ACCEPTED) return;
    const auto rate = rates_.find(verdict.keyId);
    const auto refuse = [&verdict](v1::CommandRefusal refusal, std::string text) {
        verdict.state = v1::COMMAND_REFUSED;
        verdict.refusal = refusal;
        verdict.text = std::move(text);
    };
    if (isStopped_) return refuse(v1::REFUSAL_BUSY, "the hub is stopping");
    if (unfinished_ >= kMostQueued) {
        return refuse(v1::REFUSAL_BUSY, fmt::format("{} commands are waiting", kMostQueued));
    }
    if (rate != rates_.end() && !rate->second.tryTake(clock_.steady())) {
        return refuse(v1::REFUSAL_OVER_LIMIT, "more than the rate of this key allows");
    }
}

/// Durable before anything is done: a command that is in the ledger is never run again.
void CommandService::begin(const JobPtr& job) {
    failpoint("commands.begin");
    ++unfinished_;
    auto entry = entryOf(*job, resultOf(*job, v1::COMMAND_RECEIVED));
    store_.beginCommand(std::move(entry), [self = shared_from_this(), job](auto known) {
        if (known) return self->begun(job, *known);
        --self->unfinished_;
        if (self->isUnderWay(job->verdict)) return;
        self->log_.error("command {}: not taken: {}", job->verdict.id, known.error().message);
        auto& verdict = job->verdict;
        const bool isFull = known.error().kind == ErrorKind::full;
        verdict.refusal = isFull ? v1::REFUSAL_BUSY : v1::REFUSAL_STORE_CLOSED;
        verdict.text = "the hub cannot keep in mind that it was asked";
        self->reportRefusal(*job);
        self->answerUnledgered(job, self->resultOf(*job, v1::COMMAND_REFUSED));
    });
}

/// It was begun earlier, and will be answered.
bool CommandService::isUnderWay(const Verdict& verdict) const {
    const auto earlier = running_.find(verdict.id);
    return earlier != running_.end() && earlier->second->verdict.digest == verdict.digest;
}

void CommandService::begun(const JobPtr& job, const std::optional<store::CommandEntry>& known) {
    auto& verdict = job->verdict;
    if (known) {
        --unfinished_;
        return answerAgain(job, *known);
    }
    // From now on a repetition waits for this one's answer.
    running_.emplace(verdict.id, job);
    if (verdict.state != v1::COMMAND_ACCEPTED) {
        return finish(job, resultOf(*job, verdict.state));
    }
    if (verdict.command.sequence() != 0 && !isOrderKnown_) {
        return refuse(job, v1::REFUSAL_STORE_CLOSED,
                      "the order of earlier commands is not read yet");
    }
    if (isStale(verdict)) {
        return refuse(job, v1::REFUSAL_STALE, "a later one of this key and target came before it");
    }
    if (verdict.command.sequence() == 0) return enqueue(job);
    keepOrder(job);
}

void CommandService::answerAgain(const JobPtr& job, const store::CommandEntry& known) {
    auto& verdict = job->verdict;
    if (known.digest != verdict.digest || known.keyId != verdict.keyId) {
        verdict.refusal = v1::REFUSAL_ID_REUSED;
        verdict.text = "this id belongs to another command";
        reportRefusal(*job);
        if (!unrunAnswers_.tryTake(clock_.steady())) return;
        return answerUnledgered(job, resultOf(*job, v1::COMMAND_REFUSED));
    }
    // The one that runs will answer for both.
    if (running_.contains(verdict.id)) return;
    if (known.state < v1::COMMAND_DONE) return finishUnknown(known);
    if (!known.result || !unrunAnswers_.tryTake(clock_.steady())) return;
    auto again = *known.result;
    again.set_already_answered(true);
    answerUnledgered(job, std::move(again));
}

bool CommandService::isStale(const Verdict& verdict) const {
    if (verdict.command.sequence() == 0) return false;
    const auto name = sequenceName(verdict);
    const auto sequence = verdict.command.sequence();
    const auto highest = sequences_.find(name);
    if (highest != sequences_.end() && sequence <= highest->second) return true;
    const auto unkept = unkeptSequences_.find(name);
    return unkept != unkeptSequences_.end() && sequence <= *unkept->second.rbegin();
}

/// The sequence is durable before the command runs, else an older one could run after a restart.
void CommandService::keepOrder(const JobPtr& job) {
    const auto name = sequenceName(job->verdict);
    const auto sequence = job->verdict.command.sequence();
    unkeptSequences_[name].insert(sequence);
    const store::BookmarkChange mark{std::string{kSequencesKey}, name, std::to_string(sequence)};
    store_.append({}, {mark}, [self = shared_from_this(), job, name, sequence](const auto& kept) {
        auto& unkept = self->unkeptSequences_[name];
        unkept.erase(sequence);
        if (unkept.empty()) self->unkeptSequences_.erase(name);
        if (kept) {
            self->sequences_[name] = sequence;
            return self->enqueue(job);
        }
        self->refuse(job, v1::REFUSAL_STORE_CLOSED, kept.error().message);
    });
}

void CommandService::enqueue(const JobPtr& job) {
    if (isStopped_) return refuse(job, v1::REFUSAL_BUSY, "the hub is stopping");
    const auto target = targetOf(job->verdict);
    const auto [queue, isNew] = queues_.try_emplace(target);
    queue->second.push_back(job);
    if (!isNew) return;
    asio::co_spawn(clock_.loop(), serve(target), asio::detached);
}

asio::awaitable<void> CommandService::serve(std::string target) {
    const auto self = shared_from_this();
    while (!queues_[target].empty()) {
        auto job = queues_[target].front();
        queues_[target].pop_front();
        co_await runOne(job);
    }
    queues_.erase(target);
}

asio::awaitable<void> CommandService::runOne(JobPtr job) {
    auto& verdict = job->verdict;
    if (clock_.wall() > verdict.notAfter) {
        verdict.text = "it waited too long for its turn";
        finish(job, resultOf(*job, v1::COMMAND_EXPIRED));
        co_return;
    }
    auto tellRunning = clock_.after(kTellRunningAfter, [self = shared_from_this(), job] {
        self->answerUnledgered(job, self->resultOf(*job, v1::COMMAND_RUNNING));
    });
    failpoint("commands.run");
    auto outcome = co_await runLimited(job);
    failpoint("commands.ran");
    tellRunning.cancel();
    auto result = resultOf(*job, outcome.state());
    result.MergeFrom(outcome);
    if (result.state() == v1::COMMAND_REFUSED) {
        verdict.refusal = result.refusal();
        reportRefusal(*job);
    }
    finish(job, std::move(result));
}

asio::awaitable<v1::CommandResult> CommandService::runLimited(JobPtr job) {
    const auto& verdict = job->verdict;
    v1::CommandResult result;
    Answer<v1::CommandResult> answer;
    const auto give = [answer](const std::exception_ptr& thrown, v1::CommandResult given) {
        if (thrown) return answer.set(fail(ErrorKind::internal, "the command ended unexpectedly"));
        answer.set(std::move(given));
    };
    auto command = verdict.command;
    toTimestamp(verdict.notAfter, *command.mutable_not_after());
    asio::co_spawn(clock_.loop(), target_.run(std::move(command), job->uplink), give);
    auto given = co_await answer.wait(clock_, kRunLimit);
    if (given && given->state() >= v1::COMMAND_DONE) co_return std::move(*given);
    if (given) given = fail(ErrorKind::internal, "the command ended without saying how");
    // Whether it had an effect nobody knows; what only reads has none.
    const bool isHarmless = findKind(verdict.kind)->onlyReads;
    result.set_state(isHarmless ? v1::COMMAND_FAILED : v1::COMMAND_UNKNOWN);
    result.set_failure(given.error().kind == ErrorKind::timedOut ? v1::FAILURE_TIMED_OUT
                                                                 : v1::FAILURE_INTERNAL);
    result.set_text(given.error().message);
    co_return result;
}

void CommandService::refuse(const JobPtr& job, v1::CommandRefusal refusal, std::string text) {
    job->verdict.refusal = refusal;
    job->verdict.text = std::move(text);
    reportRefusal(*job);
    finish(job, resultOf(*job, v1::COMMAND_REFUSED));
}

/// A repetition waits until the result is stored.
void CommandService::finish(const JobPtr& job, v1::CommandResult result) {
    announce(*job);
    auto entry = entryOf(*job, result);
    auto settled = [weak = weak_from_this(), id = job->verdict.id] {
        const auto self = weak.lock();
        if (!self) return;
        --self->unfinished_;
        failpoint("commands.answered");
        self->running_.erase(id);
    };
    results_->write({std::move(entry), std::move(result), std::move(settled)});
}

void CommandService::answerUnledgered(const JobPtr& job, v1::CommandResult result) {
    announce(*job);
    results_->write({std::nullopt, std::move(result), nullptr});
}

/// It was begun in an earlier life of this process, and nobody saw how it ended.
void CommandService::finishUnknown(const store::CommandEntry& open) {
    auto entry = open;
    auto result = open.result.value_or(v1::CommandResult{});
    result.set_command_id(open.id);
    result.set_state(v1::COMMAND_UNKNOWN);
    result.set_final(true);
    result.set_text("the hub restarted while this command was under way");
    toStamp(clock_.now(), *result.mutable_when());
    entry.state = v1::COMMAND_UNKNOWN;
    entry.result = result;
    results_->write({std::move(entry), std::move(result), nullptr});
}

void CommandService::reportRefusal(const Job& job) {
    const auto& verdict = job.verdict;
    report_.refused(verdict.refusal, job.uplink, verdict.keyId, verdict.id);
}

void CommandService::announce(const Job& job) const {
    const auto& verdict = job.verdict;
    if (verdict.id.empty()) return;
    events_.route({job.uplink, verdict.command.id(), verdict.responseTopic, verdict.correlation});
}

v1::CommandResult CommandService::resultOf(const Job& job, v1::CommandState state) const {
    const auto& verdict = job.verdict;
    v1::CommandResult result;
    // As the requester wrote it: it compares texts.
    if (!verdict.id.empty()) result.set_command_id(verdict.command.id());
    result.set_kind(verdict.kind);
    result.set_device(verdict.device);
    result.set_key_id(verdict.keyId);
    result.set_correlation(verdict.correlation);
    result.set_state(state);
    result.set_final(state >= v1::COMMAND_DONE);
    if (state == v1::COMMAND_REFUSED) result.set_refusal(verdict.refusal);
    if (state == v1::COMMAND_REFUSED || state == v1::COMMAND_EXPIRED) result.set_text(verdict.text);
    toStamp(clock_.now(), *result.mutable_when());
    return result;
}

store::CommandEntry CommandService::entryOf(const Job& job, v1::CommandResult result) const {
    const auto& verdict = job.verdict;
    return {verdict.id,       verdict.keyId,  targetOf(verdict), result.state(),
            verdict.notAfter, verdict.digest, std::move(result), verdict.command.sequence()};
}

void CommandService::stop() {
    isStopped_ = true;
    results_->retry();
    for (auto& [target, queue] : queues_) {
        for (const auto& job : std::exchange(queue, {})) {
            refuse(job, v1::REFUSAL_BUSY, "the hub is stopping");
        }
    }
}

}  // namespace vitalgate::commands
