#include "gateway/store/worker.hpp"

#include <asio/post.hpp>

#include "gateway/base/failpoint.hpp"

namespace vitalgate::store {

namespace {

// What one transaction takes at most: keeps it within a fraction of a second on a slow card.
constexpr std::size_t kGroupWrites = 1000;
constexpr std::size_t kGroupBytes = 4 * 1024 * 1024;

}  // namespace

Worker::Worker(std::unique_ptr<Engine> engine, asio::any_io_executor loop, Report report)
    : engine_(std::move(engine)),
      loop_(std::move(loop)),
      report_(std::move(report)),
      io_(1),
      guard_(io_.get_executor()),
      thread_([this] { io_.run(); }) {}

void Worker::post(std::function<void()> action) {
    asio::post(io_, std::move(action));
}

void Worker::write(Write write) {
    post([this, shared = std::make_shared<Write>(std::move(write))] {
        now_ = shared->now;
        writes_.push_back(std::move(*shared));
        schedule();
    });
}

void Worker::read(Read read) {
    post([this, shared = std::make_shared<Read>(std::move(read))] {
        now_ = shared->now;
        reads_.push_back(std::move(*shared));
        schedule();
    });
}

void Worker::search(Read search) {
    post([this, shared = std::make_shared<Read>(std::move(search))] {
        now_ = shared->now;
        searches_.push_back(std::move(*shared));
        schedule();
    });
}

void Worker::change(std::function<void(Engine&)> change) {
    post([this, change = std::move(change)] { change(*engine_); });
}

void Worker::flush(const Moment& now) {
    post([this, now] {
        const auto before = engine_->status().newest;
        failpoint("store.flush");
        engine_->flush(now);
        report(engine_->status().newest > before);
        now_ = now;
        if (engine_->isSalvaging(now_)) schedule();
    });
}

void Worker::salvage(const Moment& now) {
    post([this, now] {
        now_ = now;
        schedule();
    });
}

void Worker::probe(const Moment& now, std::function<void()> alive) {
    post([this, now, alive = std::move(alive)] {
        engine_->checkPlace(now);
        if (engine_->status().intake != v1::INTAKE_OPEN) report(false);
        asio::post(loop_, alive);
    });
}

void Worker::purge(const Moment& now) {
    post([this, now] {
        now_ = now;
        isPurging_ = true;
        schedule();
    });
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    post([this] { finish(); });
    thread_.join();
}

// Posting to oneself lets everything that arrived meanwhile into the queues first: what came during
// a commit is the next group.
void Worker::schedule() {
    if (std::exchange(isScheduled_, true)) return;
    post([this] {
        isScheduled_ = false;
        if (engine_) work();
    });
}

void Worker::work() {
    if (!writes_.empty()) commitWaiting();
    if (engine_->wantsCheckpoint()) {
        engine_->checkpoint(now_);
        if (engine_->status().intake != v1::INTAKE_OPEN) report(false);
    } else if (!reads_.empty()) {
        readStep(reads_);
    } else if (!searches_.empty()) {
        readStep(searches_);
    } else if (engine_->isSalvaging(now_) && !(isPurging_ && purgesNext_)) {
        const auto before = engine_->status().newest;
        engine_->salvageStep(now_);
        purgesNext_ = true;
        report(engine_->status().newest > before);
    } else if (isPurging_) {
        isPurging_ = engine_->purgeStep(now_);
        purgesNext_ = false;
        report(false);
    }
    const bool hasReads = !reads_.empty() || !searches_.empty();
    if (!writes_.empty() || hasReads || isPurging_ || engine_->isSalvaging(now_)) schedule();
}

void Worker::commitWaiting() {
    auto group = std::make_shared<std::vector<Write>>();
    std::size_t bytes = 0;
    while (!writes_.empty() && group->size() < kGroupWrites && bytes < kGroupBytes) {
        bytes += writes_.front().bytes;
        group->push_back(std::move(writes_.front()));
        writes_.pop_front();
    }
    const auto before = engine_->status().newest;
    const auto status = engine_->commit(
        [&]() -> Status {
            for (auto& write : *group) {
                if (auto done = write.work(*engine_); !done) return done;
            }
            return {};
        },
        group->back().now);
    report(engine_->status().newest > before);
    failpoint("store.answer");
    asio::post(loop_, [group, status] {
        for (auto& write : *group) write.done(status);
    });
    if (engine_->wantsPurge(now_)) isPurging_ = true;
}

void Worker::readStep(std::deque<Read>& queue) {
    auto& read = queue.front();
    auto ended = read.step(*engine_);
    // Whoever reads goes on behind a damaged row: before its loss is recorded it gets nothing.
    if (engine_->hasDamaged()) {
        if (auto told = loseDamaged(read.now); !told) ended = std::unexpected(told.error());
    }
    if (!ended) report(false);
    if (ended && !*ended) return;
    const Status status = ended ? Status{} : Status(std::unexpected(ended.error()));
    asio::post(loop_, [done = std::move(read.done), status] { done(status); });
    queue.pop_front();
}

Status Worker::loseDamaged(const Moment& now) {
    const auto before = engine_->status().newest;
    auto done = engine_->loseDamaged(now);
    report(engine_->status().newest > before);
    return done;
}

void Worker::report(bool hasNewRows) {
    asio::post(loop_, [report = report_, status = engine_->status(), hasNewRows] {
        report(status, hasNewRows);
    });
}

void Worker::finish() {
    while (!writes_.empty()) commitWaiting();
    engine_->flush(now_);
    for (auto* queue : {&reads_, &searches_}) {
        for (auto& read : *queue) {
            asio::post(loop_, [done = std::move(read.done)] {
                done(fail(ErrorKind::cancelled, "the store was closed"));
            });
        }
        queue->clear();
    }
    engine_.reset();
    guard_.reset();
}

}  // namespace vitalgate::store
