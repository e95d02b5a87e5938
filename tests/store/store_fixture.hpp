#pragma once

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/crypto/crypto.hpp"
#include "gateway/store/store.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::store::testing {

using vitalgate::testing::readFile;
using vitalgate::testing::TempDir;
using vitalgate::testing::VirtualClock;
using vitalgate::testing::writeFile;
using namespace std::chrono_literals;

inline crypto::SecretKey testKey(std::uint8_t octet = 7) {
    return crypto::SecretKey::fromBytes(Bytes(32, octet)).value();
}

inline NewRow reading(std::string device, std::string id = {},
                      v1::Priority priority = v1::PRIORITY_READING) {
    NewRow row;
    row.record.mutable_reading()->set_device(std::move(device));
    row.priority = priority;
    if (!id.empty()) {
        const auto digest = crypto::sha256(asBytes(id));
        row.id.assign(digest.begin(), digest.begin() + 16);
    }
    return row;
}

/// A store on a real file, its loop, and time that moves by hand.
class Hub {
  public:
    Hub() { REQUIRE(crypto::initialise()); }

    void open() { REQUIRE(tryOpen()); }
    Status tryOpen() {
        options.path = path();
        if (!options.key.isSet()) options.key = testKey();
        if (options.bootId.empty()) options.bootId = "boot-1";
        auto opened = Store::open(options, clock, log);
        if (!opened) return std::unexpected(opened.error());
        store = std::move(*opened);
        return {};
    }
    void reopen() {
        close();
        open();
    }
    void close() {
        if (store) store->close();
        clock.run();
        store.reset();
    }
    /// What the disk would hold if the power went now, as a store of its own.
    std::unique_ptr<Hub> afterPowerCut() {
        auto copy = std::make_unique<Hub>();
        copy->options = options;
        for (const auto* suffix : {"", "-wal"}) {
            if (!std::filesystem::exists(path() + suffix)) continue;
            writeFile(copy->path() + suffix, readFile(path() + suffix));
        }
        copy->open();
        return copy;
    }
    [[nodiscard]] std::string path() const { return dir / "store.db"; }

    /// Runs the loop until `isDone`; the store's thread may be at work meanwhile.
    template <class Condition>
    void runUntil(Condition isDone) {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        while (!isDone()) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            io.restart();
            io.run_one_for(5ms);
            clock.run();
        }
    }

    template <class T, class Start>
    Result<T> await(Start start) {
        auto answer = std::make_shared<std::optional<Result<T>>>();
        start([answer](Result<T> result) { *answer = std::move(result); });
        runUntil([&] { return answer->has_value(); });
        return std::move(**answer);
    }

    Result<Appended> append(std::vector<NewRow> rows, std::vector<BookmarkChange> bookmarks = {}) {
        return await<Appended>(
            [&](auto done) { store->append(std::move(rows), std::move(bookmarks), done); });
    }
    Result<std::vector<StoredRow>> fetch(Range within = {1, UINT64_MAX}, RangeSet except = {},
                                         std::uint64_t maximumBytes = 1 << 20) {
        return await<std::vector<StoredRow>>(
            [&](auto done) { store->fetch(within, except, maximumBytes, done); });
    }
    std::vector<v1::Record> records(Range within = {1, UINT64_MAX}) {
        std::vector<v1::Record> records;
        const auto rows = fetch(within).value();
        for (const auto& row : rows) {
            REQUIRE(records.emplace_back().ParseFromString(row.bytes));
            CHECK(records.back().sequence() == row.sequence);
        }
        return records;
    }
    /// "1:stream-started 2:cuff": what is in the log.
    std::string content(Range within = {1, UINT64_MAX}) {
        std::string text;
        for (const auto& record : records(within)) {
            if (!text.empty()) text += ' ';
            text += fmt::format("{}:{}", record.sequence(), nameOf(record));
        }
        return text;
    }
    DeliverySets sets(const std::string& uplink) {
        return await<DeliverySets>([&](auto done) { store->loadSets(uplink, done); }).value();
    }
    void acknowledge(const std::string& uplink, Range range) {
        DeliverySets delivered;
        delivered.sent.add(range);
        delivered.stored.add(range);
        store->saveSets(uplink, delivered, true);
        sets(uplink);  // comes back after the write
    }
    std::string bookmark(const std::string& device, const std::string& name) {
        const auto all = await<std::vector<BookmarkChange>>(
            [&](auto done) { store->loadBookmarks(device, done); });
        for (const auto& one : all.value()) {
            CHECK(one.deviceKey == device);
            if (one.name == name) return one.value;
        }
        return {};
    }

    TempDir dir;
    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
    VirtualClock clock{io};
    StoreOptions options;
    Log log;
    std::unique_ptr<Store> store;

  private:
    static std::string nameOf(const v1::Record& record) {
        if (record.has_reading()) return record.reading().device();
        if (record.has_result()) return "result-" + record.result().command_id();
        const auto& event = record.event();
        if (event.has_loss()) {
            std::string text = "loss";
            for (const auto& range : event.loss().ranges()) {
                text += fmt::format("[{}-{}]", range.first(), range.last());
            }
            return text + event.loss().uplink();
        }
        switch (event.store().kind()) {
            case v1::STORE_STREAM_STARTED:
                return "stream-started";
            case v1::STORE_INTAKE_CLOSED:
                return "intake-closed";
            case v1::STORE_INTAKE_OPEN:
                return "intake-open";
            default:
                return "event";
        }
    }
};

}  // namespace vitalgate::store::testing
