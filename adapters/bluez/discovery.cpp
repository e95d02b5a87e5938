#include "adapters/bluez/discovery.hpp"

#include <asio/post.hpp>

#include "adapters/bluez/errors.hpp"
#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 5s;
/// For the kernel to end its scan before a new session begins another.
constexpr Duration kBetweenSessions = 2s;

/// Low energy only. DuplicateData is said explicitly (documentation and code of BlueZ disagree on
/// its default): each advertisement of a device that comes back must be told. Discoverable is never
/// sent: 5.66 writes beyond the field. No UUIDs: devices whose advertisement does not name their
/// service (Nonin 3230) would not be seen.
dbus::Value filter() {
    return dbus::variantDict({{"Transport", dbus::Value("le")}, {"DuplicateData", true}});
}

}  // namespace

Discovery::Discovery(Service& service, std::string adapter, Clock& clock, Log log)
    : service_(service), adapter_(std::move(adapter)), clock_(clock), log_(std::move(log)) {}

void Discovery::resume() {
    wanted_ = true;
    settle();
    step();
}

void Discovery::pause(std::function<void()> done) {
    wanted_ = false;
    stopAttempts_ = 0;
    problem_.clear();
    waiting_.push_back(std::move(done));
    step();
}

void Discovery::reset() {
    runs_ = false;
    restarting_ = false;
    filterSet_ = false;
}

void Discovery::suspend() {
    wanted_ = false;
    problem_.clear();
    retry_.cancel();
    reset();
    settle();
}

void Discovery::onDiscovering(bool discovering) {
    if (busy_ || discovering || !runs_) return;
    reset();  // somebody powered the adapter off, or reset it
    retry(1s);
}

void Discovery::step() {
    if (busy_) return;
    if (runs_ && restarting_) {
        stop();
    } else if (wanted_ && clearing_) {
        clearFilter();
    } else if (wanted_ && !runs_) {
        filterSet_ ? start() : setFilter();
    } else if (!wanted_ && runs_) {
        stop();
    } else if (!wanted_) {
        settle();
    }
}

void Discovery::settle() {
    for (auto& done : std::exchange(waiting_, {})) asio::post(clock_.loop(), std::move(done));
}

void Discovery::call(const char* method, dbus::Values arguments,
                     void (Discovery::*then)(const dbus::Reply&)) {
    busy_ = true;
    retry_.cancel();
    std::weak_ptr<bool> alive = alive_;
    service_.call(adapter_, kAdapter1, method, std::move(arguments), kLimit,
                  [this, alive, then](const dbus::Reply& reply) {
                      if (alive.expired()) return;
                      busy_ = false;
                      (this->*then)(reply);
                  });
}

void Discovery::restart(bool newSession) {
    if (!wanted_) return;
    restarting_ = true;
    clearing_ = newSession;
    step();
}

void Discovery::clearFilter() {
    call("SetDiscoveryFilter", {dbus::variantDict({})}, &Discovery::onCleared);
}

void Discovery::onCleared(const dbus::Reply&) {
    clearing_ = false;
    filterSet_ = false;
    retry(kBetweenSessions);
}

void Discovery::setFilter() {
    call("SetDiscoveryFilter", {filter()}, &Discovery::onFilter);
}

void Discovery::onFilter(const dbus::Reply& reply) {
    filterSet_ = true;
    if (!reply && wanted_) log_.warning("discovery filter: {}", toError(reply.error()).message);
    step();
}

void Discovery::start() {
    call("StartDiscovery", {}, &Discovery::onStarted);
}

void Discovery::onStarted(const dbus::Reply& reply) {
    runs_ = reply.has_value();
    if (!reply && !wanted_) return step();
    if (!reply && isInProgress(reply.error())) return onBusy();
    if (!runs_) {
        note(toError(reply.error()).message);
        filterSet_ = false;
        retry(kRetry);
        return;
    }
    problem_.clear();
    step();
}

void Discovery::note(const std::string& problem) {
    if (std::exchange(problem_, problem) != problem)
        log_.warning("discovery does not start: {}", problem);
}

/// InProgress is said both of a session that this connection has and of a kernel that still scans
/// for a BlueZ that was killed, which takes some 10 s. A session of ours is ended, so that what
/// runs in the end is known to run.
void Discovery::onBusy() {
    note("BlueZ says that another discovery is in progress");
    call("StopDiscovery", {}, &Discovery::onBusyStopped);
}

void Discovery::onBusyStopped(const dbus::Reply&) {
    filterSet_ = false;
    retry(kBusyRetry);
}

void Discovery::stop() {
    call("StopDiscovery", {}, &Discovery::onStopped);
}

void Discovery::onStopped(const dbus::Reply& reply) {
    if (!reply && isInProgress(reply.error()) && ++stopAttempts_ < kStopAttempts) {
        retry(200ms);
        return;
    }
    runs_ = false;  // also when there was nothing to stop
    restarting_ = false;
    stopAttempts_ = 0;
    step();
}

void Discovery::retry(Duration pause) {
    retry_ = clock_.after(pause, [this] { step(); });
}

}  // namespace vitalgate::bluez
