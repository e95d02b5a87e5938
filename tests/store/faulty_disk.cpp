#include "tests/store/faulty_disk.hpp"

#include <sqlite3.h>

#include <chrono>
#include <stdexcept>

namespace vitalgate::store::testing {

namespace {

using Fault = FaultyDisk::Fault;

/// SQLite's files have no other way to the disk they are on.
FaultyDisk* disk = nullptr;

struct File {
    sqlite3_file base;
    // SQLite's own file follows.
};

sqlite3_file* inner(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
}

int writeFault() {
    switch (disk->fault()) {
        case Fault::full:
            return SQLITE_FULL;
        case Fault::readOnly:
            return SQLITE_IOERR_WRITE;
        default:
            return SQLITE_OK;
    }
}

int close(sqlite3_file* file) {
    return inner(file)->pMethods->xClose(inner(file));
}

int read(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
    if (disk->fault() == Fault::failingRead) return SQLITE_IOERR_READ;
    return inner(file)->pMethods->xRead(inner(file), out, size, at);
}

int write(sqlite3_file* file, const void* in, int size, sqlite3_int64 at) {
    disk->noteWrite();
    if (const int fault = writeFault(); fault != SQLITE_OK) return fault;
    return inner(file)->pMethods->xWrite(inner(file), in, size, at);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
    return inner(file)->pMethods->xTruncate(inner(file), size);
}

int sync(sqlite3_file* file, int flags) {
    disk->noteSync();
    if (disk->fault() == Fault::failingSync) return SQLITE_IOERR_FSYNC;
    if (disk->fault() == Fault::noSync) return SQLITE_OK;
    return inner(file)->pMethods->xSync(inner(file), flags);
}

int size(sqlite3_file* file, sqlite3_int64* out) {
    return inner(file)->pMethods->xFileSize(inner(file), out);
}

int lock(sqlite3_file* file, int level) {
    return inner(file)->pMethods->xLock(inner(file), level);
}

int unlock(sqlite3_file* file, int level) {
    return inner(file)->pMethods->xUnlock(inner(file), level);
}

int isReserved(sqlite3_file* file, int* out) {
    return inner(file)->pMethods->xCheckReservedLock(inner(file), out);
}

int control(sqlite3_file* file, int operation, void* argument) {
    return inner(file)->pMethods->xFileControl(inner(file), operation, argument);
}

int sectorSize(sqlite3_file* file) {
    return inner(file)->pMethods->xSectorSize(inner(file));
}

int characteristics(sqlite3_file* file) {
    return inner(file)->pMethods->xDeviceCharacteristics(inner(file));
}

const sqlite3_io_methods kMethods{
    1,       close,      read,    write,      truncate,        sync,    size,    lock,
    unlock,  isReserved, control, sectorSize, characteristics, nullptr, nullptr, nullptr,
    nullptr, nullptr,    nullptr};

sqlite3_vfs* real() {
    return sqlite3_vfs_find("unix");
}

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* outFlags) {
    const int code = real()->xOpen(real(), name, inner(file), flags, outFlags);
    file->pMethods = inner(file)->pMethods != nullptr ? &kMethods : nullptr;
    return code;
}

int access(sqlite3_vfs*, const char* name, int flags, int* out) {
    const int code = real()->xAccess(real(), name, flags, out);
    if (disk->fault() == Fault::readOnly && flags == SQLITE_ACCESS_READWRITE) *out = 0;
    return code;
}

sqlite3_vfs& layer() {
    static sqlite3_vfs vfs = [] {
        sqlite3_initialize();
        sqlite3_vfs ours = *real();
        ours.pNext = nullptr;
        ours.zName = "faulty-disk";
        ours.szOsFile = static_cast<int>(sizeof(File)) + real()->szOsFile;
        ours.xOpen = open;
        ours.xAccess = access;
        return ours;
    }();
    return vfs;
}

}  // namespace

FaultyDisk::FaultyDisk() {
    if (disk != nullptr) throw std::logic_error("one faulty disk at a time");
    disk = this;
    sqlite3_vfs_register(&layer(), 0);
}

FaultyDisk::~FaultyDisk() {
    sqlite3_vfs_unregister(&layer());
    disk = nullptr;
}

void FaultyDisk::holdSyncs() {
    const std::lock_guard lock(mutex_);
    held_ = true;
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
    if (!held_) return;
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --waiting_;
}

}  // namespace vitalgate::store::testing
