#include <doctest/doctest.h>

#include <algorithm>

#include "tests/simulator/served_house.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace std::chrono_literals;
using vitalgate::simulator::testing::ServedHouse;

namespace {

/// A cuff that is always there, and BlueZ in a hurry.
std::string house(std::string_view cuff, std::string_view bluez = "",
                  std::string_view advertise = "    advertise: {when: always, every: 20ms}\n") {
    return fmt::format(R"(devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    information: {{name: BP-7000, manufacturer: Example}}
{}{}bluez:
  connect-after: 10ms
  services-resolved-after: 50ms
  answer-after: 2ms
{})",
                       advertise, cuff, bluez);
}

const std::string& kDevice = ServedHouse::kDevice;
const dbus::Value kNoOptions = dbus::Dict{};

/// One that reads nothing of the bus but while it is run.
class IdleClient {
  public:
    explicit IdleClient(ServedHouse& house) : house_(house) {
        auto opened = dbus::Connection::open(house.bus.address(), clock_, Log());
        REQUIRE(opened);
        connection_ = std::move(*opened);
    }

    /// `turn` runs again and again meanwhile.
    void subscribe(std::string_view uuid, const std::function<void()>& turn) {
        bool subscribed = false;
        connection_->call(
            {"org.bluez", house_.pathOf(uuid), "org.bluez.GattCharacteristic1", "StartNotify", {}},
            1h, [&](const dbus::Reply& reply) { subscribed = reply.has_value(); });
        REQUIRE(house_.runs([&] {
            turn();
            runs([&] { return subscribed; });
            return subscribed;
        }));
    }
    template <class Predicate>
    void runs(Predicate done) {
        vitalgate::testing::runUntil(loop_, done, 5ms);
    }
    void leave() { connection_.reset(); }

  private:
    ServedHouse& house_;
    asio::io_context loop_;
    SystemClock clock_{loop_};
    std::unique_ptr<dbus::Connection> connection_;
};

}  // namespace

TEST_CASE("an adapter is there, devices are not until somebody discovers") {
    ServedHouse house(::house(""));
    house.pass(100ms);
    CHECK(house.count("InterfacesAdded", kDevice) == 0);
    CHECK(house.property<std::string>(house.kAdapter, "org.bluez.Adapter1", "Address") ==
          "00:11:22:33:44:55");
    CHECK(house.adapter("StopDiscovery") == "org.bluez.Error.Failed: No discovery started");
    REQUIRE(house.discoverDevice());
    CHECK(house.ofDevice<std::string>("Address") == "C4:7C:8D:6A:12:34");
    CHECK(house.ofDevice<std::string>("Name") == "BP-7000");
    CHECK(house.ofDevice<bool>("Connected") == false);
    CHECK(house.adapter("StartDiscovery") ==
          "org.bluez.Error.InProgress: Operation already in progress");
    CHECK(house.runs([&] { return house.changes(kDevice, "RSSI").size() > 2; }));
    CHECK(house.adapter("StopDiscovery").empty());
    const auto heard = house.changes(kDevice, "RSSI").size();
    house.pass(100ms);
    CHECK(house.changes(kDevice, "RSSI").size() == heard);
}

TEST_CASE("discovery ends with the client that began it") {
    ServedHouse house(::house(""));
    REQUIRE(house.discoverDevice());
    auto other = house.openClient();
    house.client.reset();
    house.client = std::move(other);
    CHECK(house.runs([&] {
        return house.property<bool>(house.kAdapter, "org.bluez.Adapter1", "Discovering") == false;
    }));
}

TEST_CASE("a filter keeps devices away that do not fit") {
    ServedHouse house(::house(""));
    const auto filter = [&](std::vector<std::pair<std::string, dbus::Value>> wanted) {
        return house.adapter("SetDiscoveryFilter", {dbus::variantDict(std::move(wanted))});
    };
    REQUIRE(filter({{"UUIDs", dbus::stringArray({Uuid{0x1809}.text()})}}).empty());
    REQUIRE(house.adapter("StartDiscovery").empty());
    house.pass(100ms);
    CHECK(house.count("InterfacesAdded", kDevice) == 0);
    REQUIRE(filter({{"UUIDs", dbus::stringArray({Uuid{0x1810}.text()})}, {"DuplicateData", true}})
                .empty());
    CHECK(house.runs([&] { return house.count("InterfacesAdded", kDevice) == 1; }));
}

TEST_CASE("a device that nobody connects to vanishes, and comes again") {
    ServedHouse house(::house("    memory: 0\n", "  vanish-after: 200ms\n"));
    REQUIRE(house.discoverDevice());
    REQUIRE(house.adapter("StopDiscovery").empty());
    REQUIRE(house.runs([&] { return house.count("InterfacesRemoved", kDevice) == 1; }));
    CHECK(house.device("Connect").starts_with("org.freedesktop.DBus.Error.UnknownObject"));
    REQUIRE(house.adapter("StartDiscovery").empty());
    CHECK(house.runs([&] { return house.count("InterfacesAdded", kDevice) == 2; }));
    REQUIRE(house.device("Connect").empty());
    REQUIRE(house.adapter("StopDiscovery").empty());
    house.pass(400ms);
    CHECK(house.count("InterfacesRemoved", kDevice) == 1);
}

TEST_CASE("a connection resolves its services late, after their objects") {
    ServedHouse house(::house(""));
    REQUIRE(house.discoverDevice());
    CHECK(house.device("Connect").empty());
    CHECK(house.ofDevice<bool>("Connected") == true);
    REQUIRE(house.runs([&] { return !house.changes(kDevice, "ServicesResolved").empty(); }));
    const auto path = house.pathOf("2A35");
    CHECK(house.place("Connected") < house.place("InterfacesAdded", path));
    CHECK(house.place("InterfacesAdded", path) < house.place("ServicesResolved"));
    CHECK(path.starts_with(kDevice + "/service"));
    CHECK(house.count("InterfacesAdded", path) == 1);
    const auto flags = house.call(path, "org.freedesktop.DBus.Properties", "Get",
                                  {"org.bluez.GattCharacteristic1", "Flags"});
    CHECK(dbus::toTexts(flags->at(0)) == std::vector<std::string>{"indicate"});
    CHECK(house.wrote(R"("what":"connected")"));
    CHECK(house.device("Disconnect").empty());
    CHECK(house.ofDevice<bool>("Connected") == false);
    CHECK(house.wrote(R"("what":"disconnected","why":"by-hub")"));
    CHECK(house.pathOf("2A35") == path);  // BlueZ keeps what it has seen
    CHECK(house.device("Disconnect") == "org.bluez.Error.NotConnected: Not Connected");
}

TEST_CASE("values are read, written, and refused with the errors of BlueZ") {
    ServedHouse house(::house("    refuse: {write: [2A2B], error: 0x80}\n"));
    REQUIRE(house.connectDevice());
    const auto maker = house.characteristic("2A29", "ReadValue", {kNoOptions});
    REQUIRE(maker);
    CHECK(asText(*maker->at(0).get<Bytes>()) == "Example");
    CHECK(house.changes(house.pathOf("2A29"), "Value").size() == 1);
    CHECK(house.errorOf(house.characteristic("2A35", "ReadValue", {kNoOptions})) ==
          "org.bluez.Error.NotPermitted: Read not permitted");
    CHECK(house.errorOf(house.characteristic("2A2B", "WriteValue", {Bytes(10), kNoOptions})) ==
          "org.bluez.Error.Failed: Operation failed with ATT error: 0x80");
    CHECK(house.errorOf(house.characteristic("2A29", "WriteValue", {Bytes(1), kNoOptions})) ==
          "org.bluez.Error.NotSupported: Operation is not supported");
    CHECK(house.errorOf(house.characteristic("2A35", "AcquireNotify", {kNoOptions})) ==
          "org.bluez.Error.NotSupported: Operation is not supported");
    CHECK(house.errorOf(house.characteristic("2A29", "StartNotify")) ==
          "org.bluez.Error.NotSupported: Operation is not supported");
    REQUIRE(house.device("Disconnect").empty());
    CHECK(house.errorOf(house.characteristic("2A29", "ReadValue", {kNoOptions})) ==
          "org.bluez.Error.Failed: Not connected");
}

TEST_CASE("the clock of a device is set over the bus") {
    ServedHouse house(::house("    clock: {ahead: -16y, zone: UTC}\n"));
    REQUIRE(house.connectDevice());
    const auto time = *fromHex("ea070b17080e09010001");
    REQUIRE(house.characteristic("2A2B", "WriteValue", {time, kNoOptions}));
    CHECK(house.wrote(R"("what":"effect","characteristic":"2A2B","hex":"ea070b17080e09010001")"));
    CHECK(house.errorOf(house.characteristic("2A2B", "WriteValue", {Bytes(3), kNoOptions})) ==
          "org.bluez.Error.InvalidArguments: Invalid Length");
}

TEST_CASE("an indication arrives as a change of Value, also when it is the same again") {
    ServedHouse house(
        ::house("    clock: {as: none}\n    measure: [{every: 100ms, times: 2, "
                "systolic: 120, diastolic: 80}]\n"));
    REQUIRE(house.connectDevice());
    const auto path = house.pathOf("2A35");
    REQUIRE(house.characteristic("2A35", "StartNotify"));
    CHECK(house.property<bool>(path, "org.bluez.GattCharacteristic1", "Notifying") == true);
    REQUIRE(house.runs([&] { return house.changes(path, "Value").size() == 2; }));
    for (const auto& value : house.changes(path, "Value")) {
        CHECK(toHex(*value.get<Bytes>()) == "1078005000ff070000");
    }
    CHECK(house.runs([&] { return house.wrote(R"("what":"taken","n":2)"); }));
    const auto lines = house.ledger.str();
    CHECK(lines.find(R"("what":"offered","n":1)") < lines.find(R"("what":"taken","n":1)"));
    REQUIRE(house.characteristic("2A35", "StopNotify"));
    CHECK(house.errorOf(house.characteristic("2A35", "StopNotify")) ==
          "org.bluez.Error.Failed: No notify session started");
}

TEST_CASE("a strap sends a thousand values and more as fast as the link takes, in order") {
    constexpr std::size_t kValues = 2000;
    ServedHouse house(fmt::format(R"(devices:
  cuff:
    model: heart-rate
    address: "C4:7C:8D:6A:12:34"
    advertise: {{when: always, every: 20ms}}
    memory: {0}
    measure: [{{at: 1ms, every: 1ms, times: {0}, rate: 60..200}}]
bluez: {{connect-after: 0ms, services-resolved-after: 0ms, answer-after: 0ms}}
)",
                                  kValues));
    REQUIRE(house.connectDevice());
    const auto path = house.pathOf("2A37");
    const auto last = fmt::format(R"("what":"measured","n":{})", kValues);
    REQUIRE(house.runs([&] { return house.wrote(last); }, std::chrono::seconds{60}));
    REQUIRE(house.characteristic("2A37", "StartNotify"));
    const auto number = fmt::format(R"("what":"taken","n":{})", kValues);
    CHECK(house.runs([&] { return house.wrote(number); }, std::chrono::seconds{60}));
    std::vector<std::string> offered;
    std::istringstream lines(house.ledger.str());
    std::size_t taken = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto hex = line.find(R"("hex":")");
        if (hex != std::string::npos) offered.push_back(line.substr(hex + 7, 4));
        if (line.find(R"("what":"taken")") != std::string::npos) ++taken;
    }
    std::vector<std::string> arrived;
    for (const auto& value : house.changes(path, "Value")) {
        arrived.push_back(toHex(*value.get<Bytes>()));
    }
    CHECK(taken == kValues);
    CHECK(arrived.size() == kValues);
    CHECK(arrived == offered);
}

TEST_CASE("a client that reads late has taken everything when it has") {
    constexpr std::size_t kValues = 500;
    ServedHouse house(fmt::format(R"(devices:
  cuff:
    model: heart-rate
    address: "C4:7C:8D:6A:12:34"
    advertise: {{when: always, every: 20ms}}
    memory: {0}
    measure: [{{at: 1ms, every: 1ms, times: {0}, rate: 60..200}}]
bluez: {{connect-after: 0ms, services-resolved-after: 0ms, answer-after: 0ms}}
)",
                                  kValues));
    REQUIRE(house.connectDevice());
    IdleClient client(house);
    client.subscribe("2A37", [] {});
    const auto offered = fmt::format(R"("what":"offered","n":{})", kValues);
    REQUIRE(house.runs([&] { return house.wrote(offered); }, 60s));
    house.pass(50ms);
    CHECK_FALSE(house.wrote("taken"));
    const auto taken = fmt::format(R"("what":"taken","n":{})", kValues);
    CHECK(house.runs([&] {
        client.runs([&] { return house.wrote(taken); });
        return house.wrote(taken);
    }));
    const auto lines = house.ledger.str();
    std::size_t count = 0;
    for (auto at = lines.find("taken"); at != lines.npos; at = lines.find("taken", at + 1)) ++count;
    CHECK(count == kValues);
}

TEST_CASE("a device out of range is lost, and heard again when it is back") {
    ServedHouse house(
        ::house("    advertise: {when: always, every: 20ms, away: [{at: 10s, for: 60s}]}\n", "",
                ""),
        ServedHouse::Time::still);
    REQUIRE(house.adapter("StartDiscovery").empty());
    house.advance(1s);
    REQUIRE(house.callAndAdvance(kDevice, "org.bluez.Device1", "Connect", 1s));
    house.advance(9s);
    CHECK(house.runs([&] { return house.changes(kDevice, "Connected").size() == 2; }));
    CHECK(house.wrote(R"("what":"disconnected","why":"link-lost")"));
    house.roundTrip();
    const auto heard = house.changes(kDevice, "RSSI").size();
    house.advance(50s);
    house.roundTrip();
    CHECK(house.changes(kDevice, "RSSI").size() == heard);
    house.advance(20s);
    CHECK(house.runs([&] { return house.changes(kDevice, "RSSI").size() > heard; }));
}

TEST_CASE("what a client has not read is offered, but not taken") {
    ServedHouse house(::house("    measure: [{at: 60s, failed: true}]\n"),
                      ServedHouse::Time::still);
    REQUIRE(house.adapter("StartDiscovery").empty());
    house.advance(1s);
    REQUIRE(house.callAndAdvance(kDevice, "org.bluez.Device1", "Connect", 1s));
    IdleClient client(house);
    client.subscribe("2A35", [&house] { house.advance(1ms); });
    house.advance(60s);
    house.roundTrip();
    CHECK(house.wrote(R"("what":"offered","n":1)"));
    CHECK_FALSE(house.wrote("taken"));
    client.leave();
    for (int turn = 0; turn < 4; ++turn) house.roundTrip();  // the bus tells that it has gone
    house.advance(1s);
    CHECK_FALSE(house.wrote("taken"));
}

TEST_CASE("BlueZ subscribes again on a new connection for a client that did not stop") {
    ServedHouse house(
        ::house("    disconnect: {after-values: 1, times: 1}\n"
                "    measure: [{every: 100ms, times: 2, failed: true}]\n"));
    REQUIRE(house.connectDevice());
    const auto path = house.pathOf("2A35");
    REQUIRE(house.characteristic("2A35", "StartNotify"));
    REQUIRE(house.runs([&] { return house.changes(kDevice, "Connected").size() == 2; }));
    REQUIRE(house.device("Connect").empty());
    CHECK(house.runs([&] { return house.wrote(R"("what":"taken","n":2)"); }));
    CHECK(house.changes(path, "Value").size() == 2);
}

TEST_CASE("a device that ends the link in a read fails the read, and shows as disconnected") {
    ServedHouse house(::house("    disconnect: {at: read, times: 1}\n"));
    REQUIRE(house.connectDevice());
    CHECK(house.errorOf(house.characteristic("2A29", "ReadValue", {kNoOptions})) ==
          "org.bluez.Error.Failed: Operation failed with ATT error: 0x0e");
    CHECK(house.ofDevice<bool>("Connected") == false);
    CHECK(house.ofDevice<bool>("ServicesResolved") == false);
}

TEST_CASE("a connection that fails says so, whatever the cause, and works the next time") {
    ServedHouse house(::house("", "  abort-connect: {cuff: 1}\n"));
    REQUIRE(house.discoverDevice());
    CHECK(house.device("Connect") == "org.bluez.Error.Failed: le-connection-abort-by-local");
    CHECK(house.device("Connect").empty());
}

TEST_CASE("a connection waits for a device that is silent, to its limit") {
    ServedHouse house(::house("", "  connect-timeout: 150ms\n"));
    REQUIRE(house.discoverDevice());
    auto& cuff = house.simulated("cuff");
    REQUIRE(cuff.connect());  // somebody else's phone
    CHECK(house.device("Connect") == "org.bluez.Error.Failed: le-connection-abort-by-local");
}

TEST_CASE("services that never resolve, and services that say so too early") {
    ServedHouse never(::house("", "  never-resolve: [cuff]\n"));
    REQUIRE(never.discoverDevice());
    REQUIRE(never.device("Connect").empty());
    never.pass(200ms);
    CHECK(never.ofDevice<bool>("ServicesResolved") == false);
    ServedHouse early(::house("", "  resolved-too-early: true\n"));
    REQUIRE(early.connectDevice());
    REQUIRE(early.runs([&] { return !early.pathOf("2A35").empty(); }));
    CHECK(early.place("ServicesResolved") < early.place("InterfacesAdded", early.pathOf("2A35")));
}

TEST_CASE("a frozen discovery shows nothing new, and recovers") {
    ServedHouse house(::house("", "  faults: [{at: 0s, freeze: discovery, for: 10s}]\n"),
                      ServedHouse::Time::still);
    house.advance(1s);
    REQUIRE(house.adapter("StartDiscovery").empty());
    house.advance(8s);
    house.roundTrip();
    CHECK(house.count("InterfacesAdded", kDevice) == 0);
    house.advance(2s);
    CHECK(house.runs([&] { return house.count("InterfacesAdded", kDevice) == 1; }));
}

TEST_CASE("frozen calls are answered when the freeze is over") {
    ServedHouse house(::house("", "  faults: [{at: 0s, freeze: calls, for: 10s}]\n"),
                      ServedHouse::Time::still);
    house.advance(1s);
    bool answered = false;
    house.client->call({"org.bluez", house.kAdapter, "org.bluez.Adapter1", "StartDiscovery", {}},
                       1h, [&answered](const dbus::Reply& reply) { answered = reply.has_value(); });
    house.roundTrip();
    CHECK_FALSE(answered);
    house.advance(10s);
    CHECK(house.runs([&] { return answered; }));
}

TEST_CASE("a call that is held while its object goes is answered all the same") {
    ServedHouse house(::house("",
                              "  vanish-after: 5s\n"
                              "  faults: [{at: 2s, freeze: calls, for: 60s}]\n"),
                      ServedHouse::Time::still);
    REQUIRE(house.adapter("StartDiscovery").empty());
    house.advance(1s);
    REQUIRE(house.adapter("StopDiscovery").empty());
    REQUIRE(house.simulated("cuff").connect());  // to somebody else's phone: silent from now on
    house.advance(2s);
    std::string error;
    house.client->call({"org.bluez", kDevice, "org.bluez.Device1", "Connect", {}}, 1h,
                       [&](const dbus::Reply& reply) { error = house.errorOf(reply); });
    house.roundTrip();
    CHECK(error.empty());
    house.advance(10s);
    REQUIRE(house.runs([&] { return house.count("InterfacesRemoved", kDevice) == 1; }));
    house.advance(60s);
    REQUIRE(house.runs([&] { return !error.empty(); }));
    CHECK(error.starts_with("org.freedesktop.DBus.Error.UnknownObject"));
}

TEST_CASE("an adapter that is switched off loses its links and does nothing") {
    ServedHouse house(::house(""));
    REQUIRE(house.connectDevice());
    const auto power = [&](bool on) {
        return house.errorOf(house.call(house.kAdapter, "org.freedesktop.DBus.Properties", "Set",
                                        {"org.bluez.Adapter1", "Powered", dbus::variantOf(on)}));
    };
    REQUIRE(power(false).empty());
    CHECK(house.runs([&] { return house.changes(house.kAdapter, "Powered").size() == 1; }));
    CHECK(house.ofDevice<bool>("Connected") == false);
    CHECK(house.adapter("StartDiscovery") == "org.bluez.Error.NotReady: Resource Not Ready");
    CHECK(house.device("Connect") == "org.bluez.Error.NotReady: Resource Not Ready");
    REQUIRE(power(true).empty());
    CHECK(house.adapter("StartDiscovery").empty());
}

TEST_CASE("a removed device is forgotten with its objects") {
    ServedHouse house(::house(""));
    REQUIRE(house.connectDevice());
    const auto path = house.pathOf("2A35");
    REQUIRE(house.adapter("RemoveDevice", {dbus::ObjectPath{kDevice}}).empty());
    CHECK(house.count("InterfacesRemoved", kDevice) == 1);
    CHECK(house.count("InterfacesRemoved", path) == 1);
    CHECK_FALSE(house.simulated("cuff").isConnected());
    CHECK(house.adapter("RemoveDevice", {dbus::ObjectPath{"/org/bluez/hci0/dev_none"}}) ==
          "org.bluez.Error.DoesNotExist: Does Not Exist");
}

TEST_CASE("the name org.bluez cannot be had twice") {
    ServedHouse house(::house(""));
    auto scenario = parseScenario(::house(""), "s.yaml");
    REQUIRE(scenario);
    Simulator second(*scenario, {house.bus.address(), nullptr, 1}, house.clock, Log());
    std::optional<Status> ready;
    second.start([&ready](Status status) { ready = std::move(status); });
    REQUIRE(house.runs([&] { return ready.has_value(); }));
    REQUIRE_FALSE(ready->has_value());
    CHECK(ready->error().kind == ErrorKind::refused);
}

TEST_CASE("a bus that is not there is named") {
    asio::io_context loop;
    SystemClock clock(loop);
    auto scenario = parseScenario(::house(""), "s.yaml");
    REQUIRE(scenario);
    Simulator simulator(*scenario, {"unix:path=/nonexistent/bus", nullptr, 1}, clock, Log());
    std::optional<Status> ready;
    simulator.start([&ready](Status status) { ready = std::move(status); });
    REQUIRE(vitalgate::testing::runUntil(loop, [&] { return ready.has_value(); }));
    CHECK(ready->error().kind == ErrorKind::unavailable);
}
