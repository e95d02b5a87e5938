#include "gateway/uplink/uplink_thread.hpp"

#include <MQTTAsync.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace vitalgate::uplink {

namespace {

/// OpenSSL initialises itself when it is used; what the library does beforehand costs memory, also
/// where no broker uses TLS.
void leaveOpenSslAlone() {
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    options.do_openssl_init = 0;
    MQTTAsync_global_init(&options);
}

}  // namespace

struct UplinkThread::State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> jobs;
    bool ending = false;
    bool ended = false;
    std::optional<TlsVerifier> tls{std::in_place};
};

UplinkThread::UplinkThread() : state_(std::make_shared<State>()) {
    // Detached: nothing in this process ever waits for the library without a limit.
    std::thread([state = state_] { run(state); }).detach();
}

UplinkThread::~UplinkThread() {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
    state_->changed.notify_all();
}

void UplinkThread::run(const std::shared_ptr<State>& state) {
    leaveOpenSslAlone();
    std::unique_lock lock(state->mutex);
    while (true) {
        state->changed.wait(lock, [&] { return !state->jobs.empty() || state->ending; });
        if (state->jobs.empty()) break;
        auto job = std::move(state->jobs.front());
        state->jobs.pop_front();
        lock.unlock();
        job();
        job = nullptr;
        lock.lock();
    }
    // What it set for the whole process must be gone before anybody hears that it has ended.
    state->tls.reset();
    state->ended = true;
    state->changed.notify_all();
}

void UplinkThread::post(std::function<void()> job) {
    const std::lock_guard lock(state_->mutex);
    if (state_->ended) return;
    state_->jobs.push_back(std::move(job));
    state_->changed.notify_all();
}

bool UplinkThread::finish(Duration limit) {
    std::unique_lock lock(state_->mutex);
    state_->ending = true;
    state_->changed.notify_all();
    return state_->changed.wait_for(lock, limit, [&] { return state_->ended; });
}

TlsVerifier& UplinkThread::tls() {
    return *state_->tls;
}

}  // namespace vitalgate::uplink
