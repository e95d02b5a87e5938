#include "gateway/uplink/suspicion.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/uplink/hub_fixture.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A broker that ends the connection at some rows, and says nothing.
struct Silent : Hub {
    explicit Silent(std::set<std::uint64_t> at) : bad(std::move(at)) {
        broker.judge = [this](const MqttMessage& message) {
            const bool isEnd = !message.retained && isBad(message);
            broker.acknowledges = !isEnd;
            if (isEnd) endLater();
            return 0;
        };
    }
    [[nodiscard]] bool isBad(const MqttMessage& message) const {
        if (message.payload.size() > mostBytes) return true;
        v1::Batch batch;
        if (!batch.ParseFromString(message.payload)) return false;
        return std::ranges::any_of(
            batch.records(), [this](const auto& row) { return bad.contains(row.sequence()); });
    }
    void endLater() {
        end = clock.after(takes, [this] {
            ++ends;
            broker.cut();
        });
    }
    /// Rows that came while the connection was down go as a batch, as others do on a real hub.
    void away(std::size_t rows) {
        broker.cut();
        append(rows);
    }
    [[nodiscard]] std::set<std::uint64_t> taken() const {
        std::set<std::uint64_t> all;
        for (const auto& entry : broker.published) {
            v1::Batch batch;
            if (entry.message.retained || isBad(entry.message)) continue;
            if (!batch.ParseFromString(entry.message.payload)) continue;
            for (const auto& row : batch.records()) all.insert(row.sequence());
        }
        return all;
    }
    [[nodiscard]] std::vector<v1::Loss> losses() const {
        std::vector<v1::Loss> list;
        for (std::uint64_t row = 1; row <= store.status().newest; ++row) {
            const auto record = store.record(row);
            if (record.event().has_loss()) list.push_back(record.event().loss());
        }
        return list;
    }
    [[nodiscard]] bool saysHeldBack() const {
        v1::HubStatus status;
        uplink->addProblems(status);
        return std::ranges::any_of(status.problems(), [](const auto& problem) {
            return problem.code() == "uplink-row-held-back";
        });
    }

    std::set<std::uint64_t> bad;
    std::size_t mostBytes = 1'000'000;
    Duration takes = std::chrono::milliseconds{100};
    std::size_t ends = 0;
    Timer end;
};

}  // namespace

TEST_CASE("rows at which the broker ends the connection let all others go, and are told as lost") {
    Silent hub({4, 9});
    hub.append(20);
    hub.start();
    hub.clock.advance(minutes{30});
    auto others = hub.taken();
    CHECK(others.size() == 18);
    CHECK(hub.saysHeldBack());
    CHECK(hub.losses().empty());
    for (int i = 0; i < 40; ++i) {
        hub.append();
        hub.clock.advance(minutes{10});
    }
    const auto losses = hub.losses();
    REQUIRE(losses.size() == 2);
    std::set<std::uint64_t> lost;
    for (const auto& loss : losses) {
        CHECK(loss.reason() == v1::LOSS_SET_ASIDE);
        CHECK(loss.uplink() == "care");
        REQUIRE(loss.ranges_size() == 1);
        CHECK(loss.ranges(0).first() == loss.ranges(0).last());
        lost.insert(loss.ranges(0).first());
    }
    CHECK(lost == hub.bad);
    CHECK_FALSE(hub.saysHeldBack());
    CHECK(hub.uplink->state().waiting == 0);
    CHECK(hub.taken().size() == hub.store.status().newest - 2);
    CHECK(hub.ends < 60);
    const auto ends = hub.ends;
    hub.append(50);
    hub.clock.advance(hours{2});
    CHECK(hub.ends == ends);
    hub.broker.judge = nullptr;
    hub.broker.acknowledges = false;
    hub.append(50);
    CHECK(hub.broker.mostInFlight == 50);
}

TEST_CASE(
    "a row at fault whose loss cannot be stored stays held back, and is told when it can be") {
    Silent hub({4});
    hub.append(20);
    hub.store.failsAppending = true;
    hub.start();
    hub.clock.advance(hours{12});
    CHECK(hub.taken().size() == 19);
    CHECK(hub.saysHeldBack());
    const auto ends = hub.ends;
    hub.clock.advance(hours{24});
    CHECK(hub.ends > ends);
    CHECK(hub.ends <= ends + 24);
    CHECK(hub.saysHeldBack());
    hub.store.failsAppending = false;
    hub.clock.advance(hours{2});
    const auto losses = hub.losses();
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].ranges(0).first() == 4);
    CHECK_FALSE(hub.saysHeldBack());
    CHECK(hub.uplink->state().waiting == 0);
}

TEST_CASE("a loss record at fault breeds no other, and costs one connection an hour") {
    Silent hub({4});
    hub.append(3);
    store::NewRow loss;
    loss.record.mutable_event()->mutable_loss()->set_count(1);
    hub.store.append({loss}, {}, nullptr);
    hub.append(16);
    hub.start();
    hub.clock.advance(hours{12});
    CHECK(hub.taken().size() == 19);
    const auto ends = hub.ends;
    hub.clock.advance(hours{24});
    CHECK(hub.ends > ends);
    CHECK(hub.ends <= ends + 24);
    CHECK(hub.losses().size() == 1);
    hub.bad.clear();
    hub.clock.advance(hours{2});
    CHECK(hub.uplink->state().waiting == 0);
    CHECK_FALSE(hub.saysHeldBack());
}

TEST_CASE("batches that are too large for a silent broker become smaller; no row is at fault") {
    Silent hub({});
    hub.mostBytes = 1500;
    hub.append(500);
    hub.start();
    hub.clock.advance(hours{1});
    CHECK(hub.taken().size() == 500);
    CHECK(hub.uplink->state().waiting == 0);
    CHECK_FALSE(hub.saysHeldBack());
    const auto ends = hub.ends;
    hub.away(200);
    hub.clock.advance(hours{1});
    CHECK(hub.ends == ends);
    CHECK(hub.losses().empty());
}

TEST_CASE("a line that loses messages and breaks soon after costs no row") {
    Silent hub({});
    SeededRandom line{3};
    bool isBad = false;
    int heldBack = 0;
    hub.broker.judge = [&](const MqttMessage& message) {
        const bool isLost = !message.retained && (isBad || line.below(seconds{5}) < seconds{1});
        hub.broker.acknowledges = !isLost;
        if (isLost) hub.end = hub.clock.after(line.below(seconds{10}), [&] { hub.broker.cut(); });
        return 0;
    };
    hub.append(30);
    hub.start();
    for (int i = 0; i < 600; ++i) {
        isBad = i % 10 < 3;
        hub.clock.advance(minutes{20});
        if (hub.saysHeldBack()) ++heldBack;
        hub.append();
    }
    CHECK(heldBack > 20);
    CHECK(hub.losses().empty());
    hub.broker.judge = nullptr;
    hub.broker.acknowledges = true;
    hub.broker.cut();
    hub.clock.advance(hours{3});
    CHECK(hub.uplink->state().waiting == 0);
    CHECK(hub.losses().empty());
    CHECK(hub.taken().size() == 630);
}

TEST_CASE("an end that comes late has nothing to do with the row before it") {
    Silent hub({1});
    hub.takes = seconds{6};
    hub.append();
    hub.start();
    hub.clock.advance(hours{3});
    CHECK(hub.ends > 10);
    CHECK_FALSE(hub.saysHeldBack());
    CHECK(hub.losses().empty());
}

TEST_CASE("while the broker takes no batch at all, none of them is at fault") {
    Silent hub({});
    hub.append(3);
    hub.mostBytes = 0;
    hub.start();
    hub.clock.advance(hours{24});
    CHECK(hub.losses().empty());
    CHECK(hub.ends < 1000);
    hub.mostBytes = 1'000'000;
    hub.clock.advance(hours{2});
    CHECK(hub.uplink->state().waiting == 0);
    CHECK(hub.taken().size() == 3);
}

TEST_CASE("a row that is taken in the end is no longer held back") {
    Silent hub({2});
    hub.append(5);
    hub.start();
    hub.clock.advance(minutes{2});
    REQUIRE(hub.saysHeldBack());
    hub.bad.clear();
    hub.clock.advance(minutes{40});
    CHECK_FALSE(hub.saysHeldBack());
    CHECK(hub.uplink->state().waiting == 0);
    CHECK(hub.losses().empty());
}

}  // namespace vitalgate::uplink
