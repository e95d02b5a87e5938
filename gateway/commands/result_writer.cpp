#include "gateway/commands/result_writer.hpp"

#include <algorithm>
#include <utility>

namespace vitalgate::commands {
namespace {

store::NewRow rowOf(const v1::CommandResult& result) {
    store::NewRow row;
    *row.record.mutable_result() = result;
    row.priority = v1::PRIORITY_ALARM;
    return row;
}

}  // namespace

/// Ledger and log in one transaction: either the command is answered for ever or not at all.
void ResultWriter::write(Answer answer) {
    auto row = rowOf(answer.result);
    const auto entry = answer.entry;
    auto done = [weak = weak_from_this(),
                 answer = std::move(answer)](const Result<store::Appended>& stored) {
        if (const auto self = weak.lock()) self->written(answer, stored);
    };
    if (entry) {
        store_.finishCommand(*entry, std::move(row), std::move(done));
    } else {
        store_.append({std::move(row)}, {}, std::move(done));
    }
}

void ResultWriter::written(Answer answer, const Result<store::Appended>& stored) {
    if (stored) {
        if (answer.settled) answer.settled();
        return;
    }
    // That a command runs must not be told after its end.
    const bool isWorthWaiting = answer.result.final();
    if (stored.error().kind == ErrorKind::invalid || !isWorthWaiting) {
        log_.error("command {}: its result could not be stored: {}", answer.result.command_id(),
                   stored.error().message);
        if (answer.settled) answer.settled();
        return;
    }
    log_.warning("command {}: its result waits: {}", answer.result.command_id(),
                 stored.error().message);
    keep(std::move(answer));
}

void ResultWriter::keep(Answer answer) {
    waiting_.push_back(std::move(answer));
    if (waiting_.size() > kMostWaiting) {
        auto unneeded = std::ranges::find_if(
            waiting_, [](const Answer& waiting) { return !waiting.entry.has_value(); });
        if (unneeded == waiting_.end()) --unneeded;
        const auto given = std::move(*unneeded);
        waiting_.erase(unneeded);
        log_.error("command {}: its result is not stored: {} others wait",
                   given.result.command_id(), kMostWaiting);
        if (given.settled) given.settled();
    }
    retryLater();
}

void ResultWriter::retry() {
    if (waiting_.empty()) return;
    if (store_.status().intake == v1::INTAKE_OPEN) {
        for (auto& answer : std::exchange(waiting_, {})) write(std::move(answer));
    } else {
        retryLater();
    }
}

void ResultWriter::retryLater() {
    timer_ = clock_.after(kRetry, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->retry();
    });
}

}  // namespace vitalgate::commands
