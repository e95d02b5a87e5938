#pragma once

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "adapters/simulator/peripheral.hpp"
#include "adapters/simulator/peripheral_scenario.hpp"
#include "tests/simulator/scripted_bluez.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::simulator::testing {

/// One device of a scenario on the controller of a scripted BlueZ. All timers wait for advance().
class PeripheralBench {
  public:
    explicit PeripheralBench(std::string_view keys, std::string_view model = "blood-pressure") {
        auto scenario = parseScenario(
            fmt::format("devices:\n  cuff:\n    model: {}\n    address: \"C4:7C:8D:6A:12:34\"\n{}",
                        model, keys),
            "s.yaml");
        REQUIRE_MESSAGE(scenario, (scenario ? "" : scenario.error().message));
        auto device = peripheralOf(*scenario);
        REQUIRE_MESSAGE(device, (device ? "" : device.error().message));
        const auto note = [this](LogLevel, std::string_view line) { log.emplace_back(line); };
        peripheral = std::make_unique<Peripheral>(
            std::move(*device), 1, Peripheral::Options{bus.address(), "hci1", &ledger, 1}, clock,
            Log::toFunction(LogLevel::info, note));
    }

    void begin() {
        peripheral->start([this](const std::string& address) { served.push_back(address); },
                          [this](const Error& why) { ended.push_back(why.message); });
    }
    /// With a BlueZ that has everything.
    void serve() {
        bluez.start();
        begin();
        REQUIRE(bluez.runs([this] { return !served.empty(); }));
    }
    /// Serves, is heard, and has a peer.
    void connect() {
        serve();
        REQUIRE(isHeard());
        bluez.connect();
        bluez.settle();
        REQUIRE(device().isConnected());
    }
    /// The device's next packet is on the air.
    bool isHeard() {
        clock.advance(std::chrono::seconds{1});
        return bluez.runs([this] { return bluez.isAdvertising; });
    }
    /// What is sent or asked in between arrives, before and after.
    void advance(Duration time) {
        bluez.settle();
        clock.advance(time);
        bluez.settle();
    }
    /// Lets time pass in steps, with what comes of each, until `done`.
    template <class Predicate>
    bool passes(Duration step, Predicate done) {
        for (int turn = 0; turn < 100 && !done(); ++turn) {
            bluez.settleBus();
            clock.advance(step);
        }
        return done();
    }
    [[nodiscard]] Device& device() const { return peripheral->device(); }
    [[nodiscard]] bool wrote(std::string_view part) const {
        return ledger.str().find(part) != std::string::npos;
    }
    [[nodiscard]] bool logged(std::string_view part) const {
        return std::ranges::any_of(
            log, [&](const std::string& line) { return line.find(part) != std::string::npos; });
    }

    vitalgate::testing::PrivateBus bus;
    asio::io_context loop;
    vitalgate::testing::VirtualClock clock{loop};
    std::ostringstream ledger;
    std::vector<std::string> log;
    std::vector<std::string> served;  ///< addresses, each time that it began to serve
    std::vector<std::string> ended;
    ScriptedBluez bluez{bus.address(), loop, clock};
    std::unique_ptr<Peripheral> peripheral;
};

}  // namespace vitalgate::simulator::testing
