#include "gateway/cli/erase.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

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

constexpr std::string_view kStore = "store.db";

/// What the daemon and SQLite have beside it.
constexpr std::array kStoreEndings{"-wal",     "-shm",         "-journal",  ".new",
                                   ".new-wal", ".new-journal", ".salvaged", ".damaged"};

/// In the folder of keys. One that was being made when the process ended has a name of its own.
constexpr const char* kStoreKeys = "store.key*";
constexpr const char* kIdKeys = "id.key*";

/// A damaged store, as the daemon names it, and what SQLite has beside it.
constexpr std::array kDamagedStores{"store-*.db", "store-*.db-wal", "store-*.db-shm"};

struct Step {
    Result<bool> (*take)(const fs::path&);  ///< of destroy.hpp
    std::string_view done;                  ///< what it did, for the user
    fs::path path;
};

/// For what must go with its content, not only its name.
Step overwriting(const fs::path& file) {
    return {overwriteAndRemove, "overwritten and removed", file};
}
Step removing(const fs::path& file) {
    return {removeFile, "removed", file};
}

bool isCredential(const config::Config& config) {
    return config.store.key && config.store.key->kind == config::Secret::Kind::credential;
}

std::vector<fs::path> filesNamed(const char* pattern, const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(folder, ignored)) {
        const auto name = file.path().filename();
        if (::fnmatch(pattern, name.c_str(), 0) == 0) files.push_back(file.path());
    }
    std::ranges::sort(files);
    return files;
}

/// The store's keys come first: with them gone nothing that follows can be read, cut off or not.
void addKeys(const config::Config& config, const fs::path& state, std::vector<Step>& steps) {
    if (config.store.key && config.store.key->kind == config::Secret::Kind::file) {
        const fs::path key = config.store.key->name;
        for (const auto& path : {key, config::previousKeyPath(key)}) {
            steps.push_back(overwriting(path));
        }
    }
    for (const auto& path : filesNamed(kStoreKeys, config::keyFolder(state))) {
        steps.push_back(overwriting(path));
    }
}

/// In the order in which they are taken.
std::vector<Step> stepsFor(const config::Config& config, const EraseArguments& arguments) {
    const fs::path state = arguments.state;
    std::vector<Step> steps;
    addKeys(config, state, steps);
    const auto folder = config::storeFolder(config, state);
    // A key that we cannot destroy, or do not know, opens whatever is found of the files.
    const bool isKeyOurs = arguments.hasConfiguration && !isCredential(config);
    const auto dealWith = isKeyOurs ? removing : overwriting;
    for (const auto* ending : kStoreEndings) {
        steps.push_back(dealWith(folder / fmt::format("{}{}", kStore, ending)));
    }
    for (const auto* pattern : kDamagedStores) {
        for (const auto& path : filesNamed(pattern, folder / "damaged")) {
            steps.push_back(dealWith(path));
        }
    }
    steps.push_back(removing(state / "last-good.yaml"));
    for (const auto& path : filesNamed(kIdKeys, config::keyFolder(state))) {
        steps.push_back(overwriting(path));
    }
    // The last file: it is locked, and shows whoever was cut off that this is the place.
    steps.push_back(dealWith(folder / kStore));
    for (const auto& path : {folder / "damaged", config::keyFolder(state)}) {
        steps.push_back({removeEmptyFolder, "removed", path});
    }
    return steps;
}

ExitStatus report(const Error& error) {
    fmt::print(stderr, "vitalgate: {}\n", error.message);
    return error.kind == ErrorKind::authentication ? ExitStatus::notPermitted : ExitStatus::no;
}

bool confirm(const config::Config& config, const fs::path& folder, bool hasConfiguration) {
    if (!hasConfiguration) {
        fmt::print(stderr,
                   "Without its configuration nobody knows whether the hub has its store or keys "
                   "elsewhere, and a daemon that uses them is not noticed: stop it first "
                   "(systemctl disable --now vitalgated).\n");
    }
    fmt::print(stderr,
               "This makes all that {} has stored in {} unreadable for ever: readings that were "
               "not delivered, the memory of its devices, and its keys, keys/id.key too.\n"
               "Type \"{}\" to go on: ",
               config.hub.id.empty() ? "the hub" : "hub " + config.hub.id, folder.string(), kWord);
    std::string answer;
    return std::getline(std::cin, answer) && answer == kWord;
}

void sayWhatIsLeft(const config::Config& config, bool hasConfiguration) {
    if (!hasConfiguration) {
        fmt::print(
            "Without its configuration nobody knows whether the hub had its store in another "
            "folder (store.path), or its key in a file or credential of its own (store.key): if "
            "so, destroy these yourself.\n");
    }
    if (isCredential(config)) {
        fmt::print(
            "The store's key is the systemd credential {0}: destroy the file that "
            "LoadCredential={0} or LoadCredentialEncrypted={0} of the unit names, and that of "
            "{0}.old if there is one. Until then a copy of the store can be opened with it.\n",
            config.store.key->name);
    }
    fmt::print(
        "Left as they are: the configuration with its secrets, bonds of BlueZ "
        "(/var/lib/bluetooth), the journal, retained messages at the broker, and backups. "
        "Flash memory may keep what was overwritten in places that no program reaches: where "
        "that matters, destroy the medium.\n");
}

/// True if there was anything to erase.
Result<bool> run(const std::vector<Step>& steps) {
    bool isAnyDone = false;
    for (const auto& step : steps) {
        failpoint("cli.erase-next");
        const auto done = step.take(step.path);
        if (!done) return done;
        if (*done) fmt::print("{}: {}\n", step.done, step.path.string());
        isAnyDone = isAnyDone || *done;
    }
    return isAnyDone;
}

void sayWhatIsOfOthers(const fs::path& folder) {
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(folder, ignored)) {
        fmt::print("left, because it is none of the hub's: {}\n", file.path().string());
    }
}

Status checkState(const fs::path& state) {
    std::error_code failure;
    if (fs::is_directory(state, failure)) return {};
    return fail(ErrorKind::notFound,
                "{} is no directory: give the daemon's state directory with --state",
                state.string());
}

/// Who has no configuration must not take the keys away from a store that is elsewhere.
Status checkStore(const fs::path& state, const fs::path& folder) {
    std::error_code ignored;
    const auto keys = config::keyFolder(state);
    const bool isThere = fs::exists(fs::symlink_status(folder / kStore, ignored));
    if (isThere || (filesNamed(kStoreKeys, keys).empty() && filesNamed(kIdKeys, keys).empty())) {
        return {};
    }
    return fail(ErrorKind::notFound,
                "no store is in {}, but keys are in {}: a daemon may be using them for a store "
                "elsewhere. Stop it, and say where its store is with --store, or give its "
                "configuration; if there is no store any more, destroy the keys yourself",
                folder.string(), keys.string());
}

}  // namespace

ExitStatus erase(const config::Config& config, const EraseArguments& arguments) {
    if (auto ready = crypto::initialise(); !ready) return report(ready.error());
    const fs::path state = arguments.state;
    if (auto checked = checkState(state); !checked) return report(checked.error());
    const auto folder = config::storeFolder(config, state);
    if (!arguments.hasConfiguration) {
        if (auto checked = checkStore(state, folder); !checked) return report(checked.error());
    }
    if (!arguments.isConfirmed && !confirm(config, folder, arguments.hasConfiguration)) {
        fmt::print(stderr, "nothing was erased\n");
        return ExitStatus::no;
    }
    const auto lock = StoreLock::take(folder / kStore);
    if (!lock) return report(lock.error());
    const auto done = run(stepsFor(config, arguments));
    if (!done) return report(done.error());
    if (!*done) {
        fmt::print(stderr,
                   "nothing was found in {}: if the hub has stored anything, give the daemon's "
                   "state directory with --state\n",
                   state.string());
    }
    for (const auto& path : {folder / "damaged", config::keyFolder(state)}) sayWhatIsOfOthers(path);
    sayWhatIsLeft(config, arguments.hasConfiguration);
    return ExitStatus::done;
}

}  // namespace vitalgate::cli
