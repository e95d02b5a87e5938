#include "gateway/app/event_keeper.hpp"

namespace vitalgate::app {

void EventKeeper::store(store::NewRow row, std::function<void()> tried) {
    auto done = [weak = weak_from_this(), row, tried = std::move(tried)](const auto& result) {
        const auto self = weak.lock();
        if (self && !result) self->keep(row, result.error());
        if (tried) tried();
    };
    store_.append({std::move(row)}, {}, std::move(done));
}

void EventKeeper::keep(store::NewRow row, const Error& why) {
    if (why.kind == ErrorKind::invalid) {
        log_.error("an event could not be stored: {}", why.message);
        return;
    }
    if (waiting_.empty()) log_.warning("an event waits: {}", why.message);
    waiting_.push_back(std::move(row));
    if (waiting_.size() > kMostWaiting) {
        waiting_.pop_front();
        log_.error("{} events could not be stored, and no more than {} wait", ++dropped_,
                   kMostWaiting);
    }
    retryLater();
}

void EventKeeper::retryLater() {
    timer_ = clock_.after(kRetry, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->retry();
    });
}

void EventKeeper::retry() {
    if (store_.status().intake != v1::INTAKE_OPEN) return retryLater();
    for (auto& row : std::exchange(waiting_, {})) store(std::move(row), nullptr);
}

}  // namespace vitalgate::app
