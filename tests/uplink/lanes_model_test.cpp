// Lanes in random orders of commits, acknowledgements, refusals, time, forgetting, asking again and
// taking back.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/uplink/lane_log.hpp"

namespace vitalgate::uplink {
namespace {

LaneLimits limitsBy(SeededRandom& chance) {
    LaneLimits limits;
    limits.window = 1 + chance.next() % 12;
    limits.batchBytes = 512 + chance.next() % 4096;
    return limits;
}

/// What a broker and a service know beside the hub.
struct Model {
    explicit Model(std::uint64_t seed)
        : chance(seed), limits(limitsBy(chance)), log(chance.next() % 200, limits) {}

    void publish() {
        for (auto& message : log.messages()) {
            backlog += message.lane == v1::LANE_LIVE ? 0 : 1;
            inFlight.push_back(std::move(message));
        }
        REQUIRE(inFlight.size() <= limits.window);
        REQUIRE(backlog <= std::max<std::size_t>(1, limits.window / 2));
    }
    LaneMessage takeAny() {
        const auto index = static_cast<std::ptrdiff_t>(chance.next() % inFlight.size());
        auto message = inFlight[static_cast<std::size_t>(index)];
        inFlight.erase(inFlight.begin() + index);
        backlog -= message.lane == v1::LANE_LIVE ? 0 : 1;
        return message;
    }
    void acknowledge(const LaneMessage& message) {
        const auto before = log.lanes.sent();
        const auto acknowledged = log.lanes.acknowledged(message.number);
        REQUIRE(acknowledged);
        REQUIRE(acknowledged->lane == message.lane);
        REQUIRE(acknowledged->cover == message.cover);
        if (message.lane == v1::LANE_REPLAY) {
            REQUIRE(log.lanes.sent() == before);
            for (const auto& range : message.cover) owed.remove(range);
        } else {
            for (const auto& row : message.rows) taken.add({row.sequence, row.sequence});
        }
    }
    void refuse(const LaneMessage& message) {
        log.lanes.refused(message.number, chance.next() % 2 == 0 ? 0x97 : 0x99, log.now);
        for (const auto& row : log.lanes.takeRefused()) {
            taken.add({row.row.sequence, row.row.sequence});
            log.lanes.asideDone(row.cover);
        }
        owed.remove(log.lanes.takeGivenUp());
    }
    store::Range anyRange() {
        const auto first = 1 + chance.next() % log.last;
        return {first, std::min(log.last, first + chance.next() % 40)};
    }
    /// The service never got it.
    void forgetSome() {
        const auto some = log.lanes.sent().commonWith(store::RangeSet(anyRange()));
        taken.remove(some);
        log.lanes.forget(some);
    }
    void askAgain() {
        const store::RangeSet some(anyRange());
        owed.add(some);
        log.lanes.addAgain(some);
    }
    void takeBack() {
        const store::RangeSet some(anyRange());
        owed.remove(some);
        log.lanes.removeAgain(some);
    }
    void step() {
        if (chance.next() % 3 == 0) log.commit(1 + chance.next() % 5);
        if (chance.next() % 4 == 0) log.now += std::chrono::milliseconds{chance.next() % 3000};
        if (chance.next() % 10 == 0 && log.last > 0) forgetSome();
        if (chance.next() % 10 == 0 && log.last > 0) askAgain();
        if (chance.next() % 20 == 0 && log.last > 0) takeBack();
        publish();
        while (!inFlight.empty() && chance.next() % 2 == 0) {
            const auto message = takeAny();
            chance.next() % 5 == 0 ? refuse(message) : acknowledge(message);
        }
        for (const auto& range : log.lanes.sent().ranges()) {
            REQUIRE(taken.firstMissing(range.first) > range.last);
        }
        for (const auto& range : owed.ranges()) {
            REQUIRE(log.lanes.again().firstMissing(range.first) > range.last);
        }
    }
    /// A broker that takes everything.
    void finish() {
        for (int second = 0; second < 3000 && !isDone(); ++second) {
            publish();
            while (!inFlight.empty()) acknowledge(takeAny());
            log.now += std::chrono::seconds{1};
        }
    }
    [[nodiscard]] bool isDone() const {
        return log.lanes.sent().cursor() == log.last && log.lanes.again().empty();
    }

    SeededRandom chance;
    LaneLimits limits;
    Log log;
    store::RangeSet taken;  ///< rows that the service has
    store::RangeSet owed;   ///< asked for again, and not sent again since
    std::vector<LaneMessage> inFlight;
    std::size_t backlog = 0;  ///< of those in flight, all but live ones
};

}  // namespace

TEST_CASE(
    "whatever the order of events: each row is acknowledged before it counts as sent, and what is "
    "asked for again is sent again") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Model model(seed);
        for (int step = 0; step < 300; ++step) model.step();
        model.finish();
        REQUIRE(model.isDone());
        REQUIRE(model.owed.empty());
        REQUIRE(model.taken.cursor() == model.log.last);
    }
}

}  // namespace vitalgate::uplink
