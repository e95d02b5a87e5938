#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "gateway/base/file_system.hpp"
#include "gateway/crypto/crypto.hpp"
#include "gateway/store/damaged_file.hpp"
#include "gateway/store/engine.hpp"
#include "gateway/store/meta_table.hpp"
#include "gateway/store/salvage.hpp"
#include "gateway/store/store_events.hpp"
#include "gateway/store/store_file.hpp"

namespace vitalgate::store {

namespace {

Result<std::string> readBootId() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string id;
    if (!std::getline(in, id) || id.empty()) {
        return fail(ErrorKind::unavailable,
                    "/proc/sys/kernel/random/boot_id cannot be read: mount /proc");
    }
    return id;
}

Status check(const StoreOptions& options) {
    if (auto ready = crypto::initialise(); !ready) return ready;
    if (!options.key.isSet()) return fail(ErrorKind::invalid, "no key is given");
    if (options.maximumBytes < StoreOptions::kSmallestMaximum) {
        return fail(ErrorKind::invalid, "the maximum size must be at least {} octets",
                    StoreOptions::kSmallestMaximum);
    }
    return {};
}

/// The damaged stores of earlier days of which everything is carried over.
std::vector<std::string> doneWith(const StoreOptions& options) {
    auto kept = damagedFiles(options.path);
    if (!kept || kept->empty()) return {};
    auto& files = *kept;
    auto damaged = DamagedStore::open(options.path, options);
    if (!damaged) return isUnreadable(damaged.error().kind) ? files : std::vector<std::string>{};
    std::vector<std::string> streams;
    for (const auto& [name, value] : damaged->carryEntries()) {
        if (auto stream = streamOfCarryEntry(name); !stream.empty())
            streams.push_back(std::move(stream));
    }
    std::erase_if(files, [&](const auto& file) { return holdsOneOf(streams, file, options); });
    return files;
}

/// Where the disk is full, damaged stores of earlier days are worth less than this one. Gives the
/// path of this one.
Result<std::string> salvageWithRoom(const StoreOptions& options, const Error& damage,
                                    const Clock& clock, const Log& log) {
    std::optional<std::vector<std::string>> unneeded;
    const auto mayGo = [&](const auto& file) {
        return std::ranges::find(*unneeded, file) != unneeded->end();
    };
    for (;;) {
        // What is salvaged once stays: the damaged store may be moved already.
        const auto isMade = isThere(salvagedPathOf(options.path));
        if (!isMade) return std::unexpected(isMade.error());
        const auto made = *isMade ? Status{} : salvage(options, damage, clock, log);
        if (!made && made.error().kind != ErrorKind::full) return std::unexpected(made.error());
        if (!unneeded) unneeded = doneWith(options);
        auto taken = made ? takeSalvaged(options.path, log)
                          : Result<std::string>(std::unexpected(made.error()));
        if (taken || taken.error().kind != ErrorKind::full) return taken;
        if (!removeDamagedFile(options.path, mayGo, log)) return taken;
    }
}

}  // namespace

Engine::Engine(Database database, Identity identity, const StoreOptions& options, const Log& log)
    : database_(std::move(database)),
      keys_(std::move(identity.keys)),
      log_(database_, keys_),
      ranges_(database_, options.uplinks),
      losses_(database_, log_, ranges_),
      commands_(database_, keys_),
      bookmarks_(database_, keys_),
      salvage_(database_, log_, options, log),
      keep_(options.keep),
      maximumBytes_(options.maximumBytes),
      path_(options.path),
      stream_(std::move(identity.stream)),
      vfs_(options.vfs),
      bootId_(options.bootId),
      boot_(identity.boot),
      unwritten_(std::move(identity.unwritten)),
      out_(log) {}

Result<std::unique_ptr<Engine>> Engine::open(StoreOptions options, const Clock& clock,
                                             const Log& log) {
    if (auto checked = check(options); !checked) return std::unexpected(checked.error());
    if (options.bootId.empty()) {
        auto bootId = readBootId();
        if (!bootId) return std::unexpected(bootId.error());
        options.bootId = std::move(*bootId);
    }
    // What an earlier start salvaged and could not put in its place.
    auto taken = takeSalvaged(options.path, log);
    if (!taken) {
        const bool isFull = taken.error().kind == ErrorKind::full;
        if (isFull) return standIn(options, taken.error(), clock.now(), log);
        return std::unexpected(taken.error());
    }
    auto engine = openFile(options, clock.now(), log);
    if (!engine && engine.error().kind == ErrorKind::damaged) {
        engine = openSalvaged(options, engine.error(), clock, log, *taken);
    }
    if (!engine || (*engine)->status_.intake != v1::INTAKE_OPEN) return engine;
    // The newest stays whatever its date: the clock may have been wrong.
    const auto mayGo = [&](const std::string& file) {
        return file != *taken && !(*engine)->salvage_.needs(file);
    };
    limitDamagedFiles(options.path, mayGo, log);
    return engine;
}

Result<std::unique_ptr<Engine>> Engine::openSalvaged(const StoreOptions& options,
                                                     const Error& damage, const Clock& clock,
                                                     const Log& log, std::string& damagedFile) {
    auto salvaged = salvageWithRoom(options, damage, clock, log);
    if (salvaged) {
        damagedFile = std::move(*salvaged);
        return openFile(options, clock.now(), log);
    }
    const auto kind = salvaged.error().kind;
    if (kind == ErrorKind::refused) return std::unexpected(salvaged.error());
    const auto error = salvaged.error().in("the damaged store");
    if (kind == ErrorKind::full) return standIn(options, error, clock.now(), log);
    return std::unexpected(error);
}

/// Nothing is stored and nothing of the damaged store is sent, but the hub says so, and devices
/// keep their records.
Result<std::unique_ptr<Engine>> Engine::standIn(const StoreOptions& options, const Error& reason,
                                                const Moment& now, const Log& log) {
    auto database = temporaryStore();
    if (!database) return std::unexpected(database.error());
    auto identity = identify(*database, options);
    if (!identity) return std::unexpected(identity.error());
    std::unique_ptr<Engine> engine(
        new Engine(std::move(*database), std::move(*identity), options, log));
    engine->isStandIn_ = true;
    if (auto loaded = engine->load(now); !loaded) return std::unexpected(loaded.error());
    engine->status_.intake = v1::INTAKE_CLOSED_FULL;
    engine->closedBecause_ = reason.message;
    log.error("intake is closed: {}", reason.message);
    return engine;
}

/// With room for a second store of its size the damaged one can be salvaged, and one that is
/// salvaged can take its place with any: by a new start.
void Engine::tryAgain(const Moment& now) {
    std::error_code failure;
    const bool isSalvaged = std::filesystem::exists(salvagedPathOf(path_), failure);
    const auto size = isSalvaged ? 0 : std::filesystem::file_size(path_, failure);
    const auto room =
        std::filesystem::space(std::filesystem::absolute(path_).parent_path(), failure);
    if (failure || room.available < size) return;
    const auto probe = path_ + ".new";
    const auto made = makeStoreFile(probe, vfs_);
    std::filesystem::remove(probe, failure);
    if (made) failed({ErrorKind::unavailable, "there is room for the damaged store again"}, now);
}

/// What was opened for reading only stays so: a new start opens it for writing.
void Engine::tryWritable() {
    const Descriptor file(::open(path_.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (file.value >= 0) giveUp("the medium of the store can be written again");
}

Result<Engine::Identity> Engine::identify(Database& database, const StoreOptions& options) {
    auto begun = database.run("BEGIN IMMEDIATE");
    if (!begun) return std::unexpected(begun.error());
    auto stream = readStream(database);
    if (!stream) return std::unexpected(stream.error());
    auto keys = KeyRing::load(database, {options.key, options.previousKey}, *stream);
    if (!keys) return std::unexpected(keys.error());
    if (!keys->canSeal()) {
        return fail(ErrorKind::damaged,
                    "its newest data key, or the name of its stream, is damaged");
    }
    const auto boot = numberOfBoot(database, options.bootId);
    if (!boot) return std::unexpected(boot.error());
    Status done;
    if (database.isReadOnly()) done = fail(ErrorKind::refused, "its medium is mounted read-only");
    if (done) done = writeBoot(database, *boot, options.bootId);
    if (done) done = keys->saveMark(database);
    if (done) done = database.run("COMMIT");
    Identity identity{std::move(*stream), std::move(*keys), *boot};
    if (done) {
        identity.keys.committed();
        return identity;
    }
    database.rollBack();
    identity.keys.rolledBack();
    const auto keyCount = database.integer("SELECT count(*) FROM keys");
    const bool isNew = !keyCount || *keyCount == 0;
    if (isNew || isUnreadable(done.error().kind)) return std::unexpected(done.error());
    // What is stored can be sent all the same.
    identity.unwritten = done.error();
    return identity;
}

/// Part of a transaction.
Status Engine::writeIdentity() {
    auto written = writeBoot(database_, boot_, bootId_);
    return written ? keys_.saveMark(database_) : written;
}

Result<std::unique_ptr<Engine>> Engine::openFile(const StoreOptions& options, const Moment& now,
                                                 const Log& log) {
    auto database = openStoreFile(options.path, options.vfs, log);
    if (!database) return std::unexpected(database.error());
    auto identity = identify(*database, options);
    if (!identity) return std::unexpected(asDamage(identity.error()));
    auto moment = now;
    moment.boot = identity->boot;
    std::unique_ptr<Engine> engine(
        new Engine(std::move(*database), std::move(*identity), options, log));
    if (auto loaded = engine->load(now); !loaded) return std::unexpected(asDamage(loaded.error()));
    if (auto started = engine->start(moment); !started) return std::unexpected(started.error());
    return engine;
}

Status Engine::load(const Moment& now) {
    ageing_.begin(now);
    auto loaded = log_.load();
    if (loaded) loaded = ranges_.load();
    if (loaded) loaded = salvage_.load();
    if (loaded) loaded = updateStatus(now);
    return loaded;
}

Status Engine::start(const Moment& now) {
    database_.writeBackAtClose(true);
    if (unwritten_) failed(*unwritten_, now);
    if (status_.intake == v1::INTAKE_CLOSED_FAULT) return {};
    // What a power cut left behind its last commit must not be taken for a lost one later.
    const auto emptied = database_.emptyWal();
    if (!emptied && intakeAfter(emptied.error().kind) == v1::INTAKE_CLOSED_FAULT) {
        failed(emptied.error(), now);
    }
    if (log_.counters().next > 1) {
        replaceStoreKey(now);
        return {};
    }
    out_.info("new store, stream {}", stream_);
    std::vector<NewRow> first{storeEvent(now, v1::SEVERITY_INFO, v1::STORE_STREAM_STARTED,
                                         "A new store: its stream begins here.")};
    Appended appended;
    return commit([&] { return append(first, {}, now, appended); }, now);
}

/// If it cannot be written now, flush() does it once it can: until then the previous key is needed.
void Engine::replaceStoreKey(const Moment& now) {
    if (!keys_.needsWrapping()) return;
    std::vector<NewRow> event{
        storeEvent(now, v1::SEVERITY_INFO, v1::STORE_KEY_ROTATED, "The store has a new key.")};
    Appended appended;
    const auto done = commit(
        [&] {
            auto wrapped = keys_.wrapAnew(database_);
            return wrapped ? append(event, {}, now, appended) : wrapped;
        },
        now);
    if (!done) {
        out_.error("the new key is not taken yet, keep the previous one: {}", done.error().message);
    } else if (salvage_.isPending()) {
        out_.warning(
            "the store has a new key; keep the previous one until the salvage of the damaged store "
            "is over");
    } else {
        out_.warning("the store has a new key; the previous one is not needed any more");
    }
}

}  // namespace vitalgate::store
