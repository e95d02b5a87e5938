#include <doctest/doctest.h>

#include "tests/simulator/served_house.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace std::chrono_literals;
using vitalgate::simulator::testing::ServedHouse;

namespace {

std::string house(std::string_view demand, std::string_view bluez = "") {
    return fmt::format(R"(devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    information: {{manufacturer: Example}}
    pairing: {{demand: {}, passkey: 123456, encrypt: [2A29, 2A35]}}
    advertise: {{when: always, every: 20ms}}
bluez:
  connect-after: 10ms
  services-resolved-after: 20ms
  answer-after: 2ms
{})",
                       demand, bluez);
}

const std::string& kDevice = ServedHouse::kDevice;
const dbus::Value kNoOptions = dbus::Dict{};

/// An agent that types a passkey, or refuses.
struct Agent {
    ServedHouse& house;
    std::optional<std::uint32_t> passkey;
    std::vector<std::string> asked;
    std::unique_ptr<dbus::ExportedObject> object;

    Agent(ServedHouse& served, std::string capability, std::optional<std::uint32_t> typed)
        : house(served), passkey(typed) {
        const auto request = [this](const dbus::Call& call) {
            asked.push_back(call.arguments().at(0).get<dbus::ObjectPath>()->text);
            if (passkey) return call.reply({*passkey});
            call.fail({"org.bluez.Error.Rejected", "no"});
        };
        dbus::Interface agent{"org.bluez.Agent1", {}, {}, {}};
        agent.methods = {{"RequestPasskey", "o", "u", request},
                         {"Cancel", "", "", [](const dbus::Call& call) { call.reply(); }}};
        auto made = house.client->exportObject("/agent", {std::move(agent)});
        REQUIRE(made);
        object = std::move(*made);
        REQUIRE(
            manager("RegisterAgent", {dbus::ObjectPath{"/agent"}, std::move(capability)}).empty());
        REQUIRE(manager("RequestDefaultAgent", {dbus::ObjectPath{"/agent"}}).empty());
    }
    std::string manager(std::string method, dbus::Values arguments) {
        return house.errorOf(house.call("/org/bluez", "org.bluez.AgentManager1", std::move(method),
                                        std::move(arguments)));
    }
};

}  // namespace

TEST_CASE("just works: no agent is asked, the bond protects") {
    ServedHouse house(::house("just-works", "  pair-on-demand: false\n"));
    REQUIRE(house.connectDevice());
    CHECK(house.errorOf(house.characteristic("2A29", "ReadValue", {kNoOptions})) ==
          "org.bluez.Error.NotPermitted: Not paired");
    CHECK(house.errorOf(house.characteristic("2A35", "StartNotify")) ==
          "org.bluez.Error.NotPermitted: Not paired");
    CHECK(house.device("Pair").empty());
    CHECK(house.ofDevice<bool>("Paired") == true);
    CHECK(house.ofDevice<bool>("Bonded") == true);
    CHECK(house.device("Pair") == "org.bluez.Error.AlreadyExists: Already Exists");
    CHECK(house.characteristic("2A29", "ReadValue", {kNoOptions}));
    CHECK(house.wrote(R"("what":"bonded","level":"encrypted")"));
    REQUIRE(house.device("Disconnect").empty());
    REQUIRE(house.device("Connect").empty());
    CHECK(house.characteristic("2A29", "ReadValue", {kNoOptions}));
}

TEST_CASE("an encrypted characteristic starts pairing by itself") {
    ServedHouse house(::house("just-works"));
    REQUIRE(house.connectDevice());
    CHECK(house.characteristic("2A35", "StartNotify"));
    CHECK(house.ofDevice<bool>("Paired") == true);
}

TEST_CASE("a passkey is asked of the agent; the right one bonds") {
    ServedHouse house(::house("passkey"));
    Agent agent(house, "KeyboardDisplay", 123456);
    REQUIRE(house.discoverDevice());
    CHECK(house.device("Pair").empty());  // connects by itself
    CHECK(agent.asked == std::vector<std::string>{kDevice});
    CHECK(house.ofDevice<bool>("Bonded") == true);
    CHECK(house.wrote(R"("what":"bonded","level":"authenticated")"));
}

TEST_CASE("a wrong passkey, a refusal and an agent that cannot type all fail") {
    const std::string failed = "org.bluez.Error.AuthenticationFailed: Authentication Failed";
    ServedHouse house(::house("passkey"));
    REQUIRE(house.connectDevice());
    CHECK(house.device("Pair") == failed);
    {
        Agent agent(house, "NoInputNoOutput", 123456);
        CHECK(house.device("Pair") == failed);
        CHECK(agent.asked.empty());
        REQUIRE(agent.manager("UnregisterAgent", {dbus::ObjectPath{"/agent"}}).empty());
    }
    Agent agent(house, "KeyboardOnly", 1);
    CHECK(house.device("Pair") == failed);
    agent.passkey.reset();
    CHECK(house.device("Pair") == failed);
    CHECK(agent.asked.size() == 2);
    CHECK(house.ofDevice<bool>("Paired") == false);
    CHECK(house.errorOf(house.characteristic("2A29", "ReadValue", {kNoOptions})) ==
          "org.bluez.Error.NotPermitted: Not paired");
    agent.passkey = 123456;
    CHECK(house.device("Pair").empty());
}

TEST_CASE("a device that refuses to pair, and one that is removed and pairs anew") {
    ServedHouse refusing(::house("refuse"));
    REQUIRE(refusing.connectDevice());
    CHECK(refusing.device("Pair") ==
          "org.bluez.Error.AuthenticationRejected: Authentication Rejected");

    ServedHouse house(::house("just-works"));
    REQUIRE(house.connectDevice());
    REQUIRE(house.device("Pair").empty());
    REQUIRE(house.adapter("RemoveDevice", {dbus::ObjectPath{kDevice}}).empty());
    REQUIRE(house.runs([&] { return house.count("InterfacesAdded", kDevice) == 2; }));
    CHECK(house.ofDevice<bool>("Paired") == false);
    CHECK(house.device("Pair").empty());
}

TEST_CASE(
    "a device that has forgotten its bond loses every link until it is removed and paired anew") {
    ServedHouse house(::house("just-works, forget-after: 300ms"));
    REQUIRE(house.connectDevice());
    REQUIRE(house.device("Pair").empty());
    REQUIRE(house.runs([&] { return house.wrote(R"("what":"erased")"); }));
    CHECK(house.ofDevice<bool>("Connected") == false);
    CHECK(house.ofDevice<bool>("Paired") == true);
    const auto changes = house.changes(kDevice, "Connected").size();
    REQUIRE(house.device("Connect").empty());
    CHECK(house.runs([&] { return house.changes(kDevice, "Connected").size() == changes + 2; }));
    CHECK(house.ofDevice<bool>("Connected") == false);
    CHECK(house.ofDevice<bool>("Paired") == true);
    REQUIRE(house.adapter("RemoveDevice", {dbus::ObjectPath{kDevice}}).empty());
    REQUIRE(house.runs([&] { return house.count("InterfacesAdded", kDevice) == 2; }));
    CHECK(house.device("Pair").empty());
}

TEST_CASE("a device that is removed while the agent thinks is gone when it answers") {
    ServedHouse house(::house("passkey"));
    std::optional<dbus::Call> asked;
    dbus::Interface interface{"org.bluez.Agent1", {}, {}, {}};
    interface.methods = {
        {"RequestPasskey", "o", "u", [&](const dbus::Call& call) { asked = call; }},
        {"Cancel", "", "", [](const dbus::Call& call) { call.reply(); }}};
    auto agent = house.client->exportObject("/slow", {std::move(interface)});
    REQUIRE(agent);
    REQUIRE(house.call("/org/bluez", "org.bluez.AgentManager1", "RegisterAgent",
                       {dbus::ObjectPath{"/slow"}, "KeyboardOnly"}));
    REQUIRE(house.connectDevice());
    std::string error;
    house.client->call({"org.bluez", kDevice, "org.bluez.Device1", "Pair", {}}, 5s,
                       [&](const dbus::Reply& reply) { error = house.errorOf(reply); });
    REQUIRE(house.runs([&] { return asked.has_value(); }));
    REQUIRE(house.adapter("RemoveDevice", {dbus::ObjectPath{kDevice}}).empty());
    CHECK(house.runs([&] { return !error.empty(); }));
    CHECK(error == "org.bluez.Error.AuthenticationCanceled: Authentication Canceled");
    asked->reply({std::uint32_t{123456}});
    house.roundTrip();
    CHECK_FALSE(house.wrote("bonded"));
}

TEST_CASE("agents are registered once, by a known capability, and go with their client") {
    ServedHouse house(::house("passkey"));
    {
        Agent agent(house, "KeyboardDisplay", 123456);
        CHECK(agent.manager("RegisterAgent", {dbus::ObjectPath{"/agent"}, "KeyboardOnly"}) ==
              "org.bluez.Error.AlreadyExists: Already Exists");
        CHECK(agent.manager("UnregisterAgent", {dbus::ObjectPath{"/other"}}) ==
              "org.bluez.Error.DoesNotExist: Does Not Exist");
    }
    house.client.reset();
    house.client = house.openClient();
    const auto reply = house.call("/org/bluez", "org.bluez.AgentManager1", "RegisterAgent",
                                  {dbus::ObjectPath{"/agent"}, "Telepathy"});
    CHECK(house.errorOf(reply) ==
          "org.bluez.Error.InvalidArguments: Invalid arguments in method call");
    REQUIRE(house.adapter("StartDiscovery").empty());
    REQUIRE(house.runs([&] { return house.ofDevice<bool>("Paired").has_value(); }));
    CHECK(house.device("Pair") == "org.bluez.Error.AuthenticationFailed: Authentication Failed");
}
