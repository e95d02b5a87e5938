#include "adapters/bluez/reception.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;

namespace {

constexpr SteadyTime kStart{1h};
const std::string kNear = "/org/bluez/hci0";
const std::string kFar = "/org/bluez/hci1";

}  // namespace

TEST_CASE("a device that nobody hears is served by nobody") {
    Reception reception;
    CHECK_FALSE(reception.best(kStart, ""));
    reception.onHeard(kNear, -60, kStart);
    CHECK(reception.best(kStart + 10s, "") == kNear);
    CHECK_FALSE(reception.best(kStart + 11s, ""));
    reception.onHeard(kNear, -60, kStart + 11s);
    reception.forget(kNear);
    CHECK_FALSE(reception.best(kStart + 11s, ""));
}

TEST_CASE("the adapter that hears a device best serves it, and keeps it until another is better") {
    Reception reception;
    reception.onHeard(kFar, -80, kStart);
    reception.onHeard(kNear, -60, kStart);
    CHECK(reception.best(kStart, "") == kNear);
    reception.onHeard(kFar, -50, kStart + 11s);
    reception.onHeard(kNear, -55, kStart + 11s);
    CHECK(reception.best(kStart + 11s, "") == kNear);
    reception.onHeard(kNear, -90, kStart + 12s);
    reception.onHeard(kNear, -90, kStart + 13s);
    CHECK(reception.best(kStart + 13s, "") == kFar);
}

TEST_CASE("one odd signal does not move a device") {
    Reception reception;
    reception.onHeard(kNear, -60, kStart);
    reception.onHeard(kFar, -64, kStart);
    CHECK(reception.best(kStart, "") == kNear);
    reception.onHeard(kNear, -76, kStart + 1s);
    CHECK(reception.best(kStart + 1s, "") == kNear);
}

TEST_CASE("an adapter whose attempts fail gives way, until it succeeds") {
    Reception reception;
    reception.onHeard(kNear, -60, kStart);
    reception.onHeard(kFar, -70, kStart);
    CHECK(reception.best(kStart, "") == kNear);
    for (int i = 0; i < 3; ++i) reception.onFailed(kNear);
    CHECK(reception.best(kStart, "") == kFar);
    reception.onConnected(kNear);
    CHECK(reception.best(kStart, "") == kNear);
}

TEST_CASE("a bonded device is served by the adapter that holds the bond, if that hears it") {
    Reception reception;
    reception.onHeard(kNear, -50, kStart);
    reception.onHeard(kFar, -90, kStart);
    CHECK(reception.best(kStart, kFar) == kFar);
    reception.onHeard(kNear, -50, kStart + 11s);
    CHECK(reception.best(kStart + 11s, kFar) == kNear);
}
