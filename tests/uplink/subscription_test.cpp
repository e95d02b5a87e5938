// A subscription that the broker does not answer, or refuses.
#include <doctest/doctest.h>

#include "tests/uplink/hub_fixture.hpp"

namespace vitalgate::uplink {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a subscription that is never answered is made anew on another connection") {
    Hub hub;
    hub.broker.answersSubscriptions = false;
    hub.start();
    hub.clock.advance(minutes{4});
    CHECK(hub.broker.attempts.size() == 1);
    hub.clock.advance(minutes{56});
    CHECK(hub.broker.attempts.size() > 8);
    CHECK(hub.broker.attempts.size() < 14);
    hub.broker.answersSubscriptions = true;
    hub.broker.cut();
    hub.clock.advance(minutes{1});
    const auto attempts = hub.broker.attempts.size();
    hub.clock.advance(minutes{30});
    CHECK(hub.broker.attempts.size() == attempts);
}

TEST_CASE("a refused subscription is asked for again, but not after a stop") {
    Hub hub;
    hub.broker.subscription = fail(ErrorKind::refused, "no");
    hub.start();
    REQUIRE(hub.broker.subscriptions.size() == 1);
    hub.clock.advance(minutes{5});
    CHECK(hub.broker.subscriptions.size() == 2);
    bool done = false;
    hub.uplink->stop(seconds{2}, [&done] { done = true; });
    hub.clock.advance(minutes{30});
    CHECK(done);
    CHECK(hub.broker.subscriptions.size() == 2);
}

}  // namespace vitalgate::uplink
