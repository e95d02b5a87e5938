#include "adapters/bluez/device_commands.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>

#include "tests/bluez/house.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::House;
using vitalgate::testing::Rig;

namespace {

constexpr const char* kStrapAddress = "F0:13:C3:55:66:77";

/// A chest strap that measures every second; `more` are further lines of the device.
std::string strap(const std::string& more = "") {
    return R"(
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  strap:
    model: heart-rate
    address: "F0:13:C3:55:66:77"
    random-address: true
    measure: [{at: 1s, every: 1s, rate: 72}]
)" + more + "bluez: {connect-after: 50ms}\n";
}

const std::string kAlways = "    advertise: {when: always, every: 100ms}\n";
const std::string kAwayAtFirst =
    "    advertise: {when: always, every: 100ms, away: [{at: 0s, for: 1m}]}\n";

v1::Command command(const std::string& device = "strap") {
    v1::Command command;
    command.set_device(device);
    return command;
}

v1::Command resetEnergy() {
    auto asked = command();
    asked.mutable_reset_energy();
    return asked;
}

/// What becomes of one command; it says so once.
using Outcome = std::shared_ptr<std::optional<v1::CommandResult>>;

template <class SomeRig>
Outcome give(SomeRig& rig, v1::Command command) {
    auto outcome = std::make_shared<std::optional<v1::CommandResult>>();
    asio::co_spawn(rig.loop, rig.adapter->execute(std::move(command)),
                   [outcome](const std::exception_ptr& error, v1::CommandResult result) {
                       CHECK_FALSE(error);
                       CHECK_FALSE(outcome->has_value());
                       *outcome = std::move(result);
                   });
    return outcome;
}

/// Of a strap that delivers.
void connect(Rig& rig, const std::string& more = kAlways) {
    rig.configure("strap", kStrapAddress);
    rig.simulate(strap(more));
    rig.start();
    REQUIRE(rig.until([&] { return rig.sink.count("strap") >= 1; }));
}

v1::CommandResult ask(Rig& rig, v1::Command command) {
    const auto outcome = give(rig, std::move(command));
    REQUIRE(rig.until([&] { return outcome->has_value(); }));
    CHECK((*outcome)->final());
    return **outcome;
}

/// A home in which no device ever is.
struct EmptyHouse : House {
    EmptyHouse() {
        configure("strap", kStrapAddress);
        bus.stop();
        start();
    }
    v1::Command validFor(Duration time) {
        auto asked = resetEnergy();
        toTimestamp(clock.wall() + time, *asked.mutable_not_after());
        return asked;
    }
};

std::size_t effects(const std::string& ledger) {
    std::size_t count = 0;
    const std::string effect = R"("what":"effect","characteristic":"2A39","hex":"01")";
    for (auto at = ledger.find(effect); at != std::string::npos; at = ledger.find(effect, at + 1))
        ++count;
    return count;
}

}  // namespace

TEST_CASE("a command for a device in a conversation is run by the device") {
    Rig rig;
    connect(rig);
    const auto result = ask(rig, resetEnergy());
    CHECK(result.state() == v1::COMMAND_DONE);
    CHECK(effects(rig.ledger.str()) == 1);
    auto battery = command();
    battery.mutable_read_battery();
    CHECK(ask(rig, battery).battery_percent() == 100);
}

TEST_CASE("what cannot be given to a device is refused with the reason") {
    Rig rig;
    rig.configure("spare", "F0:13:C3:55:66:78");
    rig.options.devices[0].enabled = false;
    connect(rig);
    auto unknown = command("other");
    unknown.mutable_reset_energy();
    auto disabled = command("spare");
    disabled.mutable_reset_energy();
    auto forHub = command();
    forHub.mutable_get_status();
    auto notThisDevice = command();
    notThisDevice.mutable_fetch_records()->set_all(true);
    const std::vector<std::pair<v1::Command, v1::CommandRefusal>> cases{
        {unknown, v1::REFUSAL_UNKNOWN_DEVICE},
        {disabled, v1::REFUSAL_DISABLED},
        {forHub, v1::REFUSAL_NOT_SUPPORTED},
        {notThisDevice, v1::REFUSAL_NOT_SUPPORTED}};
    for (const auto& [asked, refusal] : cases) {
        CAPTURE(asked.ShortDebugString());
        const auto result = ask(rig, asked);
        CHECK(result.state() == v1::COMMAND_REFUSED);
        CHECK(result.refusal() == refusal);
        CHECK_FALSE(result.text().empty());
    }
    CHECK(effects(rig.ledger.str()) == 0);
}

TEST_CASE("the descriptor names what the device can be asked") {
    Rig rig;
    connect(rig);
    std::set<std::string> words;
    const auto descriptor = rig.adapter->devices().at(0);
    for (const auto& spec : descriptor.commands()) words.insert(spec.kind());
    CHECK(words == std::set<std::string>{"read-battery", "reset-energy"});
}

TEST_CASE("a command for a device that is away is run when it comes") {
    House house;
    house.configure("strap", kStrapAddress);
    house.simulate(strap(kAwayAtFirst));
    house.start();
    const auto outcome = give(house, resetEnergy());
    auto notOfAStrap = command();
    notOfAStrap.mutable_fetch_records()->set_all(true);
    const auto other = give(house, notOfAStrap);
    house.pass(50s);
    CHECK_FALSE(outcome->has_value());
    CHECK_FALSE(other->has_value());
    REQUIRE(house.passUntil([&] { return outcome->has_value() && other->has_value(); }, 30s));
    CHECK((*outcome)->state() == v1::COMMAND_DONE);
    CHECK(effects(house.ledger.str()) == 1);
    // Nothing was known of the device before.
    CHECK((*other)->refusal() == v1::REFUSAL_NOT_SUPPORTED);
}

TEST_CASE("what a device cannot do is known also when it is away again") {
    House house;
    house.configure("strap", kStrapAddress);
    house.simulate(
        strap("    advertise: {when: always, every: 100ms, away: [{at: 20s, for: 1h}]}\n"));
    house.start();
    REQUIRE(house.passUntil([&] { return !house.sink.endings("strap").empty(); }, 30s));
    auto asked = command();
    asked.mutable_calibrate()->set_glucose_mg_dl(100);
    const auto outcome = give(house, asked);
    house.settle();
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->refusal() == v1::REFUSAL_NOT_SUPPORTED);
}

TEST_CASE("a conversation that came to nothing does not use up the command") {
    House house;
    house.configure("strap", kStrapAddress);
    house.simulate(strap(kAlways + "    disconnect: {at: resolve, times: 2}\n"));
    house.start();
    const auto outcome = give(house, resetEnergy());
    REQUIRE(house.passUntil([&] { return outcome->has_value(); }, 1min));
    CHECK(house.sink.endings("strap").size() == 2);
    CHECK((*outcome)->state() == v1::COMMAND_DONE);
}

TEST_CASE("a device that hangs up on a command fails it, and it is not tried again") {
    House house;
    house.configure("strap", kStrapAddress);
    house.simulate(strap(kAlways + "    disconnect: {at: write, times: 1}\n"));
    house.start();
    const auto outcome = give(house, resetEnergy());
    REQUIRE(house.passUntil([&] { return outcome->has_value(); }, 1min));
    CHECK((*outcome)->state() == v1::COMMAND_FAILED);
    CHECK((*outcome)->failure() == v1::FAILURE_DISCONNECTED);
    house.pass(30s);
    CHECK(effects(house.ledger.str()) == 0);
}

TEST_CASE("a command for a device that never comes fails after 9 min 30 s") {
    EmptyHouse house;
    const auto outcome = give(house, house.validFor(24h));
    house.pass(569s);
    CHECK_FALSE(outcome->has_value());
    house.pass(2s);
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->state() == v1::COMMAND_FAILED);
    CHECK((*outcome)->failure() == v1::FAILURE_UNREACHABLE);
    CHECK((*outcome)->text() == "the device was not there within 570 s");
    CHECK((*outcome)->final());
}

TEST_CASE("a command waits no longer than it is valid") {
    EmptyHouse house;
    const auto outcome = give(house, house.validFor(20s));
    const auto late = give(house, house.validFor(-1s));
    house.settle();
    REQUIRE(late->has_value());
    CHECK((*late)->failure() == v1::FAILURE_UNREACHABLE);
    house.pass(19s);
    CHECK_FALSE(outcome->has_value());
    house.pass(2s);
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->failure() == v1::FAILURE_UNREACHABLE);
    CHECK((*outcome)->text() == "the device was not there within 20 s");
}

TEST_CASE("of more than 16 commands that wait for one device the last is refused") {
    EmptyHouse house;
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < bluez::WaitingCommands::kMostOfDevice; ++i)
        outcomes.push_back(give(house, house.validFor(20s)));
    house.settle();
    const auto last = give(house, house.validFor(20s));
    house.settle();
    REQUIRE(last->has_value());
    CHECK((*last)->state() == v1::COMMAND_REFUSED);
    CHECK((*last)->refusal() == v1::REFUSAL_BUSY);
    CHECK((*last)->text() == "16 commands wait for the device");
    for (const auto& outcome : outcomes) CHECK_FALSE(outcome->has_value());
    house.pass(21s);
    for (const auto& outcome : outcomes) CHECK(outcome->has_value());
    const auto next = give(house, house.validFor(20s));
    house.settle();
    CHECK_FALSE(next->has_value());
}

TEST_CASE("stopping answers what waits, before it is done, and takes no more") {
    EmptyHouse house;
    const auto outcome = give(house, house.validFor(24h));
    house.settle();
    std::optional<bool> answeredFirst;
    house.adapter->stop([&] { answeredFirst = outcome->has_value(); });
    house.settle();
    CHECK(answeredFirst == true);
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->state() == v1::COMMAND_REFUSED);
    CHECK((*outcome)->refusal() == v1::REFUSAL_BUSY);
    CHECK((*outcome)->text() == "the hub is stopping");
    const auto late = give(house, house.validFor(24h));
    house.settle();
    REQUIRE(late->has_value());
    CHECK((*late)->refusal() == v1::REFUSAL_BUSY);
    house.adapter.reset();
}

TEST_CASE("stopping within a conversation answers what the device has not run") {
    Rig rig;
    connect(rig);
    const auto outcome = give(rig, resetEnergy());
    rig.stop();
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->state() >= v1::COMMAND_DONE);
}

TEST_CASE("an adapter that is dropped leaves no command waiting") {
    EmptyHouse house;
    const auto outcome = give(house, house.validFor(24h));
    house.settle();
    house.adapter.reset();
    house.settle();
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->refusal() == v1::REFUSAL_BUSY);
}
