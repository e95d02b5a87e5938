#include "tests/store/disk_layer.hpp"

#include <utility>

namespace vitalgate::store::testing {

namespace {

using Kind = DiskRequest::Kind;

struct File {
    sqlite3_file base;
    DiskLayer* layer;
    const char* name;  // SQLite keeps it until the file is closed
    // SQLite's own file follows.
};

File& ours(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}

sqlite3_file* inner(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
}

std::optional<int> before(sqlite3_file* file, DiskRequest request) {
    request.path = ours(file).name != nullptr ? ours(file).name : "";
    return ours(file).layer->before(request);
}

int close(sqlite3_file* file) {
    return inner(file)->pMethods->xClose(inner(file));
}

int read(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
    if (const auto code = before(file, {Kind::read, {}, at, {}})) return *code;
    return inner(file)->pMethods->xRead(inner(file), out, size, at);
}

int write(sqlite3_file* file, const void* in, int size, sqlite3_int64 at) {
    const std::string_view data{static_cast<const char*>(in), static_cast<std::size_t>(size)};
    if (const auto code = before(file, {Kind::write, {}, at, data})) return *code;
    return inner(file)->pMethods->xWrite(inner(file), in, size, at);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (const auto code = before(file, {Kind::truncate, {}, size, {}})) return *code;
    return inner(file)->pMethods->xTruncate(inner(file), size);
}

int sync(sqlite3_file* file, int flags) {
    if (const auto code = before(file, {Kind::sync, {}, 0, {}})) return *code;
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
    if (operation == SQLITE_FCNTL_PRAGMA) {
        const auto* const* words = static_cast<char**>(argument);
        const auto text = std::string(words[1]) + "=" + (words[2] != nullptr ? words[2] : "");
        if (const auto code = before(file, {Kind::pragma, {}, 0, text})) return *code;
    }
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

DiskLayer& layerOf(sqlite3_vfs* vfs) {
    return *static_cast<DiskLayer*>(vfs->pAppData);
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* outFlags) {
    file->pMethods = nullptr;
    ours(file).layer = &layerOf(vfs);
    ours(file).name = name;
    if (const auto code = before(file, {Kind::open, {}, 0, {}})) return *code;
    const int code = real()->xOpen(real(), name, inner(file), flags, outFlags);
    file->pMethods = inner(file)->pMethods != nullptr ? &kMethods : nullptr;
    return code;
}

int remove(sqlite3_vfs* vfs, const char* name, int syncsFolder) {
    const DiskRequest request{Kind::remove, name, 0, {}, syncsFolder != 0};
    if (const auto code = layerOf(vfs).before(request)) return *code;
    return real()->xDelete(real(), name, syncsFolder);
}

int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    const int code = real()->xAccess(real(), name, flags, out);
    if (flags == SQLITE_ACCESS_READWRITE && layerOf(vfs).before({Kind::askWritable, name, 0, {}})) {
        *out = 0;
    }
    return code;
}

}  // namespace

DiskLayer::DiskLayer(std::string name) : name_(std::move(name)) {
    sqlite3_initialize();
    vfs_ = *real();
    vfs_.pNext = nullptr;
    vfs_.pAppData = this;
    vfs_.zName = name_.c_str();
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real()->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = access;
    sqlite3_vfs_register(&vfs_, 0);
}

DiskLayer::~DiskLayer() {
    sqlite3_vfs_unregister(&vfs_);
}

}  // namespace vitalgate::store::testing
