#include "tests/store/faulty_disk.hpp"

#include <array>
#include <chrono>
#include <stdexcept>

namespace vitalgate::store::testing {

namespace {

using Fault = FaultyDisk::Fault;
using Kind = DiskRequest::Kind;

struct Failure {
    Fault fault;
    Kind kind;
    int code;
};

constexpr std::array kFailures{Failure{Fault::full, Kind::write, SQLITE_FULL},
                               Failure{Fault::readOnly, Kind::write, SQLITE_IOERR_WRITE},
                               Failure{Fault::readOnly, Kind::askWritable, SQLITE_READONLY},
                               Failure{Fault::failingSync, Kind::sync, SQLITE_IOERR_FSYNC},
                               Failure{Fault::noSync, Kind::sync, SQLITE_OK},
                               Failure{Fault::failingRead, Kind::read, SQLITE_IOERR_READ}};

}  // namespace

std::optional<int> FaultyDisk::before(const DiskRequest& request) {
    if (request.kind == Kind::write) ++writes_;
    if (request.kind == Kind::sync) noteSync();
    if (request.kind == Kind::read && request.at == unreadable_ &&
        !request.path.ends_with("-wal")) {
        return SQLITE_IOERR_READ;
    }
    for (const auto& failure : kFailures) {
        if (failure.fault == fault_ && failure.kind == request.kind) return failure.code;
    }
    return std::nullopt;
}

void FaultyDisk::holdSyncs() {
    const std::lock_guard lock(mutex_);
    held_ = true;
    holder_ = std::this_thread::get_id();
}

void FaultyDisk::release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
}

void FaultyDisk::awaitHeldSync() {
    std::unique_lock lock(mutex_);
    const auto waits = [this] { return waiting_ > 0; };
    if (!changed_.wait_for(lock, std::chrono::seconds{20}, waits)) {
        throw std::runtime_error("no sync came");
    }
}

void FaultyDisk::noteSync() {
    ++syncs_;
    std::unique_lock lock(mutex_);
    if (!held_ || holder_ == std::this_thread::get_id()) return;
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --waiting_;
}

}  // namespace vitalgate::store::testing
