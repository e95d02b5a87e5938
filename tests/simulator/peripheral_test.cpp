#include "adapters/simulator/peripheral.hpp"

#include "tests/simulator/peripheral_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace std::chrono_literals;
using vitalgate::simulator::testing::PeripheralBench;
using vitalgate::simulator::testing::ScriptedBluez;

namespace {

constexpr std::string_view kAlways = "    advertise: {when: always, every: 100ms}\n";

using Texts = std::vector<std::string>;

std::string errorOf(const dbus::Reply& reply) {
    return reply ? "" : reply.error().name + ": " + reply.error().message;
}

}  // namespace

TEST_CASE("everything is registered, then it says so with the controller's address") {
    PeripheralBench bench(
        "    information: {name: BP-7000, manufacturer: Example}\n    battery: 64\n");
    bench.bluez.busy = 2;
    bench.bluez.start();
    bench.begin();
    REQUIRE(bench.bluez.runs([&] { return bench.bluez.count("Powered true") == 1; }));
    CHECK(bench.passes(100ms, [&] { return !bench.served.empty(); }));
    CHECK(bench.served == Texts{"00:AA:01:01:00:01"});
    CHECK(bench.bluez.calls ==
          Texts{"Powered true", "Powered true", "Powered true", "Pairable false", "Alias BP-7000",
                "RegisterAgent NoInputNoOutput", "RequestDefaultAgent", "RegisterApplication"});
    std::ranges::sort(bench.bluez.services);
    CHECK(bench.bluez.services == Texts{"1805", "180A", "180F", "1810"});
    CHECK(bench.bluez.flagsOf("2A35") == Texts{"indicate"});
    CHECK(bench.bluez.flagsOf("2A2B") == Texts{"read", "write"});
    CHECK(bench.bluez.flagsOf("2A19") == Texts{"read", "notify"});
    const auto service = dbus::property<dbus::ObjectPath>(
        bench.bluez.characteristics.at(bench.bluez.pathOf("2A35")), "Service");
    CHECK(bench.bluez.pathOf("2A35").starts_with(service->text + "/"));
    CHECK(bench.ended.empty());
}

TEST_CASE("services that BlueZ serves itself are left out") {
    PeripheralBench bench(
        "    services: {1801: {2A05: indicate}, 1809: {2A1C: indicate}}\n"
        "    measure: [{at: 1s, characteristic: 2A1C, hex: 04530d00fe09}]\n",
        "replay");
    bench.serve();
    std::ranges::sort(bench.bluez.services);
    CHECK(bench.bluez.services == Texts{"1809", "180A", "180F"});
}

TEST_CASE("BlueZ and the controller are waited for, to a limit") {
    SUBCASE("both come late") {
        PeripheralBench bench("");
        bench.begin();
        bench.clock.advance(15s);
        bench.bluez.start(false);
        bench.bluez.settleBus();
        CHECK(bench.bluez.calls.empty());
        bench.bluez.addController();
        CHECK(bench.bluez.runs([&] { return !bench.served.empty(); }));
        bench.clock.advance(1min);
        CHECK(bench.ended.empty());
    }
    SUBCASE("no BlueZ comes") {
        PeripheralBench bench("");
        bench.begin();
        bench.clock.advance(19s);
        CHECK(bench.ended.empty());
        bench.clock.advance(1s);
        CHECK(bench.ended == Texts{"there is no BlueZ on the bus (20 s waited for)"});
        bench.bluez.start();
        bench.bluez.settleBus();
        CHECK(bench.bluez.calls.empty());
    }
    SUBCASE("no controller comes") {
        PeripheralBench bench("");
        bench.bluez.start(false);
        bench.begin();
        bench.bluez.settleBus();
        bench.clock.advance(20s);
        CHECK(bench.ended == Texts{"BlueZ has no controller hci1 (20 s waited for)"});
    }
}

TEST_CASE("what BlueZ refuses ends it, with a sentence") {
    PeripheralBench bench("");
    bench.bluez.refusals["RegisterApplication"] = {"org.bluez.Error.Failed", "Failed to create"};
    bench.bluez.start();
    bench.begin();
    REQUIRE(bench.bluez.runs([&] { return !bench.ended.empty(); }));
    CHECK(bench.ended == Texts{"register the services: Failed to create"});
    CHECK(bench.served.empty());
}

TEST_CASE("a power that stays busy ends it too") {
    PeripheralBench bench("");
    bench.bluez.busy = 1'000'000;
    bench.bluez.start();
    bench.begin();
    REQUIRE(bench.passes(1s, [&] { return !bench.ended.empty(); }));
    CHECK(bench.ended[0].starts_with("power on: "));
    CHECK(bench.bluez.calls.size() > 5);
}

TEST_CASE("it is on the air while the device advertises") {
    PeripheralBench bench(
        "    information: {name: BP-7000}\n"
        "    advertise: {when: after-measurement, for: 5s, every: 100ms, "
        "manufacturer-data: {0x020E: 0102}, service-data: {1810: 07}}\n"
        "    measure: [{at: 10s, failed: true}]\n");
    bench.serve();
    bench.advance(9s);
    CHECK_FALSE(bench.bluez.isAdvertising);
    bench.advance(2s);
    CHECK(bench.bluez.isAdvertising);
    const auto& advertisement = bench.bluez.advertisement;
    CHECK(dbus::property<std::string>(advertisement, "Type") == "peripheral");
    CHECK(dbus::property<std::string>(advertisement, "LocalName") == "BP-7000");
    CHECK(dbus::property<bool>(advertisement, "Discoverable") == true);
    CHECK(dbus::toTexts(advertisement.at("ServiceUUIDs")) == Texts{Uuid{0x1810}.text()});
    const auto* data = advertisement.at("ManufacturerData").get<dbus::Dict>();
    REQUIRE(data->entries.size() == 2);
    CHECK(*data->entries[0].first.get<std::uint16_t>() == 0x020e);
    CHECK(toHex(*data->entries[0].second.get<Bytes>()) == "0102");
    CHECK(*data->entries[1].first.get<std::uint16_t>() == 0xffff);
    const auto* service = advertisement.at("ServiceData").get<dbus::Dict>();
    CHECK(*service->entries.at(0).first.get<std::string>() == Uuid{0x1810}.text());
    bench.advance(5s);
    CHECK_FALSE(bench.bluez.isAdvertising);
    CHECK(bench.bluez.count("RegisterAdvertisement") == 1);
    CHECK(bench.bluez.count("UnregisterAdvertisement") == 1);
}

TEST_CASE("a counter makes BlueZ advertise anew, at most every 500 ms") {
    PeripheralBench bench(kAlways);
    bench.serve();
    REQUIRE(bench.isHeard());
    bench.bluez.settle();
    bench.bluez.counters.clear();
    bench.advance(3s);
    REQUIRE(bench.bluez.counters.size() >= 5);
    CHECK(bench.bluez.counters.size() <= 6);
    CHECK(std::ranges::adjacent_find(bench.bluez.counters) == bench.bluez.counters.end());
    CHECK(bench.bluez.count("RegisterAdvertisement") == 1);
    bench.bluez.connect();
    bench.bluez.settle();
    bench.bluez.counters.clear();
    bench.advance(3s);
    CHECK(bench.bluez.counters.empty());
}

TEST_CASE("an advertisement that is refused or taken away is tried again") {
    PeripheralBench bench(kAlways);
    bench.bluez.refusals["RegisterAdvertisement"] = {"org.bluez.Error.NotPermitted", "Maximum"};
    bench.serve();
    bench.advance(2s);
    bench.advance(2s);
    CHECK(bench.bluez.count("RegisterAdvertisement") >= 2);
    CHECK(std::ranges::count(bench.log, "cuff: BlueZ does not advertise it: Maximum") == 1);
    bench.bluez.refusals.clear();
    REQUIRE(bench.isHeard());
    bench.bluez.settle();
    bench.bluez.isAdvertising = false;
    REQUIRE(
        bench.bluez.call("/vitalgate/advertisement", "org.bluez.LEAdvertisement1", "Release", {}));
    CHECK(bench.isHeard());
}

TEST_CASE("only who connects while it advertises has the device; a second peer is sent away") {
    PeripheralBench bench(
        "    advertise: {when: after-measurement, for: 5s, every: 100ms}\n"
        "    measure: [{at: 10s, failed: true}, {at: 20s, failed: true}]\n");
    bench.serve();
    bench.bluez.connect();  // a connection of before the silence
    bench.bluez.settle();
    CHECK(bench.bluez.count("Disconnect") == 1);
    CHECK_FALSE(bench.wrote("connected"));
    CHECK(bench.bluez.read("2A29").error().name == "org.bluez.Error.DoesNotExist");
    bench.advance(11s);
    REQUIRE(bench.bluez.isAdvertising);
    bench.bluez.connect();
    bench.bluez.settle();
    CHECK(bench.device().isConnected());
    CHECK_FALSE(bench.bluez.isAdvertising);
    bench.bluez.connect(ScriptedBluez::kOther);
    bench.bluez.settle();
    CHECK(bench.bluez.count("Disconnect the other") == 1);
    CHECK(bench.device().isConnected());
    CHECK(bench.bluez.count("Disconnect") == 1);
}

TEST_CASE("a link that is open when it begins is not the device's") {
    PeripheralBench bench(kAlways);
    bench.bluez.start();
    bench.bluez.connect();
    bench.begin();
    REQUIRE(bench.bluez.runs([&] { return !bench.served.empty(); }));
    bench.bluez.settle();
    CHECK(bench.bluez.count("Disconnect") == 1);
    CHECK(bench.isHeard());
}

TEST_CASE("values are read and written, with the errors that BlueZ has names for") {
    PeripheralBench bench(
        "    information: {manufacturer: Example, serial: A1}\n    clock: {zone: UTC}\n"
        "    refuse: {read: [2A25], error: 0x81}\n");
    bench.connect();
    CHECK(asText(*bench.bluez.read("2A29")->at(0).get<Bytes>()) == "Example");
    CHECK(asText(*bench.bluez.read("2A29", 3)->at(0).get<Bytes>()) == "mple");
    CHECK(bench.bluez.read("2A29", 7)->at(0).get<Bytes>()->empty());
    CHECK(errorOf(bench.bluez.read("2A29", 8)).starts_with("org.bluez.Error.InvalidOffset: "));
    CHECK(errorOf(bench.bluez.read("2A25")) == "org.bluez.Error.Failed: 0x81");
    CHECK(errorOf(bench.bluez.read("2A35")).starts_with("org.bluez.Error.NotPermitted: "));
    CHECK(errorOf(bench.bluez.write("2A29", Bytes(1))).starts_with("org.bluez.Error.NotPermitted"));
    CHECK(errorOf(bench.bluez.write("2A2B", Bytes(3)))
              .starts_with("org.bluez.Error.InvalidValueLength: "));
    CHECK(errorOf(bench.bluez.write("2A2B", Bytes(10), 1))
              .starts_with("org.bluez.Error.InvalidOffset: "));
    CHECK(errorOf(bench.bluez.write("2A2B", Bytes(10)))
              .starts_with("org.bluez.Error.DoesNotExist: "));
    CHECK_FALSE(bench.wrote("effect"));
    CHECK(bench.bluez.write("2A2B", *fromHex("ea070b17080e09010001")));
    CHECK(bench.wrote(R"("what":"effect","characteristic":"2A2B","hex":"ea070b17080e09010001")"));
}

TEST_CASE("an indication is taken when BlueZ has its confirmation; then the next goes") {
    PeripheralBench bench(
        "    clock: {as: none}\n"
        "    measure: [{at: 3s, systolic: 120, diastolic: 80}, {at: 3s, failed: true}]\n");
    bench.connect();
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    REQUIRE(bench.bluez.ask("2A35", "Confirm"));  // of nothing
    bench.advance(2s);
    REQUIRE(bench.bluez.values.size() == 1);
    CHECK(bench.bluez.values[0] ==
          std::pair<std::string, std::string>{"2A35", "1078005000ff070000"});
    CHECK(bench.wrote(R"("what":"offered","n":1)"));
    CHECK_FALSE(bench.wrote("taken"));
    REQUIRE(bench.bluez.ask("2A35", "Confirm"));
    bench.bluez.settle();
    CHECK(bench.wrote(R"("what":"taken","n":1,"characteristic":"2A35")"));
    CHECK(bench.bluez.values.size() == 2);
    CHECK_FALSE(bench.wrote(R"("what":"taken","n":2)"));
    REQUIRE(bench.bluez.ask("2A35", "Confirm"));
    bench.bluez.settle();
    CHECK(bench.wrote(R"("what":"taken","n":2)"));
    REQUIRE(bench.bluez.ask("2A35", "StopNotify"));
}

TEST_CASE("an indication whose link ends was not taken, whatever BlueZ says, and is sent again") {
    PeripheralBench bench("    clock: {as: none}\n    measure: [{at: 2s, failed: true}]\n");
    bench.connect();
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    bench.advance(2s);
    REQUIRE(bench.bluez.values.size() == 1);
    SUBCASE("BlueZ gives up what waits, and then tells that the link is gone") {
        bench.bluez.tell("2A35", "Confirm");
        bench.bluez.disconnected();
    }
    SUBCASE("the peer stays silent for 30 s") {
        bench.advance(30s);
        REQUIRE(bench.bluez.ask("2A35", "Confirm"));
        bench.bluez.settle();
        CHECK(bench.device().isConnected());
        bench.bluez.disconnected();
    }
    bench.bluez.settle();
    CHECK_FALSE(bench.device().isConnected());
    CHECK(bench.wrote(R"("what":"disconnected","why":"link-lost")"));
    CHECK_FALSE(bench.wrote("taken"));
    REQUIRE(bench.isHeard());
    bench.bluez.connect();
    bench.bluez.settle();
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    bench.bluez.settle();
    CHECK(bench.bluez.values.size() == 2);
    REQUIRE(bench.bluez.ask("2A35", "Confirm"));
    bench.bluez.settle();
    CHECK(bench.wrote(R"("what":"taken","n":1)"));
}

TEST_CASE("a strap sends thousands of notifications, all of them in order") {
    constexpr std::size_t kValues = 2000;
    PeripheralBench bench(
        fmt::format("    memory: {0}\n"
                    "    measure: [{{at: 5s, every: 1ms, times: {0}, rate: 60..200}}]\n",
                    kValues),
        "heart-rate");
    bench.connect();
    bench.clock.advance(10s);  // all are measured before anybody listens
    REQUIRE(bench.bluez.ask("2A37", "StartNotify"));
    REQUIRE(bench.bluez.runs([&] { return bench.bluez.values.size() == kValues; }, 60s));
    bench.bluez.settle();
    std::istringstream lines(bench.ledger.str());
    std::vector<std::pair<std::string, std::string>> offered;
    std::size_t taken = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto hex = line.find(R"("hex":")");
        if (hex != std::string::npos) offered.emplace_back("2A37", line.substr(hex + 7, 4));
        if (line.find(R"("what":"taken")") != std::string::npos) ++taken;
    }
    CHECK(taken == kValues);
    CHECK(bench.bluez.values == offered);
}

TEST_CASE("a device that ends the link is silent until BlueZ has ended it too") {
    PeripheralBench bench(
        "    advertise: {when: always, every: 100ms}\n"
        "    disconnect: {after-values: 1, times: 1}\n"
        "    measure: [{at: 3s, every: 1s, times: 2, failed: true}]\n");
    bench.connect();
    bench.bluez.holdsDisconnect = true;
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    bench.advance(2s);
    REQUIRE(bench.bluez.ask("2A35", "Confirm"));
    bench.bluez.settle();
    CHECK(bench.wrote(R"("what":"disconnected","why":"by-device")"));
    CHECK(bench.bluez.count("Disconnect") == 1);
    bench.advance(2s);
    CHECK(bench.bluez.count("RegisterAdvertisement") == 1);
    CHECK(bench.bluez.values.size() == 1);
    bench.bluez.finishDisconnect();
    bench.bluez.settle();
    CHECK(bench.isHeard());
    CHECK(bench.ledger.str().find("link-lost") == std::string::npos);
}

TEST_CASE("a device can end the link as soon as its services are seen, or at the first request") {
    PeripheralBench bench(
        "    information: {manufacturer: Example}\n    disconnect: {at: resolve, times: 2}\n");
    bench.connect();
    bench.bluez.setResolved();
    bench.bluez.settle();
    CHECK(bench.bluez.count("Disconnect") == 1);
    REQUIRE(bench.isHeard());
    bench.bluez.connect();
    bench.bluez.settle();
    REQUIRE(bench.device().isConnected());
    CHECK_FALSE(bench.bluez.read("2A29"));
    bench.bluez.settle();
    CHECK(bench.bluez.count("Disconnect") == 2);
}

TEST_CASE("a device that ends the link at once, or at a subscription") {
    PeripheralBench connecting("    disconnect: {at: connect, times: 1}\n");
    connecting.serve();
    REQUIRE(connecting.isHeard());
    connecting.bluez.connect();
    connecting.bluez.settle();
    CHECK(connecting.bluez.count("Disconnect") == 1);
    CHECK(connecting.isHeard());
    PeripheralBench subscribing("    disconnect: {at: subscribe, times: 1}\n");
    subscribing.connect();
    REQUIRE(subscribing.bluez.ask("2A35", "StartNotify"));
    subscribing.bluez.settle();
    CHECK(subscribing.bluez.count("Disconnect") == 1);
}

TEST_CASE("a device out of range loses its link, and is not on the air") {
    PeripheralBench bench("    advertise: {every: 100ms, away: [{at: 5s, for: 10s}]}\n");
    bench.connect();
    bench.advance(5s);
    CHECK(bench.bluez.count("Disconnect") == 1);
    CHECK(bench.wrote(R"("what":"disconnected","why":"link-lost")"));
    bench.advance(8s);
    CHECK_FALSE(bench.bluez.isAdvertising);
    bench.advance(3s);
    CHECK(bench.bluez.isAdvertising);
}

TEST_CASE("BlueZ or its controller goes and comes back: everything is registered anew") {
    PeripheralBench bench(std::string(kAlways) + "    measure: [{at: 60s, failed: true}]\n");
    bench.connect();
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    SUBCASE("BlueZ") {
        bench.bluez.stop();
        REQUIRE(bench.bluez.runs([&] { return bench.wrote("link-lost"); }));
        bench.clock.advance(15s);
        bench.bluez.start();
    }
    SUBCASE("the controller") {
        bench.bluez.removeController();
        REQUIRE(bench.bluez.runs([&] { return bench.wrote("link-lost"); }));
        bench.clock.advance(15s);
        bench.bluez.addController();
    }
    CHECK(bench.logged("has gone"));
    REQUIRE(bench.bluez.runs([&] { return bench.served.size() == 2; }));
    CHECK(bench.bluez.count("RegisterApplication") == 2);
    CHECK(bench.isHeard());
    bench.bluez.connect();
    bench.bluez.settle();
    bench.advance(60s);
    CHECK(bench.bluez.values.empty());  // BlueZ knows of no subscription any more
    REQUIRE(bench.bluez.ask("2A35", "StartNotify"));
    bench.bluez.settle();
    CHECK(bench.bluez.values.size() == 1);
    CHECK(bench.ended.empty());
}

TEST_CASE("a BlueZ that does not come back ends it") {
    PeripheralBench bench(kAlways);
    bench.connect();
    bench.bluez.stop();
    REQUIRE(bench.bluez.runs([&] { return bench.wrote("link-lost"); }));
    bench.clock.advance(21s);
    CHECK(bench.ended == Texts{"there is no BlueZ on the bus (20 s waited for)"});
}

TEST_CASE("at the end the peer is let go and all is taken back") {
    PeripheralBench bench(kAlways);
    bench.connect();
    bench.bluez.calls.clear();
    bench.bluez.holdsDisconnect = true;
    bool done = false;
    bench.peripheral->stop([&] { done = true; });
    bench.bluez.settle();
    CHECK(bench.bluez.calls == Texts{"Disconnect"});
    CHECK(bench.wrote(R"("what":"disconnected","why":"by-device")"));
    bench.bluez.finishDisconnect();
    REQUIRE(bench.bluez.runs([&] { return done; }));
    CHECK(bench.bluez.calls ==
          Texts{"Disconnect", "UnregisterApplication", "UnregisterAgent", "Alias "});
}

TEST_CASE("at the end an advertisement is taken back; who does not answer is not waited for long") {
    PeripheralBench bench(kAlways);
    bench.serve();
    REQUIRE(bench.isHeard());
    bench.bluez.settle();
    bench.bluez.calls.clear();
    bool done = false;
    SUBCASE("BlueZ answers") {
        bench.peripheral->stop([&] { done = true; });
        REQUIRE(bench.bluez.runs([&] { return done; }));
        CHECK(bench.bluez.calls.front() == "UnregisterAdvertisement");
        CHECK(bench.bluez.calls.back() == "Alias ");
    }
    SUBCASE("BlueZ is deaf") {
        bench.bluez.connect();
        bench.bluez.settle();
        bench.bluez.holdsDisconnect = true;
        bench.peripheral->stop([&] { done = true; });
        bench.bluez.settle();
        CHECK_FALSE(done);
        bench.clock.advance(10s);
        CHECK(bench.bluez.runs([&] { return done; }));
    }
    SUBCASE("BlueZ is gone") {
        bench.bluez.stop();
        bench.peripheral->stop([&] { done = true; });
        CHECK(bench.bluez.runs([&] { return done; }));
    }
}

TEST_CASE("a bus that is not there, or goes, ends it") {
    PeripheralBench bench(kAlways);
    bench.connect();
    bench.bus.stop();
    CHECK(bench.bluez.runs([&] { return !bench.ended.empty(); }));
    CHECK(bench.ended == Texts{"the bus has gone"});
    PeripheralBench none("");
    none.bus.stop();
    none.begin();
    REQUIRE(none.bluez.runs([&] { return !none.ended.empty(); }));
    CHECK(none.ended[0].starts_with("bus unix:path="));
}
