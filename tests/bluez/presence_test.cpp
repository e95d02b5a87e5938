#include "adapters/bluez/presence.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;

namespace {

constexpr SteadyTime kStart{1h};

}  // namespace

TEST_CASE("a device that was never heard is never-seen, a switched off one disabled") {
    CHECK(Presence(true).state(kStart) == v1::AVAILABILITY_NEVER_SEEN);
    Presence off(false);
    off.onSeen(kStart);
    CHECK(off.state(kStart) == v1::AVAILABILITY_DISABLED);
}

TEST_CASE("a device is online while it is heard or connected, then asleep") {
    Presence presence(true);
    presence.onSeen(kStart);
    CHECK(presence.state(kStart + 30s) == v1::AVAILABILITY_ONLINE);
    CHECK(presence.state(kStart + 31s) == v1::AVAILABILITY_ASLEEP);
    presence.onConnected(kStart + 1min);
    CHECK(presence.state(kStart + 1h) == v1::AVAILABILITY_ONLINE);
    presence.onDisconnected(kStart + 1h);
    CHECK(presence.state(kStart + 1h + 29s) == v1::AVAILABILITY_ONLINE);
    CHECK(presence.state(kStart + 2h) == v1::AVAILABILITY_ASLEEP);
}

TEST_CASE("three failed connections in a row make a device unreachable, one connection undoes it") {
    Presence presence(true);
    presence.onSeen(kStart);
    presence.onFailed();
    presence.onFailed();
    CHECK(presence.state(kStart) == v1::AVAILABILITY_ONLINE);
    presence.onFailed();
    CHECK(presence.state(kStart) == v1::AVAILABILITY_UNREACHABLE);
    CHECK(presence.reason(kStart) == "3 connections in a row have failed");
    presence.onConnected(kStart);
    presence.onDisconnected(kStart);
    presence.onFailed();
    CHECK(presence.state(kStart) == v1::AVAILABILITY_ONLINE);
}
