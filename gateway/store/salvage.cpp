#include "gateway/store/salvage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "gateway/base/failpoint.hpp"
#include "gateway/store/bookmark_table.hpp"
#include "gateway/store/command_table.hpp"
#include "gateway/store/damaged_file.hpp"
#include "gateway/store/damaged_store.hpp"
#include "gateway/store/log_table.hpp"
#include "gateway/store/meta_table.hpp"
#include "gateway/store/store_events.hpp"
#include "gateway/store/store_file.hpp"

namespace vitalgate::store {

namespace {

/// The number that a delivered row's id is kept under: no row ever has it, so none that is lost
/// takes the id along.
constexpr std::uint64_t kNoRow = 0;

struct NewFile {
    Database database;
    KeyRing keys;
};

/// An open transaction on a new file, without a journal: until it is renamed it counts for nothing.
Result<NewFile> begin(const std::string& path, const StoreOptions& options) {
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
    auto keys = KeyRing::load(*database, options.key, *stream);
    if (!keys) return std::unexpected(keys.error());
    return NewFile{std::move(*database), std::move(*keys)};
}

Status syncFile(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    const bool done = file >= 0 && ::fsync(file) == 0;
    const int error = errno;
    if (file >= 0) ::close(file);
    if (done) return {};
    return fail(ErrorKind::unavailable, "the salvaged store cannot be written: {}",
                std::strerror(error));
}

/// Carries over from the damaged store to the new one.
class Salvage {
  public:
    /// `old`: nothing if no part of it can be read.
    Salvage(NewFile& file, DamagedStore* old, const StoreOptions& options, const Clock& clock)
        : database_(file.database),
          old_(old),
          log_(database_, file.keys),
          commands_(database_, file.keys),
          bookmarks_(database_, file.keys),
          options_(options),
          clock_(clock),
          end_(clock.steady() + options.salvageLimit) {}

    Status run(const Error& damage);
    [[nodiscard]] const std::string& summary() const { return summary_; }

  private:
    void note(const Status& status) {
        if (status_ && !status) status_ = status;
    }
    [[nodiscard]] bool isLate() {
        if (clock_.steady() >= end_) isLate_ = true;
        return isLate_;
    }
    void carryTables();
    void carryLosses();
    void carryRows();
    Status carryRow(IntactRow row);
    void carryIds();
    void numberThisBoot();
    void recordLosses();
    void recordStart(const Error& damage);
    std::string textOf() const;

    Database& database_;
    DamagedStore* old_;
    LogTable log_;
    CommandTable commands_;
    BookmarkTable bookmarks_;
    const StoreOptions& options_;
    const Clock& clock_;
    SteadyTime end_;

    Moment now_;
    Status status_;
    RangeSet moved_;
    RangeSet lost_;
    std::uint64_t movedCount_ = 0;
    std::uint32_t highestBoot_ = 0;
    bool isLate_ = false;
    bool isLedgerWhole_ = false;
    std::string summary_;
};

Status Salvage::run(const Error& damage) {
    now_ = clock_.now();
    // Record 1 is written last, when it is known what it has to say.
    log_.restore({.next = 2, .rows = 0});
    if (old_ != nullptr) {
        carryTables();
        carryLosses();
        carryRows();
        carryIds();
    }
    numberThisBoot();
    recordLosses();
    recordStart(damage);
    if (status_) note(log_.saveCounters());
    return status_;
}

void Salvage::carryTables() {
    isLedgerWhole_ =
        old_->commands([this](const CommandEntry& entry) { note(commands_.put(entry)); });
    // Among them is which commands of an order were run last.
    isLedgerWhole_ = old_->bookmarks([this](const BookmarkChange& bookmark) {
        note(bookmarks_.put(bookmark));
    }) && isLedgerWhole_;
    old_->connections([this](const std::string& uplink, std::uint64_t count) {
        note(setConnections(database_, uplink, count));
    });
    old_->boots([this](std::uint32_t number, const std::string& id) {
        note(database_.run("INSERT OR IGNORE INTO boots(number, boot_id) VALUES(?1, ?2)", number,
                           id));
    });
}

/// Before time runs out: one of them may stand for a month. One that cannot be read may have named
/// any row before it.
void Salvage::carryLosses() {
    for (const auto sequence : old_->lossRows()) {
        if (!old_->undelivered().contains(sequence)) continue;
        note(old_->rows(
            {sequence, sequence}, [] { return false; },
            [this](IntactRow row) { return carryRow(std::move(row)); }));
        if (!moved_.contains(sequence)) lost_.add(Range{1, sequence});
    }
}

void Salvage::carryRows() {
    for (const auto& range : old_->undelivered().ranges()) {
        if (!status_ || isLate_) return;
        note(old_->rows(
            range, [this] { return isLate(); },
            [this](IntactRow row) { return carryRow(std::move(row)); }));
    }
}

Status Salvage::carryRow(IntactRow row) {
    const auto sequence = row.header.sequence;
    if (moved_.contains(sequence)) return {};
    NewRow carried{std::move(row.record), static_cast<v1::Priority>(row.header.priority),
                   std::move(row.id)};
    Moment then = now_;
    then.wall = WallTime{Duration{row.header.time}};
    then.boot = row.header.boot;
    auto inserted = log_.insert(carried, then);
    if (inserted && *inserted == 0) {
        // Two rows with one id can only be damage: one too many is better than one too few.
        carried.id.clear();
        inserted = log_.insert(carried, then);
    }
    if (!inserted) return std::unexpected(inserted.error());
    moved_.add(Range{sequence, sequence});
    ++movedCount_;
    highestBoot_ = std::max(highestBoot_, row.header.boot);
    return {};
}

/// Those of rows that are lost are left out: read from the device again, they are new.
void Salvage::carryIds() {
    old_->ids([this] { return !status_ || isLate(); },
              [this](ByteView id, std::uint64_t sequence) {
                  if (old_->undelivered().contains(sequence)) return;
                  note(database_.run("INSERT OR IGNORE INTO seen(id, sequence) VALUES(?1, ?2)", id,
                                     kNoRow));
              });
}

/// No number that stands in a record may mean another boot too.
void Salvage::numberThisBoot() {
    if (highestBoot_ > 0) {
        note(database_.run("INSERT OR IGNORE INTO boots(number, boot_id) VALUES(?1, ?2)",
                           highestBoot_, "unknown"));
    }
    const auto boot = numberOfBoot(database_, options_.bootId);
    if (!boot) return note(std::unexpected(boot.error()));
    now_.boot = *boot;
}

void Salvage::recordLosses() {
    // Without a word of the old store all may be lost that the service does not have.
    lost_.add(old_ != nullptr ? old_->undelivered() : RangeSet(Range{1, kMaximumSequence}));
    lost_.remove(moved_);
    const auto stream = old_ != nullptr ? old_->stream() : std::string{};
    const std::pair<const RangeSet*, v1::LossReason> told[] = {{&moved_, v1::LOSS_MOVED},
                                                               {&lost_, v1::LOSS_DAMAGED}};
    for (const auto& [set, reason] : told) {
        for (auto& record : earlierLossRecords(stream, *set, reason, now_)) {
            const auto inserted = log_.insert(record, now_);
            if (!inserted) return note(std::unexpected(inserted.error()));
            note(writeNumber(database_, fmt::format("loss/salvaged/{}", *inserted), *inserted));
        }
    }
}

std::string Salvage::textOf() const {
    if (old_ == nullptr) {
        return "The store was damaged and nothing of it could be read: what was not delivered is "
               "lost, and a command sent again may run again.";
    }
    std::uint64_t lost = 0;
    for (const auto& range : lost_.ranges()) lost += range.last - range.first + 1;
    return fmt::format(
        "The store was damaged. Of what was not delivered {} records come again in this stream, {} "
        "are lost{}.{}",
        movedCount_, lost, isLate_ ? ", some of them for want of time" : "",
        isLedgerWhole_ ? ""
                       : " Not all of the commands that were run could be read: one that is sent "
                         "again may run again.");
}

void Salvage::recordStart(const Error& damage) {
    summary_ = textOf();
    auto start = storeEvent(now_, v1::SEVERITY_ALARM, v1::STORE_STREAM_STARTED, summary_);
    auto& change = *start.record.mutable_event()->mutable_store();
    if (old_ != nullptr) change.set_previous_stream(old_->stream());
    change.set_detail(damage.message);
    const auto counters = log_.counters();
    log_.restore({.next = 1, .rows = counters.rows});
    const auto inserted = log_.insert(start, now_);
    if (!inserted) note(std::unexpected(inserted.error()));
    log_.restore({.next = counters.next, .rows = counters.rows + 1});
}

/// The file itself is at fault: with another key, or once the disk works again, it would be read no
/// better.
bool isUnreadable(ErrorKind kind) {
    return kind == ErrorKind::damaged || kind == ErrorKind::notFound || kind == ErrorKind::internal;
}

Status fill(const std::string& path, const StoreOptions& options, const Error& damage,
            const Clock& clock, const Log& log) {
    auto old = DamagedStore::open(options);
    const bool isThere = ::access(options.path.c_str(), F_OK) == 0;  // else its journal alone is
    if (isThere && !old && !isUnreadable(old.error().kind)) return std::unexpected(old.error());
    if (!old) log.error("nothing of the damaged store can be read: {}", old.error().message);
    auto file = begin(path, options);
    if (!file) return std::unexpected(file.error());
    Salvage salvage(*file, old ? &*old : nullptr, options, clock);
    if (auto done = salvage.run(damage); !done) return done;
    failpoint("store.commit-salvage");
    if (auto done = file->database.run("COMMIT"); !done) return done;
    log.warning("{}", salvage.summary());
    return {};
}

}  // namespace

Status salvage(const StoreOptions& options, const Error& damage, const Clock& clock,
               const Log& log) {
    log.error("the store is damaged: {}", damage.message);
    const auto temporary = options.path + ".new";
    auto done = fill(temporary, options, damage, clock, log);
    if (done) done = syncFile(temporary);
    failpoint("store.finish-salvage");
    if (done && ::rename(temporary.c_str(), salvagedPathOf(options.path).c_str()) != 0) {
        done = fail(ErrorKind::unavailable, "the salvaged store cannot be made: {}",
                    std::strerror(errno));
    }
    if (!done) ::unlink(temporary.c_str());
    return done;
}

}  // namespace vitalgate::store
