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

TEST_CASE("a silent device says when its last reading came, if that is known") {
    const auto at = *parseUtc("2026-11-23T08:14:59Z");
    Presence presence(true);
    presence.onSeen(kStart);
    CHECK(presence.reason(kStart + 1h) == "it is silent between measurements");
    presence.recallReading(at);
    const auto silent = "it is silent between measurements; the last one came at ";
    CHECK(presence.reason(kStart + 1h) == silent + std::string("2026-11-23T08:14Z"));
    presence.onReading(at + 24h);
    presence.recallReading(at);
    CHECK(presence.reason(kStart + 1h) == silent + std::string("2026-11-24T08:14Z"));
    CHECK(presence.reason(kStart) == "heard within the last half minute");
}

TEST_CASE("a device that is left alone says why, as long as it lasts and it is not connected") {
    Presence presence(true);
    presence.onSeen(kStart);
    presence.leaveAlone(kStart + 10min, "it floods");
    CHECK(presence.reason(kStart + 10min - 1ns) == "it floods");
    CHECK(presence.reason(kStart + 10min) == "it is silent between measurements");
    presence.onConnected(kStart);
    CHECK(presence.reason(kStart) == "connected");
    Presence off(false);
    off.leaveAlone(kStart + 10min, "it floods");
    CHECK(off.reason(kStart) == "switched off in the configuration");
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

TEST_CASE("a hub that cannot hear for a minute reaches nobody, and says so") {
    Presence presence(true);
    presence.onListening(false, kStart);
    CHECK(presence.state(kStart + 1h) == v1::AVAILABILITY_NEVER_SEEN);
    presence.onSeen(kStart);
    presence.onListening(false, kStart + 30s);
    CHECK(presence.state(kStart + 60s) == v1::AVAILABILITY_ASLEEP);
    CHECK(presence.state(kStart + 61s) == v1::AVAILABILITY_UNREACHABLE);
    CHECK(presence.reason(kStart + 61s) == "no Bluetooth adapter of the hub works");
    presence.onListening(true, kStart + 62s);
    CHECK(presence.state(kStart + 62s) == v1::AVAILABILITY_ASLEEP);
}
