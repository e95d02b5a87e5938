#include <doctest/doctest.h>

#include <random>

#include "tests/store/faulty_disk.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

/// What stands behind an uplink: what it received, and what it was told is lost.
struct Consumer {
    std::string uplink;
    DeliverySets acknowledged{};
    RangeSet received{};
    RangeSet told{};

    void receive(const StoredRow& row) {
        v1::Record record;
        REQUIRE(record.ParseFromString(row.bytes));
        received.add(Range{row.sequence, row.sequence});
        const auto& loss = record.event().loss();
        if (!loss.uplink().empty() && loss.uplink() != uplink) return;
        for (const auto& range : loss.ranges()) told.add(Range{range.first(), range.last()});
    }
    /// Delivers at most `rows` of the oldest; the acknowledgement may get lost.
    void deliver(Hub& hub, std::size_t rows, bool isAcknowledged) {
        const auto found = hub.fetch({1, UINT64_MAX}, acknowledged.sent, 1 << 24).value();
        std::uint64_t last = 0;
        for (const auto& row : found) {
            if (rows-- == 0) break;
            receive(row);
            last = row.sequence;
        }
        if (!isAcknowledged || last == 0) return;
        acknowledged.sent.add(Range{1, last});
        acknowledged.stored.add(Range{1, last});
        hub.store->saveSets(uplink, acknowledged, false);
    }
    [[nodiscard]] RangeSet explained() const {
        auto all = received;
        all.add(told);
        return all;
    }
};

struct FullHub : Hub {
    explicit FullHub(std::vector<std::string> uplinks) {
        options.maximumBytes = StoreOptions::kSmallestMaximum;
        options.uplinks = std::move(uplinks);
        options.vfs = FaultyDisk::name();
        disk.set(FaultyDisk::Fault::noSync);
        open();
    }
    ~FullHub() { close(); }
    /// More than goes when room is made.
    void round(v1::Priority priority = v1::PRIORITY_READING) {
        const auto done =
            append(std::vector<NewRow>(10, reading(std::string(1300, 'x'), {}, priority)));
        REQUIRE_MESSAGE(done, done.error().message);
    }
    std::vector<v1::Loss> losses() {
        std::vector<v1::Loss> all;
        const auto records = this->records();
        for (const auto& record : records) {
            if (record.event().has_loss()) all.push_back(record.event().loss());
        }
        return all;
    }
    void fillUp() {
        while (losses().empty()) round();
    }
    FaultyDisk disk;
};

}  // namespace

TEST_CASE("losses that nobody was sent yet are one, and it names the records that it replaces") {
    FullHub hub({"care"});
    hub.fillUp();
    const auto first = hub.losses()[0];
    const auto replaced = hub.store->status().newest;
    while (hub.losses()[0].count() == first.count()) {
        hub.clock.advance(1min);
        hub.round();
    }
    const auto losses = hub.losses();
    REQUIRE(losses.size() == 1);
    const auto& loss = losses[0];
    CHECK(loss.oldest().seconds() == first.oldest().seconds());
    CHECK(loss.ranges(0).first() == first.ranges(0).first());
    CHECK(loss.ranges(0).last() > first.ranges(0).last());
    CHECK(loss.ranges(loss.ranges_size() - 1).first() == replaced);
    CHECK(loss.count() == loss.ranges(0).last() - loss.ranges(0).first() + 1);
    CHECK(hub.sets("care").stored.contains(replaced));
}

TEST_CASE("a loss that was sent stays, and the next one begins anew") {
    FullHub hub({"care", "research"});
    hub.fillUp();
    const auto first = hub.losses()[0].SerializeAsString();
    DeliverySets sent;
    sent.sent.add(Range{hub.store->status().newest, hub.store->status().newest});
    hub.store->saveSets("research", sent, true);
    while (hub.losses().size() == 1) hub.round();
    CHECK(hub.losses()[0].SerializeAsString() == first);
    const auto second = hub.losses()[1].count();
    while (hub.losses()[1].count() == second) hub.round();
    CHECK(hub.losses().size() == 2);
}

TEST_CASE("losses of different priorities stay apart, and are found again after a restart") {
    FullHub hub({"care"});
    for (int i = 0; i < 3; ++i) hub.round(v1::PRIORITY_SERIES);
    for (int i = 0; i < 60; ++i) {
        if (i % 10 == 0) hub.reopen();
        hub.round();
    }
    const auto losses = hub.losses();
    REQUIRE(losses.size() == 2);
    CHECK(losses[0].priority() == v1::PRIORITY_SERIES);
    CHECK(losses[1].priority() == v1::PRIORITY_READING);
}

TEST_CASE("full ten thousand times: the losses stay few, and every consumer knows all in the end") {
    FullHub hub({"care", "research"});
    std::mt19937 random(1);
    std::vector<Consumer> consumers{{"care"}, {"research"}};
    std::size_t connections = 0;
    std::size_t most = 0;
    hub.fillUp();
    for (int round = 0; round < 10'000; ++round) {
        hub.round(static_cast<v1::Priority>(1 + random() % 3));
        if (random() % 100 == 0) {
            ++connections;
            consumers[random() % 2].deliver(hub, random() % 80, random() % 4 != 0);
        }
        if (round % 100 == 0) most = std::max(most, hub.losses().size());
    }
    CHECK(hub.store->status().intake == v1::INTAKE_OPEN);
    CHECK(hub.store->status().newest > 100'000);
    CHECK(connections > 50);
    CHECK(most < 30);
    for (auto& consumer : consumers) {
        consumer.deliver(hub, 10'000, true);
        CHECK(consumer.explained() == RangeSet(Range{1, hub.store->status().newest}));
    }
}

TEST_CASE("where a record of losses is damaged, every row before it may be lost") {
    FullHub hub({"care"});
    hub.fillUp();
    std::uint64_t sequence = 0;
    const auto records = hub.records();
    for (const auto& record : records) {
        if (record.event().has_loss()) sequence = record.sequence();
    }
    hub.close();
    raw(hub.path(),
        fmt::format("UPDATE log SET body = zeroblob(length(body)) WHERE sequence = {}", sequence));
    hub.open();
    const auto held = hub.records().size();
    hub.runUntil([&] { return hub.store->status().newest > records.back().sequence(); });
    const auto losses = hub.losses();
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].reason() == v1::LOSS_DAMAGED);
    CHECK(losses[0].count() == 1);
    REQUIRE(losses[0].ranges_size() == 1);
    CHECK(losses[0].ranges(0).first() == 1);
    CHECK(losses[0].ranges(0).last() == sequence);
    // What is held comes all the same.
    CHECK(hub.records().size() == held + 1);
}
