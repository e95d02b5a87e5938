#include "gateway/store/page_overlay.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

namespace vitalgate::store {

struct PageOverlay::Layer {
    Bytes page;
    std::string name;
    sqlite3_vfs* below = nullptr;
    sqlite3_vfs vfs{};
};

namespace {

struct File {
    sqlite3_file base;
    const Bytes* page;  ///< nothing for a journal
    // The file of the layer below follows.
};

sqlite3_file* below(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
}

int close(sqlite3_file* file) {
    return below(file)->pMethods->xClose(below(file));
}

int read(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
    const int code = below(file)->pMethods->xRead(below(file), out, size, at);
    const auto* page = reinterpret_cast<File*>(file)->page;
    const auto begin = static_cast<std::size_t>(at);
    if (page == nullptr || begin >= page->size()) return code;
    const auto count = std::min(static_cast<std::size_t>(size), page->size() - begin);
    std::copy_n(page->begin() + at, count, static_cast<std::uint8_t*>(out));
    return count == static_cast<std::size_t>(size) ? SQLITE_OK : code;
}

int write(sqlite3_file* file, const void* in, int size, sqlite3_int64 at) {
    return below(file)->pMethods->xWrite(below(file), in, size, at);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
    return below(file)->pMethods->xTruncate(below(file), size);
}

int sync(sqlite3_file* file, int flags) {
    return below(file)->pMethods->xSync(below(file), flags);
}

int size(sqlite3_file* file, sqlite3_int64* out) {
    return below(file)->pMethods->xFileSize(below(file), out);
}

int lock(sqlite3_file* file, int level) {
    return below(file)->pMethods->xLock(below(file), level);
}

int unlock(sqlite3_file* file, int level) {
    return below(file)->pMethods->xUnlock(below(file), level);
}

int isReserved(sqlite3_file* file, int* out) {
    return below(file)->pMethods->xCheckReservedLock(below(file), out);
}

int control(sqlite3_file* file, int operation, void* argument) {
    return below(file)->pMethods->xFileControl(below(file), operation, argument);
}

int sectorSize(sqlite3_file* file) {
    return below(file)->pMethods->xSectorSize(below(file));
}

int characteristics(sqlite3_file* file) {
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

/// Version 1: without shared memory, which a database with an exclusive lock does not need.
constexpr sqlite3_io_methods kMethods{
    1,       close,      read,    write,      truncate,        sync,    size,    lock,
    unlock,  isReserved, control, sectorSize, characteristics, nullptr, nullptr, nullptr,
    nullptr, nullptr,    nullptr};

}  // namespace

PageOverlay::PageOverlay(Bytes firstPage, const std::string& vfs)
    : layer_(std::make_unique<Layer>()) {
    auto& layer = *layer_;
    layer.page = std::move(firstPage);
    layer.name = fmt::format("vitalgate-overlay-{}", static_cast<const void*>(layer_.get()));
    sqlite3_initialize();
    layer.below = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
    if (layer.below == nullptr) return;  // opening says that there is no such layer
    layer.vfs = *layer.below;
    layer.vfs.pNext = nullptr;
    layer.vfs.zName = layer.name.c_str();
    layer.vfs.szOsFile = static_cast<int>(sizeof(File)) + layer.below->szOsFile;
    layer.vfs.pAppData = &layer;
    layer.vfs.xOpen = [](sqlite3_vfs* self, const char* path, sqlite3_file* file, int flags,
                         int* out) {
        auto& ours = *static_cast<Layer*>(self->pAppData);
        const int code = ours.below->xOpen(ours.below, path, below(file), flags, out);
        file->pMethods = below(file)->pMethods != nullptr ? &kMethods : nullptr;
        const bool isDatabase = (flags & SQLITE_OPEN_MAIN_DB) != 0;
        reinterpret_cast<File*>(file)->page = isDatabase ? &ours.page : nullptr;
        return code;
    };
    sqlite3_vfs_register(&layer.vfs, 0);
}

PageOverlay::~PageOverlay() {
    if (layer_->below != nullptr) sqlite3_vfs_unregister(&layer_->vfs);
}

const std::string& PageOverlay::name() const {
    return layer_->name;
}

}  // namespace vitalgate::store
