#include "gateway/store/damaged_file.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "gateway/base/descriptor.hpp"
#include "gateway/base/failpoint.hpp"
#include "gateway/base/file_system.hpp"

namespace vitalgate::store {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKept = 2;
constexpr std::string_view kEnding = ".db";
/// The file and what SQLite may have beside it.
constexpr std::array<std::string_view, 4> kParts{"", "-wal", "-shm", "-journal"};

std::string markOf(const std::string& path) {
    return path + ".damaged";
}

std::unexpected<Error> failed(const fs::path& path) {
    return fail(kindOfErrno(errno), "{} cannot be moved or made: {}", path.string(),
                std::strerror(errno));
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
    auto isBefore = isThere(path);
    if (isBefore && *isBefore) {
        while ((isBefore = isThere(folder / (name + std::string(kEnding)))) && *isBefore)
            name += "-2";
    }
    if (!isBefore) return std::unexpected(isBefore.error());
    for (const auto part : kParts) {
        const fs::path from = path + std::string(part);
        std::error_code ignored;
        // Reading the store makes an empty journal.
        if (!part.empty() && fs::file_size(from, ignored) == 0) ::unlink(from.c_str());
        const auto to = folder / fmt::format("{}{}{}", name, kEnding, part);
        failpoint("store.move-part");
        const bool isMoved = ::rename(from.c_str(), to.c_str()) == 0;
        if (!isMoved && errno != ENOENT) return failed(from);
    }
    return name;
}

fs::path keptIn(const std::string& path) {
    return fs::path(folderOf(path)) / "damaged";
}

std::string fileOf(const std::string& path, const std::string& name) {
    return keptIn(path) / (name + std::string(kEnding));
}

/// A journal may have lost its file.
Result<std::set<std::string>> keptNames(const std::string& path) {
    std::set<std::string> names;
    std::error_code failure;
    fs::directory_iterator file(keptIn(path), failure);
    for (; !failure && file != fs::directory_iterator(); file.increment(failure)) {
        const auto name = file->path().filename().string();
        const auto end = name.rfind(kEnding);
        if (name.starts_with("store-") && end != std::string::npos)
            names.insert(name.substr(0, end));
    }
    if (!failure || failure == std::errc::no_such_file_or_directory) return names;
    return fail(ErrorKind::unavailable, "{} cannot be read: {}", keptIn(path).string(),
                failure.message());
}

void remove(const std::string& path, const std::string& name) {
    std::error_code ignored;
    for (const auto part : kParts) {
        fs::remove(keptIn(path) / fmt::format("{}{}{}", name, kEnding, part), ignored);
    }
}

}  // namespace

Status markDamaged(const std::string& path) {
    const Descriptor mark(::open(markOf(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (mark.value < 0) return failed(markOf(path));
    return syncFolder(folderOf(path));
}

Result<bool> isMarkedDamaged(const std::string& path) {
    return isThere(markOf(path));
}

void forgetMark(const std::string& path) {
    ::unlink(markOf(path).c_str());
}

std::string salvagedPathOf(const std::string& path) {
    return path + ".salvaged";
}

Result<std::vector<std::string>> damagedFiles(const std::string& path) {
    const auto names = keptNames(path);
    if (!names) return std::unexpected(names.error());
    std::vector<std::string> files;
    for (const auto& name : *names) files.push_back(fileOf(path, name));
    return files;
}

void limitDamagedFiles(const std::string& path, const MayGo& mayGo, const Log& log) {
    const auto names = keptNames(path);
    if (!names) return log.error("{}", names.error().message);
    auto surplus = names->size() - std::min(names->size(), kKept);
    for (const auto& name : *names) {
        if (surplus == 0) return;
        if (!mayGo(fileOf(path, name))) continue;
        log.warning("damaged store {} is removed: {} others are kept", name, kKept);
        remove(path, name);
        --surplus;
    }
}

bool removeDamagedFile(const std::string& path, const MayGo& mayGo, const Log& log) {
    const auto names = keptNames(path);
    if (!names) return false;
    const auto oldest =
        std::ranges::find_if(*names, [&](const auto& name) { return mayGo(fileOf(path, name)); });
    if (oldest == names->end()) return false;
    log.warning("damaged store {} is removed: the disk is full", *oldest);
    remove(path, *oldest);
    return true;
}

Result<std::string> takeSalvaged(const std::string& path, const Log& log) {
    const auto salvaged = salvagedPathOf(path);
    const auto isMade = isThere(salvaged);
    if (!isMade) return std::unexpected(isMade.error());
    if (!*isMade) return std::string{};
    const auto home = folderOf(path);
    const auto folder = keptIn(path).string();
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(folder);
    // The salvaged file has its name for good before the damaged one loses its own.
    if (auto synced = syncFolder(home); !synced) return std::unexpected(synced.error());
    failpoint("store.move-damaged");
    const auto name = moveParts(path, folder);
    if (!name) return std::unexpected(name.error());
    const auto damaged = fileOf(path, *name);
    log.warning("the damaged store is {} now", damaged);
    if (auto synced = syncFolder(folder); !synced) return std::unexpected(synced.error());
    failpoint("store.forget-mark");
    forgetMark(path);
    failpoint("store.name-salvaged");
    if (::rename(salvaged.c_str(), path.c_str()) != 0) return failed(salvaged);
    failpoint("store.sync-salvaged");
    if (auto synced = syncFolder(home); !synced) return std::unexpected(synced.error());
    return damaged;
}

}  // namespace vitalgate::store
