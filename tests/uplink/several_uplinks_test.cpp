// Two uplinks on one store: neither waits for the other.
#include <doctest/doctest.h>

#include "tests/uplink/hub_fixture.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using store::RangeSet;

/// Beside the uplink "care" another one, "away", with a broker of its own.
struct TwoUplinks : Hub {
    TwoUplinks() {
        store.onCommitted([this](std::uint64_t newest) {
            away.committed(newest);
            uplink->committed(newest);
        });
    }
    void startBoth() {
        away.start();
        start();
    }
    static UplinkOptions awayOptions() {
        auto options = careOptions();
        options.name = "away";
        return options;
    }

    testing::ScriptedBroker other{loop.get_executor()};
    Uplink away{awayOptions(),
                *Topics::make("other/{hub}", "hub-1"),
                store,
                clock,
                random,
                other.factory(),
                log};
};

}  // namespace

TEST_CASE("a broker that never answers holds up no other uplink") {
    TwoUplinks hub;
    hub.other.answers = false;
    hub.startBoth();
    for (std::size_t count = 1; count <= 100; ++count) {
        hub.append();
        CHECK(hub.received().size() == count);
        hub.clock.advance(seconds{1});
    }
    CHECK(hub.uplink->state().acknowledged == 100);
    CHECK(hub.away.state().waiting == 100);
    CHECK(hub.other.attempts.size() == 1);
    bool isStopped = false;
    hub.away.stop(seconds{2}, [&] { isStopped = true; });
    hub.clock.advance(seconds{2});
    CHECK(isStopped);
}

TEST_CASE(
    "each uplink keeps its own account: what one lacks it gets later, whatever the other has") {
    TwoUplinks hub;
    hub.other.refusal = Error{ErrorKind::unavailable, "not now"};
    hub.startBoth();
    hub.append(50);
    hub.uplink->sendAgain(RangeSet({1, 5}), "command-1");
    hub.clock.advance(minutes{10});
    CHECK(hub.received().size() == 55);
    CHECK(hub.store.sets("away").sent.empty());
    hub.other.refusal.reset();
    hub.clock.advance(minutes{10});
    CHECK(hub.away.state().acknowledged == 50);
    CHECK(hub.away.state().waiting == 0);
    for (const auto& entry : hub.other.below("/batches")) {
        v1::Batch batch;
        batch.ParseFromString(entry.message.payload);
        CHECK(batch.lane() == v1::LANE_BACKLOG);
        CHECK(entry.message.topic == "other/hub-1/batches");
    }
    CHECK(hub.received().size() == 55);
}

}  // namespace vitalgate::uplink
