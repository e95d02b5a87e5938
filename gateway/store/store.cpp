#include "gateway/store/store.hpp"

#include <asio/post.hpp>

#include "gateway/store/engine.hpp"
#include "gateway/store/growth.hpp"
#include "gateway/store/worker.hpp"

namespace vitalgate::store {

namespace {

using namespace std::chrono_literals;

constexpr Duration kSetsWait = 10s;
constexpr Duration kRetryClosed = 3s;
constexpr Duration kFirstPurge = 1min;
constexpr Duration kPurgeEvery = 1h;

constexpr std::size_t kIdOctets = 16;
constexpr std::size_t kMaximumRowBytes = 256 * 1024;
constexpr std::size_t kMaximumAppendRows = 10'000;
constexpr std::size_t kMaximumNameBytes = 256;
constexpr std::size_t kMaximumValueBytes = 64 * 1024;
constexpr std::size_t kMaximumWaitingBytes = 32 * 1024 * 1024;

Status check(const NewRow& row) {
    if (row.record.body_case() == v1::Record::BODY_NOT_SET) {
        return fail(ErrorKind::invalid, "a record without a body cannot be stored");
    }
    if (row.priority < v1::PRIORITY_ALARM || row.priority > v1::PRIORITY_SERIES) {
        return fail(ErrorKind::invalid, "a record needs a priority");
    }
    if (!row.id.empty() && row.id.size() != kIdOctets) {
        return fail(ErrorKind::invalid, "an id has {} octets, not {}", kIdOctets, row.id.size());
    }
    return {};
}

Status check(const BookmarkChange& change) {
    if (change.deviceKey.size() > kMaximumNameBytes || change.name.size() > kMaximumNameBytes ||
        change.value.size() > kMaximumValueBytes) {
        return fail(ErrorKind::invalid,
                    "a bookmark is limited to a name of {} and a value of {} "
                    "octets",
                    kMaximumNameBytes, kMaximumValueBytes);
    }
    return {};
}

Status check(const CommandEntry& entry) {
    for (const auto* text : {&entry.id, &entry.keyId, &entry.target}) {
        if (text->size() > kMaximumNameBytes) {
            return fail(ErrorKind::invalid, "a command's names are limited to {} octets",
                        kMaximumNameBytes);
        }
    }
    if (entry.id.empty()) return fail(ErrorKind::invalid, "a command needs an id");
    return {};
}

/// Octets of the rows, or why they cannot be stored.
Result<std::size_t> measure(const std::vector<NewRow>& rows,
                            const std::vector<BookmarkChange>& bookmarks) {
    if (rows.size() > kMaximumAppendRows) {
        return fail(ErrorKind::invalid, "at most {} records at once", kMaximumAppendRows);
    }
    std::size_t bytes = 0;
    for (const auto& row : rows) {
        if (auto checked = check(row); !checked) return std::unexpected(checked.error());
        const auto size = row.record.ByteSizeLong();
        if (size > kMaximumRowBytes) {
            return fail(ErrorKind::invalid, "a record of {} octets is over the limit of {}", size,
                        kMaximumRowBytes);
        }
        bytes += size;
    }
    for (const auto& bookmark : bookmarks) {
        if (auto checked = check(bookmark); !checked) return std::unexpected(checked.error());
        bytes += bookmark.value.size();
    }
    return bytes;
}

/// What lives on the loop. The worker's reports hold it, so it may outlive the store by a moment.
struct LoopSide {
    explicit LoopSide(const StoreStatus& begin) : status(begin), growth(begin.changed) {}

    StoreStatus status;
    Growth growth;
    std::vector<std::function<void(std::uint64_t)>> listeners;
    std::size_t waitingBytes = 0;
    std::map<std::string, std::uint64_t> uncounted;  ///< connections that could not be written
    bool isClosed = false;
    std::function<void()> whenClosed;  ///< intake is closed; empty once the store is

    void take(const StoreStatus& now, bool hasNewRows) {
        status = now;
        growth.note(now.changed, now.appendedBytes);
        if (whenClosed &&
            (now.intake == v1::INTAKE_CLOSED_FULL || now.intake == v1::INTAKE_CLOSED_READ_ONLY)) {
            whenClosed();
        }
        if (!hasNewRows) return;
        // A listener may add another one.
        for (std::size_t i = 0; i < listeners.size(); ++i) listeners[i](now.newest);
    }
};

class SqliteStore final : public Store {
  public:
    SqliteStore(std::unique_ptr<Engine> engine, const StoreOptions& options, Clock& clock)
        : clock_(clock),
          maximumBytes_(options.maximumBytes),
          keep_(options.keep),
          boot_(engine->boot()),
          loop_(std::make_shared<LoopSide>(engine->status())) {
        loop_->whenClosed = [this] { retryLater(); };
        worker_ = std::make_unique<Worker>(
            std::move(engine), clock.loop(),
            [loop = loop_](const StoreStatus& now, bool isNew) { loop->take(now, isNew); });
        purgeTimer_ = clock_.after(kFirstPurge, [this] { purge(); });
        worker_->salvage(now());
        if (loop_->status.intake != v1::INTAKE_OPEN) retryLater();
    }
    ~SqliteStore() override { close(); }

    void append(std::vector<NewRow> rows, std::vector<BookmarkChange> bookmarks,
                std::function<void(Result<Appended>)> done) override;
    void fetch(Range within, RangeSet except, std::uint64_t maximumBytes,
               std::function<void(Result<std::vector<StoredRow>>)> done) override;
    void search(RowSearch search, std::function<void(Result<RangeSet>)> done) override;
    void loadSets(std::string uplink, std::function<void(Result<DeliverySets>)> done) override;
    void saveSets(std::string uplink, DeliverySets sets, bool now) override;
    void loadBookmarks(std::string deviceKey,
                       std::function<void(Result<std::vector<BookmarkChange>>)> done) override;
    void beginCommand(CommandEntry entry,
                      std::function<void(Result<std::optional<CommandEntry>>)> done) override;
    void finishCommand(CommandEntry entry, NewRow result,
                       std::function<void(Result<Appended>)> done) override;
    void openCommands(std::function<void(Result<std::vector<CommandEntry>>)> done) override;
    void commandSequences(std::function<void(Result<CommandSequences>)> done) override;
    void countConnection(std::string uplink,
                         std::function<void(Result<std::uint64_t>)> done) override;
    void onCommitted(std::function<void(std::uint64_t newest)> listener) override {
        loop_->listeners.push_back(std::move(listener));
    }
    void probe(std::function<void()> alive) override {
        if (worker_) worker_->probe(now(), std::move(alive));
    }
    [[nodiscard]] StoreStatus status() const override;
    [[nodiscard]] std::uint32_t boot() const override { return boot_; }
    void close() override;

  private:
    /// `work` fills the result inside the transaction; its status tells of the database alone.
    template <class T>
    void write(Result<std::size_t> bytes, std::function<Status(Engine&, Result<T>&)> work,
               std::function<void(Result<T>)> done);
    /// `step` fills the value; true at the end.
    template <class T>
    void read(std::function<Result<bool>(Engine&, T&)> step, std::function<void(Result<T>)> done,
              void (Worker::*queue)(Read) = &Worker::read);
    void flush();
    void retryLater();
    void purge();
    [[nodiscard]] Moment now() const {
        auto moment = clock_.now();
        moment.boot = boot_;
        return moment;
    }

    Clock& clock_;
    std::uint64_t maximumBytes_;
    Duration keep_;
    std::uint32_t boot_;
    std::shared_ptr<LoopSide> loop_;
    std::unique_ptr<Worker> worker_;
    bool setsWait_ = false;
    bool retries_ = false;
    Timer setsTimer_;
    Timer retryTimer_;
    Timer purgeTimer_;
};

template <class T>
void SqliteStore::write(Result<std::size_t> bytes, std::function<Status(Engine&, Result<T>&)> work,
                        std::function<void(Result<T>)> done) {
    if (bytes && loop_->waitingBytes + *bytes > kMaximumWaitingBytes) {
        bytes =
            fail(ErrorKind::unavailable,
                 "the disk is too slow: {} octets wait to be written already", loop_->waitingBytes);
    }
    if (!worker_) bytes = fail(ErrorKind::cancelled, "the store was closed");
    auto value = std::make_shared<Result<T>>();
    if (!bytes) *value = std::unexpected(bytes.error());
    const auto size = bytes.value_or(0);
    loop_->waitingBytes += size;
    auto answer = [loop = loop_, size, value, done = std::move(done)](const Status& status) {
        loop->waitingBytes -= size;
        if (!status && *value) *value = std::unexpected(status.error());
        done(std::move(*value));
    };
    if (!worker_) return asio::post(clock_.loop(), [answer] { answer({}); });
    // What is refused goes through the queue all the same: answers keep the order of the calls.
    worker_->write({now(), size,
                    [value, work = std::move(work)](Engine& engine) {
                        return *value ? work(engine, *value) : Status{};
                    },
                    std::move(answer)});
}

template <class T>
void SqliteStore::read(std::function<Result<bool>(Engine&, T&)> step,
                       std::function<void(Result<T>)> done, void (Worker::*queue)(Read)) {
    auto value = std::make_shared<T>();
    auto answer = [value, done = std::move(done)](const Status& status) {
        done(status ? Result<T>(std::move(*value)) : std::unexpected(status.error()));
    };
    if (!worker_) {
        return asio::post(clock_.loop(),
                          [answer] { answer(fail(ErrorKind::cancelled, "the store was closed")); });
    }
    (worker_.get()->*queue)(
        {now(), [value, step = std::move(step)](Engine& engine) { return step(engine, *value); },
         std::move(answer)});
}

void SqliteStore::append(std::vector<NewRow> rows, std::vector<BookmarkChange> bookmarks,
                         std::function<void(Result<Appended>)> done) {
    const auto bytes = measure(rows, bookmarks);
    auto shared = std::make_shared<std::pair<std::vector<NewRow>, std::vector<BookmarkChange>>>(
        std::move(rows), std::move(bookmarks));
    write<Appended>(
        bytes,
        [shared, now = now()](Engine& engine, Result<Appended>& appended) {
            return engine.append(shared->first, shared->second, now, *appended);
        },
        std::move(done));
}

void SqliteStore::fetch(Range within, RangeSet except, std::uint64_t maximumBytes,
                        std::function<void(Result<std::vector<StoredRow>>)> done) {
    auto state = std::make_shared<Fetch>();
    state->next = std::max<std::uint64_t>(within.first, 1);
    state->last = std::min(within.last, kMaximumSequence);
    state->except = std::move(except);
    state->maximumBytes = maximumBytes;
    read<std::vector<StoredRow>>(
        [state, now = now()](Engine& engine, std::vector<StoredRow>& rows) {
            auto ended = engine.step(*state, now);
            if (ended && *ended) rows = std::move(state->rows);
            return ended;
        },
        std::move(done));
}

void SqliteStore::search(RowSearch search, std::function<void(Result<RangeSet>)> done) {
    search.within.first = std::min(search.within.first, kMaximumSequence);
    search.within.last = std::min(search.within.last, kMaximumSequence);
    auto state = std::make_shared<RowSearch>(search);
    read<RangeSet>([state, now = now()](
                       Engine& engine, RangeSet& found) { return engine.step(*state, found, now); },
                   std::move(done), &Worker::search);
}

void SqliteStore::loadSets(std::string uplink, std::function<void(Result<DeliverySets>)> done) {
    read<DeliverySets>(
        [uplink = std::move(uplink)](Engine& engine, DeliverySets& sets) -> Result<bool> {
            sets = engine.ranges().get(uplink);
            return true;
        },
        std::move(done));
}

void SqliteStore::saveSets(std::string uplink, DeliverySets sets, bool now) {
    if (!worker_) return;
    worker_->change([uplink = std::move(uplink), sets = std::move(sets)](Engine& engine) {
        engine.ranges().put(uplink, sets);
    });
    if (now) return flush();
    if (std::exchange(setsWait_, true)) return;
    setsTimer_ = clock_.after(kSetsWait, [this] { flush(); });
}

void SqliteStore::loadBookmarks(std::string deviceKey,
                                std::function<void(Result<std::vector<BookmarkChange>>)> done) {
    read<std::vector<BookmarkChange>>(
        [deviceKey = std::move(deviceKey)](Engine& engine,
                                           std::vector<BookmarkChange>& bookmarks) -> Result<bool> {
            auto loaded = engine.bookmarks(deviceKey);
            if (!loaded) return std::unexpected(loaded.error());
            bookmarks = std::move(*loaded);
            return true;
        },
        std::move(done));
}

void SqliteStore::beginCommand(CommandEntry entry,
                               std::function<void(Result<std::optional<CommandEntry>>)> done) {
    Result<std::size_t> bytes{0};
    if (auto checked = check(entry); !checked) bytes = std::unexpected(checked.error());
    write<std::optional<CommandEntry>>(
        bytes,
        [entry = std::move(entry), now = now()](Engine& engine,
                                                Result<std::optional<CommandEntry>>& known) {
            return engine.commands().begin(entry, now, known);
        },
        std::move(done));
}

void SqliteStore::finishCommand(CommandEntry entry, NewRow result,
                                std::function<void(Result<Appended>)> done) {
    auto rows = std::make_shared<std::vector<NewRow>>();
    rows->push_back(std::move(result));
    auto bytes = measure(*rows, {});
    if (auto checked = check(entry); !checked) bytes = std::unexpected(checked.error());
    write<Appended>(
        bytes,
        [entry = std::move(entry), rows, now = now()](Engine& engine, Result<Appended>& appended) {
            if (auto put = engine.commands().put(entry); !put) return put;
            return engine.append(*rows, {}, now, *appended);
        },
        std::move(done));
}

void SqliteStore::openCommands(std::function<void(Result<std::vector<CommandEntry>>)> done) {
    read<std::vector<CommandEntry>>(
        [](Engine& engine, std::vector<CommandEntry>& entries) -> Result<bool> {
            auto open = engine.commands().open();
            if (!open) return std::unexpected(open.error());
            entries = std::move(*open);
            return true;
        },
        std::move(done));
}

void SqliteStore::commandSequences(std::function<void(Result<CommandSequences>)> done) {
    read<CommandSequences>(
        [after = std::int64_t{0}](Engine& engine, CommandSequences& highest) mutable {
            return engine.commands().addSequences(after, highest);
        },
        std::move(done));
}

void SqliteStore::countConnection(std::string uplink,
                                  std::function<void(Result<std::uint64_t>)> done) {
    // Sending goes on while nothing can be written: then the count goes on in memory.
    auto counted = [this, loop = std::weak_ptr(loop_), uplink,
                    done = std::move(done)](Result<std::uint64_t> count) {
        const auto side = loop.lock();
        if (!side) return;
        auto& extra = side->uncounted[uplink];
        if (count) return done(*count + extra);
        if (side->isClosed) return done(count);
        ++extra;
        auto read = [uplink](Engine& engine, std::uint64_t& before) -> Result<bool> {
            const auto connections = engine.connections(uplink);
            if (!connections) return std::unexpected(connections.error());
            before = *connections;
            return true;
        };
        this->read<std::uint64_t>(read, [extra, done](Result<std::uint64_t> before) {
            done(before ? Result<std::uint64_t>(*before + extra) : before);
        });
    };
    write<std::uint64_t>(
        std::size_t{0},
        [uplink](Engine& engine, Result<std::uint64_t>& count) -> Status {
            count = engine.countConnection(uplink);
            if (!count) return std::unexpected(count.error());
            return {};
        },
        std::move(counted));
}

StoreStatus SqliteStore::status() const {
    auto status = loop_->status;
    const auto expected =
        forecast(loop_->growth, clock_.steady(), status.undeliveredBytes, maximumBytes_, keep_);
    status.daysLeft = expected.daysLeft;
    status.isTooSmall = expected.isTooSmall;
    return status;
}

void SqliteStore::flush() {
    setsWait_ = false;
    setsTimer_.cancel();
    worker_->flush(now());
}

void SqliteStore::retryLater() {
    if (std::exchange(retries_, true)) return;
    retryTimer_ = clock_.after(kRetryClosed, [this] {
        retries_ = false;
        worker_->flush(now());
    });
}

void SqliteStore::purge() {
    worker_->purge(now());
    purgeTimer_ = clock_.after(kPurgeEvery, [this] { purge(); });
}

void SqliteStore::close() {
    loop_->whenClosed = nullptr;
    loop_->isClosed = true;
    setsTimer_.cancel();
    retryTimer_.cancel();
    purgeTimer_.cancel();
    if (worker_) worker_->stop();
    worker_.reset();
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(StoreOptions options, Clock& clock, Log log) {
    auto engine = Engine::open(options, clock, log);
    if (!engine) return failIn(fmt::format("store {}", options.path), engine);
    clock.setBoot((*engine)->boot());
    return std::make_unique<SqliteStore>(std::move(*engine), options, clock);
}

}  // namespace vitalgate::store
