#pragma once

#include <algorithm>
#include <asio/io_context.hpp>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "adapters/bluez/bluez_adapter.hpp"
#include "adapters/simulator/simulator.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/run_until.hpp"

namespace vitalgate::testing {

inline constexpr const char* kCuffAddress = "C4:7C:8D:6A:12:34";

/// One cuff that measures after 1 s and then every 2 s; `more` are further lines of the device.
inline std::string cuff(const std::string& more = "", const std::string& bluez = "") {
    return R"(
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    information: {name: BP-7000, manufacturer: Example, model: BP-7000}
    advertise: {when: always, every: 100ms, signal: -60dBm}
    measure:
      - {at: 1s, every: 2s, systolic: 128, diastolic: 82, pulse: 71}
)" + more + "bluez: {" +
           (bluez.empty() ? "connect-after: 50ms" : bluez) + "}\n";
}

inline bool says(const std::vector<std::string>& lines, std::string_view text) {
    return std::ranges::any_of(
        lines, [text](const std::string& line) { return line.find(text) != std::string::npos; });
}

/// A sink that keeps everything, and can be closed.
class KeepingSink final : public Sink {
  public:
    asio::awaitable<Result<Accepted>> append(Append what) override {
        if (closed) co_return fail(ErrorKind::unavailable, "intake is closed");
        for (auto& reading : what.readings) readings.push_back(std::move(reading));
        for (auto& event : what.events) events.push_back(std::move(event));
        for (auto& refusal : what.refusals) events.push_back(std::move(refusal.event));
        for (auto& mark : what.bookmarks) bookmarks[{mark.device, mark.name}] = mark.value;
        Accepted accepted;
        co_return accepted;
    }
    [[nodiscard]] bool isOpen() const override { return !closed; }
    void describe(const v1::DeviceDescriptor& descriptor) override {
        descriptors[descriptor.device()] = descriptor;
    }

    asio::awaitable<Result<std::string>> bookmark(std::string device, std::string name) override {
        const auto found = bookmarks.find(std::pair(device, name));
        co_return found == bookmarks.end() ? std::string() : found->second;
    }

    [[nodiscard]] std::size_t count(const std::string& device) const {
        std::size_t number = 0;
        for (const auto& reading : readings)
            if (reading.reading.device() == device) ++number;
        return number;
    }
    /// The events of a device with that field, in order.
    [[nodiscard]] std::vector<v1::Event> eventsOf(const std::string& device,
                                                  v1::Event::WhatCase what) const {
        std::vector<v1::Event> found;
        for (const auto& event : events)
            if (event.device() == device && event.what_case() == what) found.push_back(event);
        return found;
    }
    [[nodiscard]] std::vector<v1::DisconnectReason> endings(const std::string& device) const {
        std::vector<v1::DisconnectReason> found;
        for (const auto& event : eventsOf(device, v1::Event::kConnection))
            if (!event.connection().connected()) found.push_back(event.connection().reason());
        return found;
    }

    bool closed = false;
    std::vector<NewReading> readings;
    std::vector<v1::Event> events;
    std::map<std::pair<std::string, std::string>, std::string> bookmarks;  ///< by device and name
    std::map<std::string, v1::DeviceDescriptor> descriptors;
};

/// The adapter on a real private bus, with the simulator as BlueZ on the same loop.
template <class ClockType>
struct BasicRig {
    PrivateBus bus;
    asio::io_context loop;
    ClockType clock{loop};
    KeepingSink sink;
    std::vector<std::string> lines;
    Log log = Log::toFunction(
        LogLevel::info, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
    std::ostringstream ledger;
    std::unique_ptr<simulator::Simulator> simulator;
    std::unique_ptr<bluez::BluezAdapter> adapter;
    bluez::BluezOptions options = defaults();

    bluez::BluezOptions defaults() {
        bluez::BluezOptions all;
        all.bus = bus.address();
        all.servicesOfProfile["blood-pressure"] = {Uuid(0x1810)};
        all.deviceKey = [](const BluetoothAddress& address) {
            return "d-" + std::to_string(address.octets()[5]);
        };
        return all;
    }
    void configure(const std::string& id, const std::string& address) {
        DeviceSettings settings;
        settings.id = id;
        settings.address = *BluetoothAddress::parse(address);
        options.devices.push_back(std::move(settings));
    }
    void simulate(const std::string& scenario) {
        auto parsed = simulator::parseScenario(scenario, "test.yaml");
        REQUIRE_MESSAGE(parsed, (parsed ? std::string() : parsed.error().message));
        simulator::Simulator::Options how;
        how.bus = bus.address();
        how.ledger = &ledger;
        simulator = std::make_unique<simulator::Simulator>(std::move(*parsed), how, clock, Log());
        std::optional<Status> ready;
        simulator->start([&ready](Status status) { ready = std::move(status); });
        REQUIRE(runUntil(loop, [&ready] { return ready.has_value(); }));
        REQUIRE(*ready);
    }
    void start() {
        adapter = std::make_unique<bluez::BluezAdapter>(options, sink, clock, log);
        adapter->start();
    }
    [[nodiscard]] std::string problem(const std::string& code) const {
        for (const auto& problem : adapter->problems())
            if (problem.code() == code) return problem.text();
        return {};
    }
    bool hasProblem(const std::string& code) const {
        for (const auto& problem : adapter->problems())
            if (problem.code() == code) return true;
        return false;
    }
};

/// In real time.
struct Rig : BasicRig<SystemClock> {
    ~Rig() { stop(); }

    /// How long stopping took; the adapter is gone afterwards.
    Duration stop() {
        if (!adapter) return Duration::zero();
        const auto before = clock.steady();
        bool stopped = false;
        adapter->stop([&stopped] { stopped = true; });
        CHECK(runUntil(loop, [&stopped] { return stopped; }, std::chrono::seconds{3}));
        adapter.reset();
        const auto took = clock.steady() - before;
        runUntil(loop, [] { return false; }, std::chrono::milliseconds{20});
        return took;
    }
    template <class Predicate>
    bool until(Predicate predicate, std::chrono::milliseconds limit = std::chrono::seconds{10}) {
        return runUntil(loop, predicate, limit);
    }
};

}  // namespace vitalgate::testing
