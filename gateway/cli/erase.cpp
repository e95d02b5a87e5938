#include "gateway/cli/erase.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <vector>

#include "gateway/base/failpoint.hpp"
#include "gateway/cli/destroy.hpp"
#include "gateway/config/store_place.hpp"
#include "gateway/crypto/crypto.hpp"

namespace vitalgate::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWord = "erase";

/// What the daemon and SQLite have beside `store.db`.
constexpr std::array kStoreEndings{"",         "-wal",         "-shm",      "-journal", ".new",
                                   ".new-wal", ".new-journal", ".salvaged", ".damaged"};

struct Step {
    fs::path path;
    bool isOverwritten;  ///< because its content, not only its name, must go
};

bool isCredential(const config::Config& config) {
    return config.store.key && config.store.key->kind == config::Secret::Kind::credential;
}

/// A key that was being made when the process ended has a name of its own.
std::vector<fs::path> filesThatBegin(const fs::path& folder, std::string_view name) {
    std::vector<fs::path> files;
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(folder, ignored)) {
        if (file.path().filename().string().starts_with(name)) files.push_back(file.path());
    }
    std::ranges::sort(files);
    return files;
}

/// The store's keys come first: with them gone nothing that follows can be read, cut off or not.
void addKeys(const config::Config& config, const fs::path& state, std::vector<Step>& steps) {
    if (config.store.key && config.store.key->kind == config::Secret::Kind::file) {
        const fs::path key = config.store.key->name;
        for (const auto& path : {key, config::previousKeyPath(key)}) steps.push_back({path, true});
    }
    for (const auto& path : filesThatBegin(config::keyFolder(state), "store.key")) {
        steps.push_back({path, true});
    }
}

/// In the order in which they are taken.
std::vector<Step> stepsFor(const config::Config& config, const fs::path& state) {
    std::vector<Step> steps;
    addKeys(config, state, steps);
    const auto folder = config::storeFolder(config, state);
    // A key that we cannot destroy opens whatever is found of the files.
    const bool isOverwritten = isCredential(config);
    for (const auto* ending : kStoreEndings) {
        steps.push_back({folder / fmt::format("store.db{}", ending), isOverwritten});
    }
    for (const auto& path : filesThatBegin(folder / "damaged", "store-")) {
        steps.push_back({path, isOverwritten});
    }
    steps.push_back({folder / "damaged", false});
    steps.push_back({state / "last-good.yaml", false});
    for (const auto& path : filesThatBegin(config::keyFolder(state), "id.key")) {
        steps.push_back({path, true});
    }
    steps.push_back({config::keyFolder(state), false});
    return steps;
}

ExitStatus report(const Error& error) {
    fmt::print(stderr, "vitalgate: {}\n", error.message);
    return error.kind == ErrorKind::authentication ? ExitStatus::notPermitted : ExitStatus::no;
}

bool confirm(const config::Config& config, const fs::path& folder) {
    fmt::print(
        stderr,
        "This makes all that hub {} has stored in {} unreadable for ever: readings that were "
        "not delivered, the memory of its devices, and its keys, keys/id.key too.\n"
        "Type \"{}\" to go on: ",
        config.hub.id, folder.string(), kWord);
    std::string answer;
    return std::getline(std::cin, answer) && answer == kWord;
}

void sayWhatIsLeft(const config::Config& config) {
    if (isCredential(config)) {
        fmt::print(
            "The store's key is the systemd credential {0}: destroy the file that "
            "LoadCredential={0} or LoadCredentialEncrypted={0} of the unit names. Until then "
            "a copy of the store can be opened with it.\n",
            config.store.key->name);
    }
    fmt::print(
        "Left as they are: the configuration with its secrets, bonds of BlueZ "
        "(/var/lib/bluetooth), the journal, retained messages at the broker, and backups. "
        "Flash memory may keep what was overwritten in places that no program reaches: where "
        "that matters, destroy the medium.\n");
}

Status run(const std::vector<Step>& steps) {
    for (const auto& step : steps) {
        failpoint("cli.erase-next");
        const auto done =
            step.isOverwritten ? overwriteAndRemove(step.path) : removeForGood(step.path);
        if (!done) return std::unexpected(done.error());
        if (*done) {
            fmt::print("{} {}\n", step.isOverwritten ? "overwritten and removed:" : "removed:",
                       step.path.string());
        }
    }
    return {};
}

}  // namespace

ExitStatus erase(const config::Config& config, const EraseArguments& arguments) {
    if (auto ready = crypto::initialise(); !ready) return report(ready.error());
    const fs::path state = arguments.state;
    const auto folder = config::storeFolder(config, state);
    if (!arguments.isConfirmed && !confirm(config, folder)) {
        fmt::print(stderr, "nothing was erased\n");
        return ExitStatus::no;
    }
    const auto lock = StoreLock::take(folder / "store.db");
    if (!lock) return report(lock.error());
    const auto done = run(stepsFor(config, state));
    if (!done) return report(done.error());
    sayWhatIsLeft(config);
    return ExitStatus::done;
}

}  // namespace vitalgate::cli
