#include "tests/simulator/device_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

TEST_CASE("a measurement goes out when somebody is connected and has subscribed") {
    Bench bench(joined(
        {kUtc,
         "    users: {1: {slot: 2}}\n    measure:\n      - {at: 10s, user: 1, systolic: 128, "
         "diastolic: 82, mean: 97, pulse: 71, status: [irregular-pulse]}\n"}));
    bench.clock.advance(5s);
    CHECK(bench.radio.packets == 5);
    REQUIRE(bench.device->connect());
    CHECK_FALSE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    bench.clock.advance(4s);
    CHECK(bench.radio.sent.empty());
    bench.clock.advance(1s);
    REQUIRE(bench.radio.sent.size() == 1);
    CHECK(bench.radio.sent[0].second == "2A35 1e800052006100ea070b1708000a4700020400");
    CHECK(bench.radio.packets == 5);
    CHECK(bench.lines.str() ==
          R"({"t":"2026-11-23T08:00:05.000Z","device":"cuff","what":"connected"}
{"t":"2026-11-23T08:00:10.000Z","device":"cuff","what":"measured","n":1,"user":1,"deviceTime":"2026-11-23T08:00:10"}
{"t":"2026-11-23T08:00:10.000Z","device":"cuff","what":"offered","n":1,"characteristic":"2A35","hex":"1e800052006100ea070b1708000a4700020400"}
)");
}

TEST_CASE("a device that advertises only after a measurement keeps it for the next connection") {
    Bench bench(joined(
        {kAfterMeasurement, "    measure: [{at: 10s, failed: true}, {at: 60s, failed: true}]\n"}));
    bench.clock.advance(9s);
    CHECK_FALSE(bench.device->isAdvertising());
    CHECK_FALSE(bench.device->connect());
    bench.clock.advance(2s);
    CHECK(bench.device->isAdvertising());
    bench.clock.advance(5s);
    CHECK_FALSE(bench.device->isAdvertising());
    CHECK_FALSE(bench.wrote("missed"));
    bench.clock.advance(45s);
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    REQUIRE(bench.radio.sent.size() == 2);
    CHECK(bench.radio.sent[0].first == 1);
    CHECK(bench.radio.sent[1].first == 2);
}

TEST_CASE("a device without memory misses what nobody fetches while it advertises") {
    Bench bench(
        joined({kAfterMeasurement, "    memory: 0\n    measure: [{at: 1s, failed: true}]\n"}));
    bench.clock.advance(5s);
    CHECK_FALSE(bench.wrote("missed"));
    bench.clock.advance(2s);
    CHECK(bench.wrote(R"("what":"missed","n":1,"why":"no connection while advertising")"));
}

TEST_CASE("a full memory gives up the oldest") {
    Bench bench(
        joined({kUtc, "    memory: 2\n    measure: [{every: 1s, times: 3, failed: true}]\n"}));
    bench.clock.advance(3s);
    CHECK(bench.wrote(R"("what":"missed","n":1,"why":"memory full")"));
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    REQUIRE(bench.radio.sent.size() == 2);
    CHECK(bench.radio.sent[0].first == 2);
}

TEST_CASE("one value at a time: the next goes when the last is confirmed") {
    Bench bench(joined({kUtc, "    measure: [{every: 1s, times: 3, failed: true}]\n"}));
    bench.radio.confirms = false;
    bench.clock.advance(3s);
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    CHECK(bench.radio.sent.size() == 1);
    bench.device->confirmed();
    CHECK(bench.radio.sent.size() == 2);
    bench.device->disconnect("link-lost");
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    REQUIRE(bench.radio.sent.size() == 3);
    CHECK(bench.radio.sent[2].first == 2);  // not confirmed: sent again
}

TEST_CASE("a device ends the link after some values and keeps the rest") {
    Bench bench(joined({kUtc,
                        "    disconnect: {after-values: 2, times: 1, reason: link-lost}\n"
                        "    measure: [{every: 1s, times: 3, failed: true}]\n"}));
    bench.clock.advance(3s);
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    CHECK(bench.radio.sent.size() == 2);
    CHECK(bench.radio.closings == 1);
    CHECK_FALSE(bench.device->isConnected());
    CHECK(bench.wrote(R"("what":"disconnected","why":"link-lost")"));
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    CHECK(bench.radio.sent.size() == 3);
    CHECK(bench.radio.closings == 1);
}

TEST_CASE("a device ends the link when it has nothing left to send") {
    Bench bench(joined({kUtc,
                        "    disconnect: {when-done: 2s}\n"
                        "    measure: [{at: 1s, failed: true}]\n"}));
    bench.clock.advance(1s);
    REQUIRE(bench.device->connect());
    bench.clock.advance(10s);
    CHECK(bench.device->isConnected());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    bench.clock.advance(1900ms);
    CHECK(bench.device->isConnected());
    bench.clock.advance(200ms);
    CHECK_FALSE(bench.device->isConnected());
}

TEST_CASE("a device can end the link at each step") {
    const auto bench = [](std::string_view step) {
        return std::make_unique<Bench>(
            joined({kUtc, "    disconnect: {at: ", step, ", times: 1}\n"}));
    };
    auto connecting = bench("connect");
    CHECK(connecting->device->connect());
    CHECK_FALSE(connecting->device->isConnected());
    auto resolving = bench("resolve");
    REQUIRE(resolving->device->connect());
    resolving->device->resolved();
    CHECK_FALSE(resolving->device->isConnected());
    auto reading = bench("read");
    REQUIRE(reading->device->connect());
    CHECK(reading->device->read(reading->characteristic(0x2a29)).error() == AttError::unlikely);
    CHECK_FALSE(reading->device->isConnected());
    auto writing = bench("write");
    REQUIRE(writing->device->connect());
    CHECK_FALSE(writing->device->write(writing->characteristic(0x2a2b), Bytes(10)));
    CHECK(writing->radio.closings == 1);
    auto subscribing = bench("subscribe");
    REQUIRE(subscribing->device->connect());
    CHECK_FALSE(subscribing->device->subscribe(subscribing->characteristic(0x2a35), true));
    CHECK(subscribing->radio.closings == 1);
    REQUIRE(subscribing->device->connect());  // once only
    CHECK(subscribing->device->subscribe(subscribing->characteristic(0x2a35), true));
}

TEST_CASE("the clock is wrong, drifts, and is set by a write") {
    Bench bench("    clock: {zone: UTC, ahead: -16y, drift: 1000ppm}\n");
    REQUIRE(bench.device->connect());
    const auto& clock = bench.characteristic(0x2a2b);
    CHECK(toHex(*bench.device->read(clock)) == "da070b17080000020000");
    bench.clock.advance(1000s);  // one second more by its own count
    CHECK(toHex(*bench.device->read(clock)) == "da070b17081029020000");
    const auto time = *fromHex("ea070b17080e09010001");
    REQUIRE(bench.device->write(clock, time));
    CHECK(toHex(*bench.device->read(clock)) == "ea070b17080e09010001");
    CHECK(bench.wrote(R"("what":"effect","characteristic":"2A2B","hex":"ea070b17080e09010001")"));
    CHECK(bench.device->write(clock, *fromHex("ea07")).error() == AttError::invalidLength);
    CHECK(bench.device->write(clock, *fromHex("ea070d17080e09010001")).error() ==
          AttError::outOfRange);
}

TEST_CASE("a frozen clock takes a time and stays") {
    Bench bench("    clock: {as: date-time, zone: UTC, frozen: true}\n");
    REQUIRE(bench.device->connect());
    const auto& clock = bench.characteristic(0x2a08);
    REQUIRE(bench.device->write(clock, *fromHex("ea070b17080e09")));
    bench.clock.advance(1h);
    CHECK(toHex(*bench.device->read(clock)) == "ea070b17080000");
}

TEST_CASE("a clock that cannot be set has no write property; one that refuses gives its error") {
    Bench fixed("    clock: {settable: false}\n");
    REQUIRE(fixed.device->connect());
    CHECK_FALSE(fixed.characteristic(0x2a2b).flags.write);
    CHECK(fixed.device->write(fixed.characteristic(0x2a2b), Bytes(10)).error() ==
          AttError::writeNotPermitted);
    Bench refusing("    refuse: {write: [2A2B], notify: [2A35], read: [2A29], error: 0x81}\n");
    REQUIRE(refusing.device->connect());
    const auto time = *fromHex("ea070b17080e09010001");
    CHECK(refusing.device->write(refusing.characteristic(0x2a2b), time).error() == AttError{0x81});
    CHECK(refusing.device->subscribe(refusing.characteristic(0x2a35), true).error() ==
          AttError{0x81});
    CHECK(refusing.device->read(refusing.characteristic(0x2a29)).error() == AttError{0x81});
    CHECK_FALSE(refusing.wrote("effect"));
}

TEST_CASE("an encrypted characteristic needs a bond, which outlives the link") {
    Bench bench(
        "    pairing: {demand: passkey, passkey: 123456, encrypt: [2A35, 2A29]}\n"
        "    information: {manufacturer: Example}\n");
    REQUIRE(bench.device->connect());
    const auto& maker = bench.characteristic(0x2a29);
    CHECK(bench.device->read(maker).error() == AttError::insufficientAuthentication);
    CHECK(bench.device->subscribe(bench.characteristic(0x2a35), true).error() ==
          AttError::insufficientAuthentication);
    CHECK(bench.device->pair(std::nullopt) == PairingResult::wrongPasskey);
    CHECK(bench.device->pair(1) == PairingResult::wrongPasskey);
    CHECK(bench.device->pair(123456) == PairingResult::bonded);
    CHECK(bench.device->security() == Security::authenticated);
    CHECK(asText(*bench.device->read(maker)) == "Example");
    CHECK(bench.wrote(R"("what":"pairing","demand":"passkey")"));
    CHECK(bench.wrote(R"("what":"bonded","level":"authenticated")"));
    bench.device->disconnect("by-hub");
    REQUIRE(bench.device->connect());
    CHECK_FALSE(bench.device->read(maker));
    CHECK(bench.device->encrypt());
    CHECK(bench.device->read(maker));
}

TEST_CASE("a device out of range loses the link, is silent, and comes back") {
    Bench bench(joined({kUtc,
                        "    advertise: {every: 1s, away: [{at: 20s, for: 10s}]}\n"
                        "    measure: [{at: 15s, failed: true}]\n"}));
    bench.clock.advance(18s);
    const auto heard = bench.radio.packets;
    CHECK(heard == 18);
    REQUIRE(bench.device->connect());
    CHECK(bench.radio.silences == 1);
    bench.clock.advance(3s);
    CHECK_FALSE(bench.device->isConnected());
    CHECK(bench.radio.closings == 1);
    CHECK(bench.wrote(R"("what":"disconnected","why":"link-lost")"));
    CHECK_FALSE(bench.device->connect());
    bench.clock.advance(8s);
    CHECK(bench.radio.packets == heard);
    bench.clock.advance(3s);
    CHECK(bench.radio.packets > heard);
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    CHECK(bench.radio.sent.size() == 1);
}

TEST_CASE("a device that is away while it advertises falls silent; what it measures is not heard") {
    Bench bench(
        joined({"    clock: {zone: UTC}\n"
                "    advertise: {when: after-measurement, for: 5s, every: 100ms, "
                "away: [{at: 12s, for: 10s}, {at: 15s, for: 20s}]}\n",
                "    measure: [{at: 10s, failed: true}, {at: 30s, failed: true}]\n"}));
    bench.clock.advance(13s);
    CHECK(bench.radio.silences == 1);
    CHECK_FALSE(bench.device->isAdvertising());
    const auto heard = bench.radio.packets;
    bench.clock.advance(21s);
    CHECK(bench.radio.packets == heard);
    bench.clock.advance(2s);  // back for the values that it has kept
    CHECK(bench.device->isAdvertising());
    CHECK(bench.radio.packets > heard);
    CHECK_FALSE(bench.wrote("missed"));
}

TEST_CASE("a device forgets its bond, the link and who has subscribed") {
    Bench bench(joined({kUtc,
                        "    pairing: {demand: just-works, encrypt: [2A35], forget-after: 30s}\n"
                        "    measure: [{at: 100s, failed: true}]\n"}));
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->pair(std::nullopt) == PairingResult::bonded);
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a35), true));
    bench.clock.advance(29s);
    CHECK(bench.device->isConnected());
    CHECK(bench.radio.erasures == 0);
    bench.clock.advance(1s);
    CHECK_FALSE(bench.device->isConnected());
    CHECK(bench.radio.closings == 1);
    CHECK(bench.radio.erasures == 1);
    CHECK(bench.device->bond() == Security::open);
    CHECK(bench.lines.str().find(R"("what":"erased")") <
          bench.lines.str().find(R"("what":"disconnected","why":"by-device")"));
    REQUIRE(bench.device->connect());
    CHECK_FALSE(bench.device->encrypt());
    bench.clock.advance(100s);
    CHECK(bench.radio.sent.empty());
    REQUIRE(bench.device->pair(std::nullopt) == PairingResult::bonded);
    bench.clock.advance(30s);  // every bond ends like that
    CHECK(bench.radio.erasures == 2);
}

TEST_CASE("a stack that keeps the keys tells the device of its bond") {
    Bench bench(joined({kUtc,
                        "    pairing: {demand: passkey, passkey: 1, encrypt: [2A35]}\n"
                        "    measure: [{at: 1s, failed: true}, {at: 2s, failed: true}]\n"}));
    bench.clock.advance(3s);
    const auto& pressure = bench.characteristic(0x2a35);
    bench.device->adoptBond(true);
    REQUIRE(bench.device->connect());
    CHECK(bench.device->encrypt());
    CHECK(bench.device->security() == Security::authenticated);
    REQUIRE(bench.device->subscribe(pressure, true));
    CHECK(bench.radio.sent.size() == 2);
    CHECK_FALSE(bench.wrote("bonded"));
    bench.device->disconnect("link-lost");
    bench.device->adoptBond(false);
    REQUIRE(bench.device->connect());
    CHECK_FALSE(bench.device->encrypt());
    CHECK(bench.device->subscribe(pressure, true).error() == AttError::insufficientAuthentication);
    bench.device->secured();
    CHECK(bench.device->subscribe(pressure, true));
    bench.device->bonded();
    CHECK(bench.wrote(R"("what":"bonded","level":"authenticated")"));
    bench.device->disconnect("link-lost");
    REQUIRE(bench.device->subscribe(pressure, false));  // the stack forgets without a link
}

TEST_CASE("a device that refuses to pair stays open") {
    Bench bench("    pairing: {demand: refuse}\n");
    REQUIRE(bench.device->connect());
    CHECK(bench.device->pair(std::nullopt) == PairingResult::refused);
    CHECK(bench.device->security() == Security::open);
    CHECK_FALSE(bench.device->encrypt());
}

TEST_CASE("information, battery and features are read; measurements are not") {
    Bench bench("    information: {manufacturer: Example, serial: A1}\n    battery: 64\n");
    REQUIRE(bench.device->connect());
    CHECK(asText(*bench.device->read(bench.characteristic(0x2a25))) == "A1");
    CHECK(toHex(*bench.device->read(bench.characteristic(0x2a19))) == "40");
    CHECK(toHex(*bench.device->read(bench.characteristic(0x2a49))) == "1f00");
    CHECK(bench.device->read(bench.characteristic(0x2a35)).error() == AttError::readNotPermitted);
    CHECK(bench.device->subscribe(bench.characteristic(0x2a49), true).error() ==
          AttError::invalidHandle);
    bench.device->disconnect("by-hub");
    CHECK(bench.device->read(bench.characteristic(0x2a49)).error() == AttError::unlikely);
}

TEST_CASE("a payload is played as it is") {
    Bench bench(joined({"    clock: {as: none}\n    services: {1809: {2A1C: indicate}}\n"
                        "    measure: [{at: 1s, characteristic: 2A1C, hex: 04530d00fe09}]\n"}),
                "replay");
    REQUIRE(bench.device->connect());
    REQUIRE(bench.device->subscribe(bench.characteristic(0x2a1c), true));
    bench.clock.advance(1s);
    REQUIRE(bench.radio.sent.size() == 1);
    CHECK(bench.radio.sent[0].second == "2A1C 04530d00fe09");
}

TEST_CASE("drawn values lie within their range, and are the same for the same seed") {
    const auto run = [] {
        Bench bench(
            joined({kUtc, "    measure: [{every: 1s, times: 100, temperature: 36.4..37.2}]\n"}),
            "thermometer");
        REQUIRE(bench.device->connect());
        REQUIRE(bench.device->subscribe(bench.characteristic(0x2a1c), true));
        bench.clock.advance(100s);
        return bench.radio.sent;
    };
    const auto sent = run();
    REQUIRE(sent.size() == 100);
    bool low = false;
    bool high = false;
    for (const auto& [number, text] : sent) {
        const auto octets = *fromHex(text.substr(5));
        const int tenths = octets[1] | octets[2] << 8;
        CHECK(octets[4] == 0xff);
        CHECK(tenths >= 364);
        CHECK(tenths <= 372);
        low = low || tenths == 364;
        high = high || tenths == 372;
    }
    CHECK(low);
    CHECK(high);
    CHECK(run() == sent);
}
