#pragma once

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "adapters/simulator/device.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::simulator::testing {

using namespace std::chrono_literals;

/// A radio on which nothing is lost: it confirms at once, or when it is told to.
struct TestRadio final : Radio {
    void advertised(Device&) override { ++packets; }
    void send(Device& device, const Characteristic& characteristic, const Bytes& value,
              std::uint64_t number) override {
        sent.push_back({number, characteristic.uuid.shortText() + " " + toHex(value)});
        if (confirms) device.confirmed();
    }
    void closed(Device&) override { ++closings; }
    void silenced(Device&) override { ++silences; }
    void erased(Device&) override { ++erasures; }

    int packets = 0;
    int closings = 0;
    int silences = 0;
    int erasures = 0;
    bool confirms = true;
    std::vector<std::pair<std::uint64_t, std::string>> sent;
};

/// One device of a scenario, in virtual time.
struct Bench {
    asio::io_context loop;
    vitalgate::testing::VirtualClock clock{loop};
    std::ostringstream lines;
    Ledger ledger{&lines, clock};
    TestRadio radio;
    Scenario scenario;
    std::unique_ptr<Device> device;

    explicit Bench(std::string_view keys, std::string_view model = "blood-pressure") {
        auto read = parseScenario(
            fmt::format("devices:\n  cuff:\n    model: {}\n    address: \"C4:7C:8D:6A:12:34\"\n{}",
                        model, keys),
            "s.yaml");
        REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
        scenario = std::move(*read);
        device = std::make_unique<Device>(scenario.devices[0], 1, clock, ledger, radio);
        device->start();
    }
    const Characteristic& characteristic(std::uint16_t uuid) const {
        const auto* found = device->database().find(Uuid{uuid});
        REQUIRE(found);
        return *found;
    }
    /// Connects, and subscribes to these.
    void connect(std::initializer_list<std::uint16_t> subscribed) {
        REQUIRE(device->connect());
        for (const auto each : subscribed) REQUIRE(device->subscribe(characteristic(each), true));
    }
    /// Writes, and lets the device answer.
    AttResult<void> write(std::uint16_t uuid, std::string_view hex) {
        auto written = device->write(characteristic(uuid), *fromHex(hex));
        clock.advance(10ms);
        return written;
    }
    std::string read(std::uint16_t uuid) { return toHex(*device->read(characteristic(uuid))); }
    /// What went out since this was asked last: "2A18 0b…".
    std::vector<std::string> sent() {
        std::vector<std::string> out;
        for (auto& [number, text] : std::exchange(radio.sent, {})) out.push_back(std::move(text));
        return out;
    }
    bool wrote(std::string_view part) const { return lines.str().find(part) != std::string::npos; }
};

inline constexpr std::string_view kUtc = "    clock: {zone: UTC}\n";
inline constexpr std::string_view kAfterMeasurement =
    "    clock: {zone: UTC}\n"
    "    advertise: {when: after-measurement, for: 5s, every: 100ms}\n";

inline std::string joined(std::initializer_list<std::string_view> parts) {
    std::string out;
    for (const auto part : parts) out += part;
    return out;
}

}  // namespace vitalgate::simulator::testing
