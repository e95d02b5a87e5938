#include <doctest/doctest.h>

#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

DeliverySets upTo(std::uint64_t last) {
    DeliverySets sets;
    sets.sent.add(Range{1, last});
    sets.stored.add(Range{1, last});
    return sets;
}

}  // namespace

TEST_CASE("an uplink that was never seen has empty sets") {
    Hub hub;
    hub.open();
    const auto sets = hub.sets("care");
    CHECK(sets.sent.empty());
    CHECK(sets.stored.empty());
    CHECK(sets.again.empty());
}

TEST_CASE("sets ride in the next commit of rows") {
    Hub hub;
    hub.open();
    hub.store->saveSets("care", upTo(1), false);
    CHECK(hub.sets("care").sent.cursor() == 1);  // what was saved is seen at once
    CHECK(hub.afterPowerCut()->sets("care").sent.empty());
    CHECK(hub.append({reading("a")}));
    CHECK(hub.afterPowerCut()->sets("care").sent.cursor() == 1);
}

TEST_CASE("without rows to ride with, sets are written after 10 seconds") {
    Hub hub;
    hub.open();
    hub.store->saveSets("care", upTo(1), false);
    hub.clock.advance(5s);
    hub.store->saveSets("care", upTo(2), false);
    hub.clock.advance(5s - 1ns);
    hub.sets("care");
    CHECK(hub.afterPowerCut()->sets("care").sent.empty());
    hub.clock.advance(1ns);
    hub.sets("care");
    CHECK(hub.afterPowerCut()->sets("care").sent.cursor() == 2);
}

TEST_CASE("sets are written at once if asked for, and at the close") {
    Hub hub;
    hub.open();
    hub.store->saveSets("care", upTo(1), true);
    hub.sets("care");
    CHECK(hub.afterPowerCut()->sets("care").stored.cursor() == 1);
    hub.store->saveSets("care", upTo(2), false);
    hub.reopen();
    CHECK(hub.sets("care").stored.cursor() == 2);
}

TEST_CASE("all three sets of every uplink come back as they were") {
    Hub hub;
    hub.open();
    DeliverySets care;
    care.sent.add(Range{1, 5});
    care.sent.add(Range{9, 12});
    care.stored.add(Range{1, 3});
    care.again.add(Range{2, 2});
    hub.store->saveSets("care", care, false);
    hub.store->saveSets("research", upTo(7), false);
    hub.reopen();
    const auto sets = hub.sets("care");
    CHECK(sets.sent == care.sent);
    CHECK(sets.stored == care.stored);
    CHECK(sets.again == care.again);
    CHECK(hub.sets("research").stored.cursor() == 7);
    // A later save replaces all of it.
    hub.store->saveSets("care", {}, false);
    hub.reopen();
    CHECK(hub.sets("care").sent.empty());
}

TEST_CASE("of a set in more than 64 pieces the shortest are forgotten, of a repetition none") {
    Hub hub;
    hub.open();
    DeliverySets sets;
    sets.sent.add(Range{1, 1});
    for (std::uint64_t i = 1; i <= 100; ++i) {
        sets.sent.add(Range{i * 1000, i * 1000 + i});
        sets.again.add(Range{i * 1000, i * 1000 + i});
    }
    hub.store->saveSets("care", sets, false);
    hub.reopen();
    const auto kept = hub.sets("care");
    CHECK(kept.sent.ranges().size() == 64);
    CHECK(kept.sent.commonWith(sets.sent) == kept.sent);
    CHECK(kept.sent.contains(1));
    CHECK(kept.sent.contains(100'100));
    CHECK(kept.again.ranges().size() == 64);
    CHECK(sets.again.commonWith(kept.again) == sets.again);
}
