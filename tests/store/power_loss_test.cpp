#include <doctest/doctest.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <random>

#include "gateway/store/journal_check.hpp"
#include "tests/store/faulty_disk.hpp"
#include "tests/store/power_loss_disk.hpp"
#include "tests/store/promises.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/support/soak.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

/// A life ends on its own in the middle, so that closing and opening are cut off too.
int stepsOfLife() {
    return vitalgate::testing::soak(90, 400);
}

/// What was done to the disk, with a mark wherever one more promise was given.
struct Life {
    Files begin;
    std::vector<DiskEvent> events;
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
                if (result) promise({Promise::Kind::row, name, result->sequences.front()});
            });
        }
        hub.runUntil([&] { return answered == count; });
    }

    void begin(Hub& hub) {
        const auto id = fmt::format("command-{}", ++number_);
        const auto begun = hub.await<std::optional<CommandEntry>>(
            [&](auto done) { hub.store->beginCommand(command(hub, id), done); });
        if (begun) promise({Promise::Kind::command, id});
    }

    /// To the service, all but the newest `left`.
    void deliver(Hub& hub, std::uint64_t left) {
        const auto newest = hub.store->status().newest;
        const Range sent{1, newest - std::min(newest - 1, left)};
        RangeSet delivered;
        for (const auto& record : hub.records(sent)) addTold(record, delivered);
        promise({Promise::Kind::delivery, {}, 0, delivered});
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

/// What a worker needs: a disk that keeps account, and another to look at what power cuts leave.
template <class Disk = RecordingDisk>
struct Recording {
    Recording() { quick.set(FaultyDisk::Fault::noSync); }
    Disk disk;
    FaultyDisk quick;
    std::vector<Promise> promises;
};

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

constexpr const char* kJournal = "store.db-wal";

/// The files with the beginning, or the end, of what is written over the header of the journal,
/// also with nothing of the rest of the sector; none where there is no journal yet.
std::vector<Files> halfWritten(const Files& files, const DiskEvent& event) {
    std::vector<Files> result;
    const auto journal = files.find(kJournal);
    if (journal == files.end() || journal->second.size() <= event.data.size()) return result;
    for (std::size_t at = 1; at < event.data.size(); at += 3) {
        auto& begun = result.emplace_back(files)[kJournal];
        begun.replace(0, at, event.data, 0, at);
        auto& ended = result.emplace_back(files)[kJournal];
        ended.replace(at, event.data.size() - at, event.data, at);
        auto& torn = result.emplace_back(files)[kJournal];
        torn.replace(0, at, event.data, 0, at);
        torn.replace(at, 512 - at, 512 - at, '\xff');
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
    Recording<> recording;
    auto& promises = recording.promises;
    const auto life = Worker(recording.disk, promises, 1).live(newStore(), stepsOfLife());
    const auto result = sweep(life, promises, kAllKinds, 2);
    CHECK(result.broken == 0);
    CHECK(result.cuts > 900);
    MESSAGE(result.cuts << " power cuts, " << promises.size() << " promises");
}

TEST_CASE("a power cut while the header of the journal is replaced harms nothing") {
    Recording<> recording;
    auto& promises = recording.promises;
    const auto life = Worker(recording.disk, promises, 5).live(newStore(), 240);
    const auto stream = streamOf(life.begin);
    std::mt19937_64 random(6);
    UnsyncedDisk disk(life.begin);
    int cuts = 0;
    for (std::size_t i = 0; i < life.events.size(); ++i) {
        const auto& event = life.events[i];
        const auto before = std::span(promises).first(promisesBefore(life, i, 0));
        if (event.kind == DiskEvent::Kind::write && event.name == kJournal && event.at == 0) {
            CAPTURE(i);
            for (const auto& files :
                 halfWritten(disk.afterPowerCut(Left::nothing, random), event)) {
                CHECK(checkAfterCut(files, before, stream) == 0);
                ++cuts;
            }
        }
        disk.apply(event);
    }
    CHECK(cuts > 0);
    MESSAGE(cuts << " power cuts");
}

TEST_CASE("nothing that a power cut leaves looks like commits that are lost") {
    Recording<> recording;
    auto& promises = recording.promises;
    const auto life = Worker(recording.disk, promises, 7).live(newStore(), 60);
    std::mt19937_64 random(8);
    UnsyncedDisk disk(life.begin);
    const vitalgate::testing::TempDir dir;
    int cuts = 0;
    for (const auto& event : life.events) {
        const bool isCut = event.kind == DiskEvent::Kind::sync && event.name == kJournal;
        // More than the store can be opened after: one in 35,000 once was taken for damage.
        for (int cut = 0; isCut && cut < vitalgate::testing::soak(10, 2'000); ++cut) {
            CAPTURE(cuts);
            const auto left = cut % 4 == 0 ? Left::sectors : Left::torn;
            std::filesystem::remove(dir / kJournal);
            for (const auto& [name, content] : disk.afterPowerCut(left, random))
                writeFile(dir / name, content);
            CHECK_FALSE(hasLostCommits(dir / "store.db").value());
            ++cuts;
        }
        disk.apply(event);
    }
    CHECK(cuts > 500);
    MESSAGE(cuts << " power cuts");
}

TEST_CASE("after one power cut comes the next") {
    Recording<> recording;
    auto& promises = recording.promises;
    std::mt19937_64 random(3);
    Worker worker(recording.disk, promises, 4);
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
    Recording<NormalDisk> recording;
    auto& promises = recording.promises;
    const auto life = Worker(recording.disk, promises, 1).live(newStore(), stepsOfLife());
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
