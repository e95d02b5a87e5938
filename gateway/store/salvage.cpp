#include "gateway/store/salvage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "gateway/base/descriptor.hpp"
#include "gateway/base/failpoint.hpp"
#include "gateway/base/file_system.hpp"
#include "gateway/store/bookmark_table.hpp"
#include "gateway/store/carry_over.hpp"
#include "gateway/store/command_table.hpp"
#include "gateway/store/damaged_file.hpp"
#include "gateway/store/damaged_store.hpp"
#include "gateway/store/journal_check.hpp"
#include "gateway/store/log_table.hpp"
#include "gateway/store/meta_table.hpp"
#include "gateway/store/store_events.hpp"
#include "gateway/store/store_file.hpp"

namespace vitalgate::store {

namespace {

struct NewFile {
    Database database;
    KeyRing keys;
};

/// An open transaction on a new file, without a journal: until it is renamed it counts for nothing.
/// The start that opens it replaces a `storeKey` that is the previous one, and tells of it.
Result<NewFile> begin(const std::string& path, const StoreOptions& options,
                      const crypto::SecretKey& storeKey) {
    if (auto made = makeStoreFile(path, options.vfs); !made) return std::unexpected(made.error());
    auto database = Database::open(path, options.vfs);
    if (!database) return std::unexpected(database.error());
    if (auto begun = database->runScript("PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;"
                                         "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE");
        !begun) {
        return std::unexpected(begun.error());
    }
    const auto stream = readStream(*database);
    if (!stream) return std::unexpected(stream.error());
    auto keys = KeyRing::load(*database, {storeKey, {}}, *stream);
    if (!keys) return std::unexpected(keys.error());
    return NewFile{std::move(*database), std::move(*keys)};
}

Status syncFile(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (file.value >= 0 && ::fsync(file.value) == 0) return {};
    return fail(kindOfErrno(errno), "the salvaged store cannot be written: {}",
                std::strerror(errno));
}

/// Fills the new store.
class Salvage {
  public:
    /// `old`: nothing if no part of it can be read.
    Salvage(NewFile& file, std::optional<DamagedStore> old, const StoreOptions& options,
            const Clock& clock)
        : database_(file.database),
          log_(database_, file.keys),
          commands_(database_, file.keys),
          bookmarks_(database_, file.keys),
          options_(options),
          clock_(clock),
          end_(clock.steady() + options.salvageLimit) {
        if (!old) return;
        CarryProgress progress{.stream = old->stream()};
        carry_ = std::make_unique<CarryOver>(database_, log_, std::move(*old), std::move(progress));
    }

    Status run(const Error& damage);
    [[nodiscard]] const std::string& summary() const { return summary_; }

  private:
    void note(const Status& status) {
        if (status_ && !status) status_ = status;
    }
    void carryTables(DamagedStore& old);
    void carryRows();
    void numberThisBoot(std::uint32_t highest);
    void recordAllLost();
    void recordStart(const Error& damage);
    [[nodiscard]] std::string textOf() const;

    Database& database_;
    LogTable log_;
    CommandTable commands_;
    BookmarkTable bookmarks_;
    const StoreOptions& options_;
    const Clock& clock_;
    SteadyTime end_;
    std::unique_ptr<CarryOver> carry_;

    Moment now_;
    Status status_;
    bool isOver_ = false;
    bool isLedgerWhole_ = false;
    std::string summary_;
};

Status Salvage::run(const Error& damage) {
    now_ = clock_.now();
    // Record 1 is written last, when it is known what it has to say.
    log_.restore({.next = 2, .rows = 0});
    if (carry_) carryTables(carry_->old());
    numberThisBoot(carry_ ? carry_->old().highestBoot() : 0);
    // What the last stream was is not certain without a data key.
    const bool isCertain = carry_ && !carry_->old().isSealed();
    if (carry_) carryRows();
    if (!isCertain) recordAllLost();
    recordStart(damage);
    if (status_) note(log_.saveCounters());
    return status_;
}

void Salvage::carryTables(DamagedStore& old) {
    isLedgerWhole_ =
        old.commands([this](const CommandEntry& entry) { note(commands_.put(entry)); });
    // Among them is which commands of an order were run last.
    isLedgerWhole_ = old.bookmarks([this](const BookmarkChange& bookmark) {
        note(bookmarks_.put(bookmark));
    }) && isLedgerWhole_;
    old.connections([this](const std::string& uplink, std::uint64_t count) {
        note(setConnections(database_, uplink, count));
    });
    old.boots([this](std::uint32_t number, const std::string& id) {
        note(database_.run("INSERT OR IGNORE INTO boots(number, boot_id) VALUES(?1, ?2)", number,
                           id));
    });
    for (const auto& [name, value] : old.carryEntries()) note(writeText(database_, name, value));
}

/// What is left when the time is over goes on once the store is open.
void Salvage::carryRows() {
    note(carry_->begin(now_));
    while (status_ && !isOver_ && clock_.steady() < end_) {
        const auto ended = carry_->step(now_);
        if (!ended) return note(std::unexpected(ended.error()));
        isOver_ = *ended;
    }
}

/// No number that stands in a record may mean another boot too.
void Salvage::numberThisBoot(std::uint32_t highest) {
    if (highest > 0) note(writeBoot(database_, highest, fmt::format("unknown-{}", highest)));
    const auto boot = numberOfBoot(database_, options_.bootId);
    if (!boot) return note(std::unexpected(boot.error()));
    note(writeBoot(database_, *boot, options_.bootId));
    now_.boot = *boot;
}

/// Without a word of the last stream all may be lost that the service does not have.
void Salvage::recordAllLost() {
    note(giveUpCarrying(database_, log_, {.undelivered = RangeSet(Range{1, kMaximumSequence})},
                        now_));
}

std::string Salvage::textOf() const {
    if (!carry_) {
        return "The store was damaged and nothing of it could be read: what was not delivered is "
               "lost, and a command sent again may run again.";
    }
    const auto& progress = carry_->progress();
    const auto what =
        isOver_ ? fmt::format("{} records come again in this stream, {}", progress.movedCount,
                              lostText(progress))
                : fmt::format("{} records come again in this stream so far, the rest is still read",
                              progress.movedCount);
    return fmt::format("The store was damaged. Of what was not delivered {}.{}", what,
                       isLedgerWhole_
                           ? ""
                           : " Not all of the commands that were run could be read: one that is "
                             "sent again may run again.");
}

void Salvage::recordStart(const Error& damage) {
    summary_ = textOf();
    auto start = storeEvent(now_, v1::SEVERITY_ALARM, v1::STORE_STREAM_STARTED, summary_);
    auto& change = *start.record.mutable_event()->mutable_store();
    if (carry_) change.set_previous_stream(carry_->progress().stream);
    change.set_detail(damage.message);
    const auto counters = log_.counters();
    log_.restore({.next = 1, .rows = counters.rows});
    const auto inserted = log_.insert(start, now_);
    if (!inserted) note(std::unexpected(inserted.error()));
    log_.restore({.next = counters.next, .rows = counters.rows + 1});
}

Status fill(const std::string& path, const StoreOptions& options, const Error& damage,
            const Clock& clock, const Log& log) {
    // The file of another program stays as it is.
    const bool isOurs = checkWasStoreFile(options.path).has_value() ||
                        DamagedStore::open(options.path, options).has_value();
    const auto mended = isOurs ? mendJournal(options.path, log) : Status{};
    if (!mended) return mended;
    auto opened = DamagedStore::open(options.path, options);
    const auto isItself = isThere(options.path);  // else its journal alone is
    if (!isItself) return std::unexpected(isItself.error());
    if (*isItself && !opened) {
        if (!isUnreadable(opened.error().kind)) return std::unexpected(opened.error());
        if (auto checked = checkWasStoreFile(options.path); !checked) return checked;
    }
    log.error("the store is damaged: {}", damage.message);
    if (!opened) log.error("nothing of it can be read: {}", opened.error().message);
    std::optional<DamagedStore> old;
    if (opened) old.emplace(std::move(*opened));
    const bool isPreviousKey = old && old->needsPreviousKey();
    auto file = begin(path, options, isPreviousKey ? options.previousKey : options.key);
    if (!file) return std::unexpected(file.error());
    Salvage salvage(*file, std::move(old), options, clock);
    if (auto done = salvage.run(damage); !done) return done;
    failpoint("store.commit-salvage");
    if (auto done = file->database.run("COMMIT"); !done) return done;
    log.warning("{}", salvage.summary());
    return {};
}

}  // namespace

Status salvage(const StoreOptions& options, const Error& damage, const Clock& clock,
               const Log& log) {
    const auto temporary = options.path + ".new";
    auto done = fill(temporary, options, damage, clock, log);
    if (done) done = syncFile(temporary);
    failpoint("store.finish-salvage");
    if (done && ::rename(temporary.c_str(), salvagedPathOf(options.path).c_str()) != 0) {
        done =
            fail(kindOfErrno(errno), "the salvaged store cannot be made: {}", std::strerror(errno));
    }
    if (!done) ::unlink(temporary.c_str());
    return done;
}

}  // namespace vitalgate::store
