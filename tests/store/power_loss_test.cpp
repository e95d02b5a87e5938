#include <doctest/doctest.h>
#include <sqlite3.h>

#include <array>
#include <random>

#include "gateway/store/store_file.hpp"
#include "tests/store/faulty_disk.hpp"
#include "tests/store/power_loss_disk.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"
#include "tests/support/soak.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

using Files = UnsyncedDisk::Files;

constexpr const char* kUplink = "care";
/// So little that rows have to give way.
constexpr std::uint64_t kMaximumBytes = 256 * 1024;
/// A life ends on its own in the middle, so that closing and opening are cut off too.
int stepsOfLife() {
    return vitalgate::testing::soak(90, 400);
}

/// What the store has answered for, or the service has got.
struct Promise {
    enum class Kind { row, command, delivery };

    Kind kind;
    std::string name = {};       ///< of a reading or a command
    std::uint64_t sequence = 0;  ///< of a reading
    RangeSet delivered = {};     ///< with what a Loss among them names
};

using Kind = Promise::Kind;

/// What was done to the disk, with a mark wherever one more promise was given.
struct Life {
    Files begin;
    std::vector<DiskEvent> events;
};

Files filesIn(const Hub& hub) {
    Files files;
    for (const auto& file : std::filesystem::directory_iterator(hub.dir.path())) {
        if (file.is_regular_file())
            files[file.path().filename().string()] = readFile(file.path().string());
    }
    return files;
}

Files newStore() {
    const Hub hub;
    REQUIRE(makeStoreFile(hub.path(), {}));
    return filesIn(hub);
}

CommandEntry command(const Hub& hub, const std::string& id) {
    CommandEntry entry;
    entry.id = id;
    entry.keyId = "clinic";
    entry.target = "cuff";
    entry.state = v1::COMMAND_RECEIVED;
    entry.notAfter = hub.clock.wall() + 365 * 24h;
    return entry;
}

void addTold(const v1::Record& record, RangeSet& told) {
    told.add(Range{record.sequence(), record.sequence()});
    for (const auto& range : record.event().loss().ranges()) {
        told.add(Range{range.first(), range.last()});
    }
}

/// A hub on the files that a power cut left.
struct Restarted : Hub {
    Restarted(const Files& files, const std::string& vfs) {
        for (const auto& [name, content] : files) writeFile(dir / name, content);
        options.vfs = vfs;
        options.maximumBytes = kMaximumBytes;
        options.uplinks = {kUplink};
    }
    void begin() {
        const auto opened = tryOpen();
        REQUIRE_MESSAGE(opened, opened.error().message);
    }
};

/// Works as the hub does, and notes what it was promised.
class Worker {
  public:
    Worker(RecordingDisk& disk, std::vector<Promise>& promises, std::uint64_t seed)
        : disk_(disk), promises_(promises), random_(seed) {}

    Life live(const Files& files, int steps) {
        disk_.take();
        Restarted hub(files, RecordingDisk::name());
        hub.begin();
        for (int step = 0; step < steps; ++step) {
            if (step == steps / 2) {
                hub.close();
                hub.begin();
            }
            work(hub);
        }
        hub.close();
        return {files, disk_.take()};
    }

  private:
    void work(Hub& hub) {
        const auto what = random_() % 40;
        if (what == 0) return letMonthPass(hub);
        if (what < 4) return begin(hub);
        if (what < 8) return deliver(hub, random_() % 100);
        appendSome(hub, 1 + random_() % 3);
    }

    /// Together, so that some of them are one commit.
    void appendSome(Hub& hub, std::size_t count) {
        std::size_t answered = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const auto name = fmt::format("cuff-{}", ++number_);
            auto row = reading(name, name);
            row.record.mutable_reading()->add_status(std::string(random_() % 8'000, 'x'));
            hub.store->append({row}, {{"cuff", "last", name}}, [&, name](Result<Appended> result) {
                ++answered;
                if (result) promise({Kind::row, name, result->sequences.front()});
            });
        }
        hub.runUntil([&] { return answered == count; });
    }

    void begin(Hub& hub) {
        const auto id = fmt::format("command-{}", ++number_);
        const auto begun = hub.await<std::optional<CommandEntry>>(
            [&](auto done) { hub.store->beginCommand(command(hub, id), done); });
        if (begun) promise({Kind::command, id});
    }

    /// To the service, all but the newest `left`.
    void deliver(Hub& hub, std::uint64_t left) {
        const auto newest = hub.store->status().newest;
        const Range sent{1, newest - std::min(newest - 1, left)};
        RangeSet delivered;
        for (const auto& record : hub.records(sent)) addTold(record, delivered);
        promise({Kind::delivery, {}, 0, delivered});
        auto sets = hub.sets(kUplink);
        sets.sent.add(sent);
        sets.stored.add(sent);
        hub.store->saveSets(kUplink, sets, true);
        hub.sets(kUplink);  // comes back after the write
    }

    /// Then all is out of date, the row with the highest sequence too.
    void letMonthPass(Hub& hub) {
        deliver(hub, 0);
        hub.clock.advance(31 * 24h);
        CHECK(hub.append({}));
        hub.fetch();  // comes back after the purge has begun
        CHECK(hub.append({}));
    }

    void promise(Promise promise) {
        promises_.push_back(std::move(promise));
        disk_.mark(static_cast<std::int64_t>(promises_.size()));
    }

    RecordingDisk& disk_;
    std::vector<Promise>& promises_;
    std::mt19937_64 random_;
    int number_ = 0;
};

int numberOf(const std::string& name) {
    return name.empty() ? 0 : std::stoi(name.substr(name.find('-') + 1));
}

/// Whether the row is there, or with the service, or named by a Loss that is.
bool isKept(const Promise& promise, const std::map<std::uint64_t, std::string>& rows,
            const RangeSet& told) {
    const auto row = rows.find(promise.sequence);
    return row != rows.end() ? row->second == promise.name : told.contains(promise.sequence);
}

/// How many promises the store does not keep.
int broken(Hub& hub, std::span<const Promise> promises) {
    RangeSet told;
    std::map<std::uint64_t, std::string> rows;
    std::string newest;
    for (const auto& record : hub.records()) {
        addTold(record, told);
        if (!record.has_reading()) continue;
        newest = record.reading().device();
        rows[record.sequence()] = newest;
    }
    for (const auto& promise : promises) told.add(promise.delivered);
    int count = 0;
    std::string promised;
    for (const auto& promise : promises) {
        if (promise.kind != Kind::row) continue;
        promised = promise.name;
        if (!isKept(promise, rows, told)) ++count;
    }
    const auto bookmark = hub.bookmark("cuff", "last");
    if (numberOf(bookmark) < numberOf(promised)) ++count;
    if (!newest.empty() && newest != bookmark) ++count;
    const auto sets = hub.sets(kUplink);
    if (!sets.sent.empty() && sets.sent.ranges().back().last > hub.store->status().newest) ++count;
    return count;
}

const Promise* newestOf(Kind kind, std::span<const Promise> promises) {
    const auto found = std::ranges::find(promises.rbegin(), promises.rend(), kind, &Promise::kind);
    return found == promises.rend() ? nullptr : &*found;
}

/// What comes next has a number of its own, and what the store knows it knows still.
void checkGoesOn(Hub& hub, std::span<const Promise> promises) {
    std::vector<NewRow> rows{reading("new", "new")};
    const auto* row = newestOf(Kind::row, promises);
    if (row != nullptr) rows.push_back(reading(row->name, row->name));
    const auto appended = hub.append(rows).value();
    if (row != nullptr) {
        CHECK(appended.sequences.front() > row->sequence);
        CHECK(appended.sequences.back() == 0);
    }
    if (const auto* begun = newestOf(Kind::command, promises)) {
        const auto known = hub.await<std::optional<CommandEntry>>(
            [&](auto done) { hub.store->beginCommand(command(hub, begun->name), done); });
        CHECK(known.value().has_value());
    }
}

/// Opens what a power cut left. Gives the number of broken promises.
int checkAfterCut(const Files& files, std::span<const Promise> promises,
                  const std::string& stream) {
    Restarted hub(files, FaultyDisk::name());
    hub.begin();
    // Another one would be a salvaged store: nothing of this may look like damage.
    CHECK(hub.store->status().stream == stream);
    const int count = broken(hub, promises);
    if (count == 0) checkGoesOn(hub, promises);
    hub.close();
    CHECK(raw(hub.path(), "PRAGMA integrity_check") == "ok");
    return count;
}

std::string streamOf(const Files& files) {
    const Restarted hub(files, {});
    return raw(hub.path(), "SELECT value FROM meta WHERE name = 'stream'");
}

/// How many promises there were before the event `end`.
std::size_t promisesBefore(const Life& life, std::size_t end, std::size_t atBegin) {
    for (std::size_t i = end; i > 0; --i) {
        const auto& event = life.events[i - 1];
        if (event.kind == DiskEvent::Kind::mark) return static_cast<std::size_t>(event.at);
    }
    return atBegin;
}

struct Sweep {
    int cuts = 0;
    int broken = 0;
};

/// Cuts the power before each sync, when most is not yet on the disk, until a promise is broken.
Sweep sweep(const Life& life, std::span<const Promise> promises, std::span<const Left> kinds,
            std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto stream = streamOf(life.begin);
    UnsyncedDisk disk(life.begin);
    Sweep result;
    for (std::size_t i = 0; i < life.events.size(); ++i) {
        const auto& event = life.events[i];
        const bool isCut = event.kind == DiskEvent::Kind::sync || i + 1 == life.events.size();
        for (const auto left : isCut ? kinds : std::span<const Left>{}) {
            CAPTURE(i);
            CAPTURE(static_cast<int>(left));
            const auto files = disk.afterPowerCut(left, random);
            result.broken +=
                checkAfterCut(files, promises.first(promisesBefore(life, i, 0)), stream);
            ++result.cuts;
            if (result.broken > 0) return result;
        }
        disk.apply(event);
    }
    return result;
}

constexpr std::array kAllKinds{Left::nothing, Left::everything, Left::writes,  Left::writes,
                               Left::sectors, Left::sectors,    Left::sectors, Left::torn,
                               Left::torn,    Left::torn};
constexpr std::array kNothing{Left::nothing};

int useNormal(sqlite3* database, char**, const sqlite3_api_routines*) {
    // Without shared memory only one that is alone can look into the file.
    constexpr const char* kScript = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = NORMAL";
    return sqlite3_exec(database, kScript, nullptr, nullptr, nullptr);
}

using Entry = void (*)();

/// Every connection has synchronous=NORMAL while this lives, whatever the store asks for.
class NormalDisk final : public RecordingDisk {
  public:
    NormalDisk() { sqlite3_auto_extension(reinterpret_cast<Entry>(useNormal)); }
    ~NormalDisk() override { sqlite3_cancel_auto_extension(reinterpret_cast<Entry>(useNormal)); }
    std::optional<int> before(const DiskRequest& request) override {
        const bool isFull =
            request.kind == DiskRequest::Kind::pragma && request.data == "synchronous=FULL";
        return isFull ? SQLITE_OK : RecordingDisk::before(request);
    }
};

}  // namespace

TEST_CASE(
    "whatever a power cut leaves of the unsynced writes, all that was acknowledged is there") {
    RecordingDisk recording;
    FaultyDisk quick;
    quick.set(FaultyDisk::Fault::noSync);
    std::vector<Promise> promises;
    const auto life = Worker(recording, promises, 1).live(newStore(), stepsOfLife());
    const auto result = sweep(life, promises, kAllKinds, 2);
    CHECK(result.broken == 0);
    CHECK(result.cuts > 900);
    MESSAGE(result.cuts << " power cuts, " << promises.size() << " promises");
}

TEST_CASE("after one power cut comes the next") {
    RecordingDisk recording;
    FaultyDisk quick;
    quick.set(FaultyDisk::Fault::noSync);
    std::vector<Promise> promises;
    std::mt19937_64 random(3);
    Worker worker(recording, promises, 4);
    auto files = newStore();
    const auto stream = streamOf(files);
    for (int cut = 0; cut < vitalgate::testing::soak(60, 500); ++cut) {
        CAPTURE(cut);
        const auto before = promises.size();
        const auto life = worker.live(files, 12);
        const auto end = random() % life.events.size();
        UnsyncedDisk disk(files);
        for (std::size_t i = 0; i < end; ++i) disk.apply(life.events[i]);
        files = disk.afterPowerCut(kAllKinds[random() % kAllKinds.size()], random);
        promises.resize(promisesBefore(life, end, before));
        CHECK(checkAfterCut(files, promises, stream) == 0);
    }
}

TEST_CASE("with synchronous=NORMAL the same cuts lose what was acknowledged") {
    NormalDisk recording;
    FaultyDisk quick;
    quick.set(FaultyDisk::Fault::noSync);
    std::vector<Promise> promises;
    const auto life = Worker(recording, promises, 1).live(newStore(), stepsOfLife());
    CHECK(sweep(life, promises, kNothing, 2).broken > 0);
}

TEST_CASE("a new store is synced before it gets its name") {
    RecordingDisk recording;
    Hub hub;
    hub.options.vfs = RecordingDisk::name();
    hub.open();
    hub.close();
    UnsyncedDisk disk({});
    bool wasNamed = false;
    for (const auto& event : recording.take()) {
        if (event.name == "store.db") {
            wasNamed = true;
            break;
        }
        disk.apply(event);
    }
    CHECK(wasNamed);
    CHECK_FALSE(disk.hasUnsynced());
}
