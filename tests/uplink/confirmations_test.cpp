#include "gateway/uplink/confirmations.hpp"

#include <doctest/doctest.h>

namespace vitalgate::uplink {

using std::chrono::minutes;
using store::Range;
using store::RangeSet;

namespace {

constexpr SteadyTime kNow{std::chrono::hours{5}};

store::DeliverySets saved(const RangeSet& sent, const RangeSet& stored,
                          const RangeSet& again = {}) {
    return {sent, stored, again};
}

}  // namespace

TEST_CASE("by the broker's word all that was sent is delivered, and nothing is awaited") {
    Confirmations confirmations(std::nullopt, 20);
    const auto sent = confirmations.load(saved(RangeSet({1, 10}), RangeSet({1, 10})), kNow);
    CHECK(sent == RangeSet({1, 10}));
    confirmations.acknowledged(RangeSet({11, 12}), kNow);
    CHECK(confirmations.stored(RangeSet({1, 12})) == RangeSet({1, 12}));
    CHECK_FALSE(confirmations.deadline());
    CHECK(confirmations.takeOverdue(kNow + std::chrono::hours{1000}).empty());
}

TEST_CASE("by the broker's word what was sent under receipts and not confirmed is not sent") {
    Confirmations confirmations(std::nullopt, 20);
    CHECK(confirmations.load(saved(RangeSet({1, 10}), RangeSet({1, 7})), kNow) == RangeSet({1, 7}));
}

TEST_CASE("what was saved as stored counts as sent, also where the sets were cut differently") {
    Confirmations confirmations(minutes{15}, 20);
    CHECK(confirmations.load(saved(RangeSet({1, 10}), RangeSet({12, 14})), kNow).ranges() ==
          std::vector<Range>{{1, 10}, {12, 14}});
    CHECK(confirmations.takeOverdue(kNow + minutes{15}) == RangeSet({1, 10}));
}

TEST_CASE("what is to be sent again is not awaited before it was") {
    Confirmations confirmations(minutes{15}, 20);
    static_cast<void>(
        confirmations.load(saved(RangeSet({1, 10}), RangeSet({1, 4}), RangeSet({7, 8})), kNow));
    CHECK(confirmations.takeOverdue(kNow + minutes{15}).ranges() ==
          std::vector<Range>{{5, 6}, {9, 10}});
    confirmations.confirmed(RangeSet({5, 6}), kNow + minutes{19});
    confirmations.acknowledged(RangeSet({7, 8}), kNow + minutes{20});
    CHECK(confirmations.takeOverdue(kNow + minutes{34}).empty());
    CHECK(confirmations.takeOverdue(kNow + minutes{35}) == RangeSet({7, 8}));
}

TEST_CASE("of what a receipt names, the unsent is told apart: of earlier lives, and of this one") {
    Confirmations confirmations(minutes{15}, 20);
    static_cast<void>(confirmations.load(saved(RangeSet({1, 10}), {}), kNow));
    confirmations.published(RangeSet({21, 25}));
    const auto unsent = confirmations.unsent(RangeSet({1, 30}));
    CHECK(unsent.earlier == RangeSet({11, 20}));
    CHECK(unsent.present == RangeSet({26, 30}));
    confirmations.settled(RangeSet({26, 30}), kNow);
    CHECK(confirmations.unsent(RangeSet({1, 30})).present.empty());
}

TEST_CASE("what was sent and then forgotten for want of a receipt was sent all the same") {
    Confirmations confirmations(minutes{15}, 0);
    confirmations.published(RangeSet({1, 5}));
    confirmations.acknowledged(RangeSet({1, 5}), kNow);
    CHECK(confirmations.takeOverdue(kNow + minutes{15}) == RangeSet({1, 5}));
    CHECK(confirmations.unsent(RangeSet({1, 5})).present.empty());
}

TEST_CASE("what the service lacks is neither stored nor awaited before it is sent once more") {
    Confirmations confirmations(minutes{15}, 20);
    static_cast<void>(confirmations.load(saved(RangeSet({1, 10}), RangeSet({1, 8})), kNow));
    confirmations.missed(RangeSet({8, 9}));
    CHECK(confirmations.stored({}) == RangeSet({1, 7}));
    CHECK(confirmations.unsent(RangeSet({8, 9})).earlier.empty());
    CHECK(confirmations.takeOverdue(kNow + minutes{15}) == RangeSet({10, 10}));
    CHECK(confirmations.overdue() == 1);
}

TEST_CASE("a receipt that says nothing new does not bring the limit back") {
    Confirmations confirmations(minutes{15}, 0);
    confirmations.published(RangeSet({1, 5}));
    confirmations.acknowledged(RangeSet({1, 5}), kNow);
    confirmations.confirmed(RangeSet({1, 1}), kNow);
    static_cast<void>(confirmations.takeOverdue(kNow + minutes{15}));
    CHECK(confirmations.takeToSendAgain(10) == RangeSet({2, 5}));
    confirmations.acknowledged(RangeSet({2, 5}), kNow + minutes{15});
    confirmations.confirmed(RangeSet({1, 1}), kNow + minutes{16});
    CHECK(confirmations.deadline() == kNow + minutes{45});
    confirmations.confirmed(RangeSet({2, 2}), kNow + minutes{17});
    CHECK(confirmations.deadline() == kNow + minutes{32});
    CHECK(confirmations.overdue() == 3);
}

}  // namespace vitalgate::uplink
