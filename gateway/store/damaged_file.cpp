#include "gateway/store/damaged_file.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "gateway/base/failpoint.hpp"

namespace vitalgate::store {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKept = 2;
constexpr std::string_view kEnding = ".db";
/// The file and what SQLite may have beside it.
constexpr std::array<std::string_view, 3> kParts{"", "-wal", "-shm"};

std::string markOf(const std::string& path) {
    return path + ".damaged";
}

bool isThere(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(fs::symlink_status(path, ignored));
}

std::unexpected<Error> failed(const fs::path& path) {
    const bool isFull = errno == ENOSPC || errno == EDQUOT;
    return fail(isFull ? ErrorKind::full : ErrorKind::unavailable, "{} cannot be moved or made: {}",
                path.string(), std::strerror(errno));
}

Status syncFolder(const fs::path& folder) {
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool done = file >= 0 && ::fsync(file) == 0;
    const Status status = done ? Status{} : failed(folder);
    if (file >= 0) ::close(file);
    return status;
}

/// Named by the time at which the salvaged file was finished, so that what a power cut left of a
/// move goes on under the same name.
std::string nameFor(const fs::path& salvaged) {
    struct stat state{};
    const auto seconds = ::stat(salvaged.c_str(), &state) == 0 ? state.st_mtime : 0;
    return fmt::format("store-{:%Y%m%dT%H%M%SZ}", fmt::gmtime(seconds));
}

/// Gives the name.
Result<std::string> moveParts(const std::string& path, const fs::path& folder) {
    auto name = nameFor(salvagedPathOf(path));
    while (isThere(path) && isThere(folder / (name + std::string(kEnding)))) name += "-2";
    for (const auto part : kParts) {
        const fs::path from = path + std::string(part);
        std::error_code ignored;
        // Reading the store makes an empty journal.
        if (!part.empty() && fs::file_size(from, ignored) == 0) ::unlink(from.c_str());
        const auto to = folder / fmt::format("{}{}{}", name, kEnding, part);
        failpoint("store.move-part");
        if (isThere(from) && ::rename(from.c_str(), to.c_str()) != 0) return failed(from);
    }
    return name;
}

fs::path homeOf(const std::string& path) {
    const auto beside = fs::path(path).parent_path();
    return beside.empty() ? fs::path(".") : beside;
}

fs::path folderOf(const std::string& path) {
    return homeOf(path) / "damaged";
}

/// A journal may have lost its file.
std::set<std::string> keptNames(const std::string& path) {
    std::set<std::string> names;
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(folderOf(path), ignored)) {
        const auto name = file.path().filename().string();
        const auto end = name.rfind(kEnding);
        if (name.starts_with("store-") && end != std::string::npos)
            names.insert(name.substr(0, end));
    }
    return names;
}

void remove(const std::string& path, const std::string& name) {
    std::error_code ignored;
    for (const auto part : kParts) {
        fs::remove(folderOf(path) / fmt::format("{}{}{}", name, kEnding, part), ignored);
    }
}

}  // namespace

void markDamaged(const std::string& path) {
    const int file = ::open(markOf(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
}

bool isMarkedDamaged(const std::string& path) {
    return isThere(markOf(path));
}

void forgetMark(const std::string& path) {
    ::unlink(markOf(path).c_str());
}

std::string salvagedPathOf(const std::string& path) {
    return path + ".salvaged";
}

std::vector<std::string> damagedFiles(const std::string& path) {
    std::vector<std::string> files;
    for (const auto& name : keptNames(path)) {
        files.push_back(folderOf(path) / (name + std::string(kEnding)));
    }
    return files;
}

void limitDamagedFiles(const std::string& path, const std::string& newest, const Log& log) {
    auto names = keptNames(path);
    auto room = kKept;
    if (names.erase(newest) > 0) --room;
    while (names.size() > room) {
        const auto oldest = names.extract(names.begin()).value();
        log.warning("damaged store {} is removed: {} newer ones are kept", oldest, kKept);
        remove(path, oldest);
    }
}

bool removeDamagedFile(const std::string& path, std::size_t keep, const Log& log) {
    const auto names = keptNames(path);
    if (names.size() <= keep) return false;
    log.warning("damaged store {} is removed: the disk is full", *names.begin());
    remove(path, *names.begin());
    return true;
}

Status takeSalvaged(const std::string& path, const Log& log) {
    const auto salvaged = salvagedPathOf(path);
    if (!isThere(salvaged)) return {};
    const auto home = homeOf(path);
    const auto folder = folderOf(path);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(folder);
    // The salvaged file has its name for good before the damaged one loses its own.
    if (auto synced = syncFolder(home); !synced) return synced;
    failpoint("store.move-damaged");
    const auto name = moveParts(path, folder);
    if (!name) return std::unexpected(name.error());
    log.warning("the damaged store is {} now", (folder / (*name + std::string(kEnding))).string());
    if (auto synced = syncFolder(folder); !synced) return synced;
    failpoint("store.forget-mark");
    forgetMark(path);
    failpoint("store.name-salvaged");
    if (::rename(salvaged.c_str(), path.c_str()) != 0) return failed(salvaged);
    failpoint("store.sync-salvaged");
    if (auto synced = syncFolder(home); !synced) return synced;
    limitDamagedFiles(path, *name, log);
    return {};
}

}  // namespace vitalgate::store
