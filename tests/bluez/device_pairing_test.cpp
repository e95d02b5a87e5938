#include "adapters/bluez/device_pairing.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;

namespace {

constexpr SteadyTime kStart{1h};

DevicePairing withPasskey() {
    return DevicePairing([]() -> Result<std::uint32_t> { return 123456U; });
}

}  // namespace

TEST_CASE(
    "a passkey that is refused is tried three times, with growing pauses, then once an hour") {
    auto pairing = withPasskey();
    auto now = kStart;
    int attempts = 0;
    for (; now < kStart + 24h; now += 1s) {
        if (pairing.pause(now) > Duration::zero()) continue;
        pairing.onRefused(now);
        ++attempts;
        const Duration pause = attempts == 1 ? 1min : attempts == 2 ? 10min : 60min;
        CHECK(pairing.pause(now) == pause);
        CHECK(pairing.isGivenUp() == (attempts >= 3));
    }
    CHECK(attempts == 2 + 24);
}

TEST_CASE("a bond ends the pauses") {
    auto pairing = withPasskey();
    for (int i = 0; i < 4; ++i) pairing.onRefused(kStart);
    pairing.onBonded("00:11:22:33:44:55");
    CHECK(pairing.pause(kStart) == Duration::zero());
    CHECK_FALSE(pairing.isGivenUp());
    pairing.onRefused(kStart);
    CHECK(pairing.pause(kStart) == DevicePairing::kFirstPause);
}

TEST_CASE(
    "a bond made with the passkey is one with that adapter, and is remembered until it goes") {
    auto pairing = withPasskey();
    CHECK_FALSE(pairing.isAuthenticated("a"));
    CHECK_FALSE(pairing.isAuthenticated(""));
    CHECK_FALSE(pairing.takeBookmark());
    CHECK_FALSE(pairing.forget("a"));
    pairing.onBonded("a");
    CHECK(pairing.isAuthenticated("a"));
    CHECK_FALSE(pairing.isAuthenticated("b"));
    const auto bookmark = pairing.takeBookmark();
    REQUIRE(bookmark);
    CHECK_FALSE(pairing.takeBookmark());

    auto later = withPasskey();
    later.recall(*bookmark);
    CHECK(later.isAuthenticated("a"));
    CHECK_FALSE(later.takeBookmark());
    CHECK_FALSE(later.forget("b"));
    CHECK(later.forget("a"));
    CHECK_FALSE(later.isAuthenticated("a"));
    CHECK(later.takeBookmark() == "");
}

TEST_CASE("what is recalled late does not undo what has happened since") {
    auto pairing = withPasskey();
    pairing.onBonded("a");
    pairing.forget("a");
    pairing.recall("a");
    CHECK_FALSE(pairing.isAuthenticated("a"));
    CHECK(pairing.takeBookmark() == "");
}
