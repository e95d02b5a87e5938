#include <doctest/doctest.h>

#include "adapters/simulator/peripheral_gatt.hpp"
#include "tests/simulator/peripheral_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace std::chrono_literals;
using vitalgate::simulator::testing::PeripheralBench;
using vitalgate::simulator::testing::ScriptedBluez;

namespace {

using Texts = std::vector<std::string>;

const dbus::Value kPeer = dbus::ObjectPath{ScriptedBluez::kPeer};
const std::string kRejected = "org.bluez.Error.Rejected";

std::string pairing(std::string_view keys) {
    return fmt::format(
        "    information: {{manufacturer: Example}}\n"
        "    pairing: {{encrypt: [2A29, 2A2B, 2A35, 2A19], {}}}\n"
        "    measure: [{{at: 10s, failed: true}}, {{at: 20s, failed: true}}]\n",
        keys);
}

/// The error name of an agent's answer; empty if it agrees.
std::string answer(PeripheralBench& bench, std::string method, dbus::Values arguments = {kPeer}) {
    const auto reply = bench.bluez.agent(std::move(method), std::move(arguments));
    return reply ? "" : reply.error().name;
}

}  // namespace

TEST_CASE("what needs a bond is flagged for BlueZ, by the strength of the demand") {
    PeripheralBench open("    information: {manufacturer: Example}\n");
    open.serve();
    CHECK(open.bluez.count("Pairable false") == 1);
    CHECK(open.bluez.flagsOf("2A29") == Texts{"read"});
    PeripheralBench bench(pairing("demand: just-works"));
    bench.serve();
    CHECK(bench.bluez.count("Pairable true") == 1);
    CHECK(bench.bluez.count("RegisterAgent NoInputNoOutput") == 1);
    CHECK(bench.bluez.flagsOf("2A29") == Texts{"encrypt-read"});
    CHECK(bench.bluez.flagsOf("2A2B") == Texts{"encrypt-read", "encrypt-write"});
    CHECK(bench.bluez.flagsOf("2A35") == Texts{"encrypt-indicate"});
    CHECK(bench.bluez.flagsOf("2A19") == Texts{"encrypt-read", "encrypt-notify"});
    CHECK(bench.bluez.flagsOf("2A49") == Texts{"read"});
    PeripheralBench strict(pairing("demand: passkey, passkey: 123456"));
    strict.serve();
    CHECK(strict.bluez.count("RegisterAgent KeyboardOnly") == 1);
    CHECK(strict.bluez.flagsOf("2A2B") ==
          Texts{"encrypt-authenticated-read", "encrypt-authenticated-write"});
    CHECK(strict.bluez.flagsOf("2A35") == Texts{"encrypt-authenticated-indicate"});
    CHECK(strict.bluez.flagsOf("2A19") ==
          Texts{"encrypt-authenticated-read", "encrypt-authenticated-notify"});
}

TEST_CASE("just works: the agent agrees, and the bond stands in the ledger") {
    PeripheralBench bench(pairing("demand: just-works"));
    bench.connect();
    CHECK(answer(bench, "RequestAuthorization").empty());
    CHECK(bench.wrote(R"("what":"pairing","demand":"just-works")"));
    CHECK_FALSE(bench.wrote("bonded"));
    bench.bluez.setPaired(true);
    bench.bluez.settle();
    CHECK(bench.wrote(R"("what":"bonded","level":"encrypted")"));
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    bench.advance(10s);
    CHECK(bench.bluez.values.size() == 1);
    CHECK(answer(bench, "RequestPasskey") == kRejected);
}

TEST_CASE("the agent speaks for its own controller alone") {
    PeripheralBench bench(pairing("demand: passkey, passkey: 123456"));
    bench.connect();
    const dbus::Value hub = dbus::ObjectPath{"/org/bluez/hci0/dev_00_AA_01_01_00_01"};
    const dbus::Value neighbour = dbus::ObjectPath{"/org/bluez/hci11/dev_00_AA_01_01_00_01"};
    CHECK(answer(bench, "RequestPasskey", {hub}) == kRejected);
    CHECK(answer(bench, "RequestPasskey", {neighbour}) == kRejected);
    CHECK_FALSE(bench.wrote("pairing"));
    CHECK(answer(bench, "RequestPasskey").empty());
    CHECK(answer(bench, "AuthorizeService", {kPeer, "1810"}) == kRejected);
    CHECK(answer(bench, "Cancel", {}).empty());
}

TEST_CASE("a passkey is typed; a pairing that needs none is not strong enough") {
    PeripheralBench bench(pairing("demand: passkey, passkey: 42"));
    bench.connect();
    CHECK(answer(bench, "RequestAuthorization") == kRejected);
    CHECK(answer(bench, "RequestConfirmation", {kPeer, std::uint32_t{42}}) == kRejected);
    const auto typed = bench.bluez.agent("RequestPasskey", {kPeer});
    REQUIRE(typed);
    CHECK(*typed->at(0).get<std::uint32_t>() == 42);
    bench.bluez.setPaired(true);
    bench.bluez.settle();
    CHECK(bench.wrote(R"("what":"bonded","level":"authenticated")"));
}

TEST_CASE("a device that refuses to pair") {
    PeripheralBench bench(pairing("demand: refuse"));
    bench.connect();
    CHECK(bench.bluez.count("Pairable true") == 1);
    CHECK(answer(bench, "RequestAuthorization") == kRejected);
    CHECK(bench.wrote(R"("what":"pairing","demand":"refuse")"));
}

TEST_CASE("the agent becomes the default again with each connection") {
    PeripheralBench bench(pairing("demand: just-works"));
    bench.connect();
    CHECK(bench.bluez.count("RequestDefaultAgent") == 2);
    bench.bluez.disconnected();
    bench.bluez.settle();
    REQUIRE(bench.isHeard());
    bench.bluez.connect();
    bench.bluez.settle();
    CHECK(bench.bluez.count("RequestDefaultAgent") == 3);
}

TEST_CASE("a request that BlueZ lets through shows that the link is protected") {
    PeripheralBench bench(pairing("demand: just-works"));
    bench.connect();
    CHECK(bench.device().security() == Security::open);
    CHECK(bench.bluez.read("2A29"));  // the news of the pairing may come later
    CHECK(bench.device().security() == Security::encrypted);
}

TEST_CASE("a bonded peer gets its values without subscribing again, as BlueZ keeps that") {
    PeripheralBench bench(pairing("demand: just-works"));
    bench.connect();
    bench.bluez.setPaired(true);
    bench.bluez.settle();
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    bench.bluez.settle();
    bench.bluez.disconnected();
    bench.advance(10s);
    CHECK(bench.bluez.values.empty());
    REQUIRE(bench.bluez.isAdvertising);
    bench.bluez.connect();
    bench.bluez.settle();
    CHECK(bench.bluez.values.empty());  // it would confirm and drop them
    SUBCASE("once BlueZ knows the services") {
        bench.bluez.setResolved();
    }
    SUBCASE("once it asks something") {
        REQUIRE(bench.bluez.read("2A49"));
    }
    SUBCASE("or after 2 s") {
        bench.advance(2s);
    }
    bench.bluez.settle();
    CHECK(bench.bluez.values.size() == 1);
    CHECK(bench.device().security() == Security::encrypted);
}

TEST_CASE("a peer whose bond somebody has removed is a stranger") {
    PeripheralBench bench(pairing("demand: just-works"));
    bench.connect();
    bench.bluez.setPaired(true);
    bench.bluez.settle();
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    bench.bluez.disconnected();
    bench.bluez.setPaired(false);
    bench.bluez.settle();
    REQUIRE(bench.isHeard());
    bench.bluez.connect();
    bench.bluez.setResolved();
    bench.advance(20s);
    CHECK(bench.device().isConnected());
    CHECK(bench.device().bond() == Security::open);
    CHECK(bench.device().security() == Security::open);
    CHECK(bench.bluez.values.empty());
}

TEST_CASE("a bond of an earlier run is known") {
    PeripheralBench bench(pairing("demand: just-works"));
    bench.bluez.start();
    bench.bluez.connect();
    bench.bluez.setPaired(true);
    bench.bluez.disconnected();
    bench.begin();
    REQUIRE(bench.bluez.runs([&] { return !bench.served.empty(); }));
    REQUIRE(bench.isHeard());
    bench.bluez.connect();
    bench.bluez.setResolved();
    bench.bluez.settle();
    CHECK(bench.device().security() == Security::encrypted);
    CHECK_FALSE(bench.wrote("bonded"));
}

TEST_CASE("a device that forgets its bond has BlueZ remove the peer, and what it has subscribed") {
    PeripheralBench bench(pairing("demand: just-works, forget-after: 5s"));
    bench.connect();
    bench.bluez.setPaired(true);
    bench.bluez.settle();
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    bench.bluez.settle();
    SUBCASE("while it is connected") {}
    SUBCASE("while nobody is connected") {
        bench.bluez.disconnected();
    }
    bench.bluez.holdsDisconnect = true;
    bench.advance(5s);
    CHECK(bench.wrote(R"("what":"erased")"));
    CHECK(bench.bluez.count("RemoveDevice") == 1);
    CHECK_FALSE(bench.device().isConnected());
    CHECK(bench.bluez.values.empty());
    bench.advance(2s);
    CHECK_FALSE(bench.bluez.isAdvertising);  // nobody is to connect before the bond is gone
    bench.bluez.finishDisconnect();
    bench.bluez.settle();
    // Nobody is there to hear it; BlueZ drops the subscription and says so.
    CHECK(bench.bluez.values == std::vector<std::pair<std::string, std::string>>{{"2A35", ""}});
    REQUIRE(bench.bluez.ask("2A35", "StopNotify"));
    bench.bluez.settle();
    REQUIRE(bench.isHeard());
    bench.bluez.holdsDisconnect = false;
    bench.bluez.connect();
    bench.bluez.settle();
    bench.advance(20s);
    CHECK(bench.bluez.values.size() == 1);
    CHECK(bench.device().bond() == Security::open);
}

TEST_CASE("each error of the Attribute Protocol has the name that BlueZ makes it of") {
    using peripheral::toBluez;
    CHECK(toBluez(AttError::readNotPermitted).name == "org.bluez.Error.NotPermitted");
    CHECK(toBluez(AttError::writeNotPermitted).name == "org.bluez.Error.NotPermitted");
    CHECK(toBluez(AttError::insufficientAuthentication).name == "org.bluez.Error.NotAuthorized");
    CHECK(toBluez(AttError::requestNotSupported).name == "org.bluez.Error.NotSupported");
    CHECK(toBluez(AttError::invalidLength).name == "org.bluez.Error.InvalidValueLength");
    CHECK(toBluez(AttError::applicationRefused).name == "org.bluez.Error.Failed");
    CHECK(toBluez(AttError::applicationRefused).message == "0x80");
    CHECK(toBluez(AttError{0x9f}).message == "0x9f");
    for (const auto code : {0x01, 0x0e, 0xa0, 0xfd, 0xff}) {
        CAPTURE(code);
        CHECK(toBluez(AttError{static_cast<std::uint8_t>(code)}).name ==
              "org.bluez.Error.DoesNotExist");
    }
}
