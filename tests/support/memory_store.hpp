#pragma once

#include <asio/post.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/runtime/clock.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::testing {

/// A store in memory for tests in virtual time, where the real one's thread would not fit: rows,
/// sets and connection numbers behave as the interface says, answers come from the loop.
class MemoryStore final : public store::Store {
  public:
    explicit MemoryStore(Clock& clock) : clock_(clock) {}

    void append(std::vector<store::NewRow> rows, std::vector<store::BookmarkChange> marks,
                std::function<void(Result<store::Appended>)> done) override {
        store::Appended appended;
        const bool hasNewRows = !rows.empty();
        if (!failsAppending) {
            for (auto& mark : marks) bookmarks_[mark.deviceKey][mark.name] = mark.value;
            for (auto& row : rows) appended.sequences.push_back(add(std::move(row)));
        }
        const auto newest = newest_;
        const bool failed = failsAppending;
        post([this, appended, newest, failed, hasNewRows, done = std::move(done)] {
            if (failed) {
                if (done) done(fail(ErrorKind::full, "the store is full"));
                return;
            }
            if (done) done(appended);
            if (listener_ && hasNewRows) listener_(newest);
        });
    }

    void fetch(store::Range within, store::RangeSet except, std::uint64_t maximumBytes,
               std::function<void(Result<std::vector<store::StoredRow>>)> done) override {
        ++fetches;
        std::vector<store::StoredRow> found;
        std::uint64_t bytes = 0;
        for (auto row = rows_.lower_bound(within.first);
             row != rows_.end() && row->first <= within.last; ++row) {
            if (except.contains(row->first)) continue;
            bytes += row->second.bytes.size();
            if (!found.empty() && bytes > maximumBytes) break;
            found.push_back(row->second);
        }
        post([found = std::move(found), fails = failsFetching, done = std::move(done)] {
            if (fails) {
                done(fail(ErrorKind::damaged, "a page cannot be read"));
            } else {
                done(found);
            }
        });
    }

    void search(store::RowSearch search,
                std::function<void(Result<store::RangeSet>)> done) override {
        store::RangeSet found;
        for (const auto& [sequence, row] : rows_) {
            const bool isWithin = sequence >= search.within.first && sequence <= search.within.last;
            if (isWithin && row.committed >= search.from && row.committed <= search.to) {
                found.add({sequence, sequence});
            }
        }
        post([found, done = std::move(done)] { done(found); });
    }
    void loadSets(std::string uplink,
                  std::function<void(Result<store::DeliverySets>)> done) override {
        post([sets = sets_[uplink], done = std::move(done)] { done(sets); });
    }
    void saveSets(std::string uplink, store::DeliverySets sets, bool now) override {
        sets_[uplink] = std::move(sets);
        if (now) ++forcedSaves;
    }
    void probe(std::function<void()> alive) override { post(std::move(alive)); }
    void loadBookmarks(
        std::string deviceKey,
        std::function<void(Result<std::vector<store::BookmarkChange>>)> done) override {
        std::vector<store::BookmarkChange> marks;
        for (const auto& [name, value] : bookmarks_[deviceKey]) {
            marks.push_back({deviceKey, name, value});
        }
        post([marks = std::move(marks), fails = failsLoading, done = std::move(done)] {
            if (fails) return done(fail(ErrorKind::unavailable, "there is no memory"));
            done(marks);
        });
    }
    void beginCommand(
        store::CommandEntry,
        std::function<void(Result<std::optional<store::CommandEntry>>)> done) override {
        post([done = std::move(done)] { done(std::optional<store::CommandEntry>{}); });
    }
    void finishCommand(store::CommandEntry, store::NewRow result,
                       std::function<void(Result<store::Appended>)> done) override {
        append({std::move(result)}, {}, std::move(done));
    }
    void openCommands(std::function<void(Result<std::vector<store::CommandEntry>>)> done) override {
        post([done = std::move(done)] { done(std::vector<store::CommandEntry>{}); });
    }
    void commandSequences(std::function<void(Result<store::CommandSequences>)> done) override {
        post([done = std::move(done)] { done(store::CommandSequences{}); });
    }
    void countConnection(std::string, std::function<void(Result<std::uint64_t>)> done) override {
        post([number = ++connections_, done = std::move(done)] { done(number); });
    }
    void onCommitted(std::function<void(std::uint64_t)> listener) override {
        listener_ = std::move(listener);
    }
    [[nodiscard]] store::StoreStatus status() const override {
        store::StoreStatus status;
        status.stream = "aaaabbbbcccc2";
        status.oldestHeld = rows_.empty() ? newest_ + 1 : rows_.begin()->first;
        status.newest = newest_;
        status.rows = rows_.size();
        return status;
    }
    [[nodiscard]] std::uint32_t boot() const override { return 1; }
    void close() override {}

    /// As the quota does: the row goes, its number stays used.
    void erase(std::uint64_t sequence) { rows_.erase(sequence); }
    [[nodiscard]] const store::DeliverySets& sets(const std::string& uplink) {
        return sets_[uplink];
    }
    [[nodiscard]] v1::Record record(std::uint64_t sequence) const {
        v1::Record record;
        record.ParseFromString(rows_.at(sequence).bytes);
        return record;
    }

    bool failsAppending = false;
    bool failsFetching = false;
    bool failsLoading = false;  ///< bookmarks
    std::size_t fetches = 0;
    std::size_t forcedSaves = 0;

  private:
    std::uint64_t add(store::NewRow row) {
        row.record.set_sequence(++newest_);
        rows_[newest_] = {newest_, row.priority, clock_.wall(), row.record.SerializeAsString()};
        return newest_;
    }
    template <class Action>
    void post(Action action) {
        asio::post(clock_.loop(), std::move(action));
    }

    Clock& clock_;
    std::uint64_t newest_ = 0;
    std::uint64_t connections_ = 0;
    std::map<std::uint64_t, store::StoredRow> rows_;
    std::map<std::string, store::DeliverySets> sets_;
    std::map<std::string, std::map<std::string, std::string>> bookmarks_;
    std::function<void(std::uint64_t)> listener_;
};

}  // namespace vitalgate::testing
