#include <doctest/doctest.h>

#include <regex>

#include "tests/bluez/rig.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::cuff;
using vitalgate::testing::kCuffAddress;
using vitalgate::testing::Rig;
using vitalgate::testing::says;

namespace {

/// A cuff that wants the passkey 004711, and a hub that has `configured` for it.
struct PasskeyRig : Rig {
    explicit PasskeyRig(std::optional<std::uint32_t> configured,
                        const std::string& demand = "passkey, passkey: 004711",
                        const std::string& bluez = "connect-after: 50ms") {
        configure("cuff", kCuffAddress);
        if (configured)
            options.devices[0].passkey = [this, number = *configured] {
                ++reads;
                return Result<std::uint32_t>(number);
            };
        simulate(cuff("    pairing: {demand: " + demand + ", encrypt: [2A29, 2A35]}\n", bluez));
    }
    [[nodiscard]] simulator::Security bond() const { return simulator->device("cuff")->bond(); }
    [[nodiscard]] std::vector<v1::Event> pairings() const {
        return sink.eventsOf("cuff", v1::Event::kPairing);
    }
    [[nodiscard]] v1::Link lastLink() const { return sink.readings.back().reading.source().link(); }
    [[nodiscard]] bool hasEnded() const { return !sink.endings("cuff").empty(); }
    /// Whether the passkey stands in what leaves the hub or in its log. A date or a random id may
    /// have the same digits in it, so it is looked for as a number of its own.
    [[nodiscard]] bool tells(std::uint32_t passkey) const {
        const std::regex number("(^|[^0-9a-fA-F])0*" + std::to_string(passkey) +
                                "($|[^0-9a-fA-F])");
        return std::regex_search(everything(), number);
    }
    [[nodiscard]] std::string everything() const {
        std::string all;
        for (const auto& line : lines) all += line + "\n";
        for (const auto& event : sink.events) all += event.ShortDebugString() + "\n";
        for (const auto& [id, one] : sink.descriptors) all += one.ShortDebugString() + "\n";
        for (const auto& problem : adapter->problems()) all += problem.ShortDebugString() + "\n";
        return all;
    }

    int reads = 0;
};

}  // namespace

TEST_CASE(
    "the right passkey makes a bond, and its readings are authenticated, also after a restart") {
    for (const auto policy : {bluez::PairingPolicy::justWorks, bluez::PairingPolicy::passkey}) {
        PasskeyRig rig(4711);
        rig.options.pairingPolicy = policy;
        rig.start();
        REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 15s));
        CHECK(rig.bond() == simulator::Security::authenticated);
        CHECK(rig.lastLink() == v1::LINK_AUTHENTICATED);
        const auto pairing = rig.pairings();
        REQUIRE(pairing.size() == 2);
        CHECK(pairing[0].pairing().state() == v1::PAIRING_RUNNING);
        CHECK(pairing[1].pairing().state() == v1::PAIRING_BONDED);
        CHECK(rig.adapter->devices().at(0).pairing() == v1::PAIRING_BONDED);
        CHECK(rig.reads == 1);
        CHECK_FALSE(rig.tells(4711));

        rig.stop();
        rig.sink.readings.clear();
        rig.start();
        REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 30s));
        CHECK(rig.lastLink() == v1::LINK_AUTHENTICATED);
        CHECK(rig.reads == 1);
    }
}

TEST_CASE("a wrong passkey is told to a person, and not tried again soon") {
    PasskeyRig rig(123456);
    rig.start();
    REQUIRE(rig.until([&] { return rig.hasEnded(); }, 15s));
    CHECK(rig.bond() == simulator::Security::open);
    CHECK(rig.sink.count("cuff") == 0);
    const auto pairing = rig.pairings();
    REQUIRE(pairing.size() == 2);
    CHECK(pairing[1].pairing().state() == v1::PAIRING_REFUSED);
    CHECK(pairing[1].severity() == v1::SEVERITY_WARNING);
    CHECK(pairing[1].pairing().advice().find("six digits printed on the device") !=
          std::string::npos);
    CHECK_FALSE(rig.tells(123456));
    CHECK(rig.sink.bookmarks.count({"cuff", "authenticated-bond"}) == 0);
    // It is there all the time, and left alone all the same.
    const auto heard = rig.adapter->adapters().at(0).advertisements_per_min();
    REQUIRE(rig.until(
        [&] { return rig.adapter->adapters().at(0).advertisements_per_min() > heard + 40; }, 20s));
    CHECK(rig.reads == 1);
    CHECK(rig.sink.endings("cuff").size() == 1);
}

TEST_CASE("under the policy passkey a device without one is not paired") {
    PasskeyRig rig(std::nullopt, "just-works", "pair-on-demand: false");
    rig.options.pairingPolicy = bluez::PairingPolicy::passkey;
    rig.start();
    REQUIRE(rig.until([&] { return !rig.pairings().empty(); }, 15s));
    CHECK(rig.pairings()[0].pairing().state() == v1::PAIRING_REFUSED);
    CHECK(rig.pairings()[0].pairing().advice().find("add the device's passkey") == 0);
    CHECK(rig.until([&] { return rig.hasEnded(); }));
    CHECK(rig.bond() == simulator::Security::open);
    CHECK(rig.sink.count("cuff") == 0);
}

TEST_CASE("a device that asks for a bond as soon as it is connected gets it, and is read") {
    PasskeyRig rig(std::nullopt, "just-works, asks: true", "pair-on-demand: false");
    rig.start();
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 15s));
    CHECK(rig.bond() == simulator::Security::encrypted);
    CHECK(rig.lastLink() == v1::LINK_ENCRYPTED);
    REQUIRE_FALSE(rig.pairings().empty());
    CHECK(rig.pairings().back().pairing().state() == v1::PAIRING_BONDED);
    CHECK(rig.sink.eventsOf("cuff", v1::Event::kSecurity).empty());
}

TEST_CASE("a device with a passkey that asks for a bond at once is given the passkey, if it fits") {
    PasskeyRig right(4711, "passkey, passkey: 004711, asks: true");
    right.start();
    REQUIRE(right.until([&] { return right.sink.count("cuff") >= 1; }, 15s));
    CHECK(right.lastLink() == v1::LINK_AUTHENTICATED);
    CHECK(right.reads == 1);
    PasskeyRig wrong(4712, "passkey, passkey: 004711, asks: true");
    wrong.start();
    REQUIRE(wrong.until([&] { return !wrong.pairings().empty(); }, 15s));
    CHECK(wrong.pairings().back().text() == "the device does not take its passkey");
    CHECK(wrong.reads == 1);
    CHECK(wrong.sink.count("cuff") == 0);
}

TEST_CASE("a device with a passkey that asks for a bond is paired with the passkey alone") {
    PasskeyRig rig(4711, "just-works, asks: true");
    rig.start();
    REQUIRE(
        rig.until([&] { return !rig.sink.eventsOf("cuff", v1::Event::kSecurity).empty(); }, 15s));
    CHECK(rig.bond() == simulator::Security::open);
    CHECK(rig.sink.count("cuff") == 0);
}

TEST_CASE("a device with a passkey is not paired without it, whatever it offers") {
    PasskeyRig rig(4711, "just-works");
    rig.start();
    REQUIRE(rig.until([&] { return rig.pairings().size() >= 2; }, 15s));
    CHECK(rig.pairings()[1].pairing().state() == v1::PAIRING_REFUSED);
    CHECK(rig.pairings()[1].text().find("without its passkey") != std::string::npos);
    CHECK(rig.until([&] { return rig.hasEnded(); }));
    CHECK(rig.sink.count("cuff") == 0);
    CHECK(rig.reads == 0);
}

TEST_CASE("beside a device with a passkey one without is paired as ever") {
    PasskeyRig rig(4711);
    rig.simulator.reset();
    rig.configure("scale", "E8:9E:B4:0A:0B:0C");
    rig.simulate(
        cuff("    pairing: {demand: passkey, passkey: 004711, encrypt: [2A35]}\n"
             "  scale:\n"
             "    model: weight-scale\n"
             "    address: \"E8:9E:B4:0A:0B:0C\"\n"
             "    pairing: {demand: just-works, encrypt: [2A9D]}\n"
             "    advertise: {when: always, every: 100ms, signal: -60dBm}\n"
             "    measure: [{at: 1s, every: 1s, weight: 70}]\n",
             "pair-on-demand: false"));
    rig.start();
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1 && rig.sink.count("scale") >= 1; },
                      40s));
    for (const auto& one : rig.sink.readings) {
        const bool isCuff = one.reading.device() == "cuff";
        CHECK(one.reading.source().link() ==
              (isCuff ? v1::LINK_AUTHENTICATED : v1::LINK_ENCRYPTED));
    }
}

TEST_CASE("a bond that is removed from the hub is not authenticated any more, and made anew") {
    PasskeyRig rig(4711);
    rig.start();
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 15s));
    CHECK_FALSE(rig.sink.bookmarks.at({"cuff", "authenticated-bond"}).empty());
    rig.stop();
    // A BlueZ that has forgotten everything, and a device that has too.
    rig.simulator.reset();
    rig.simulate(cuff("    pairing: {demand: just-works, encrypt: [2A35]}\n"));
    rig.options.devices[0].passkey = nullptr;
    rig.sink.readings.clear();
    rig.sink.events.clear();
    rig.start();
    REQUIRE(rig.until([&] { return rig.sink.count("cuff") >= 1; }, 30s));
    CHECK(rig.lastLink() == v1::LINK_ENCRYPTED);
    REQUIRE_FALSE(rig.pairings().empty());
    CHECK(rig.pairings()[0].pairing().state() == v1::PAIRING_HUB_FORGOT);
    CHECK(rig.sink.bookmarks.at({"cuff", "authenticated-bond"}).empty());
}
