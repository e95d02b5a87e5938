#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "tests/bluez/house.hpp"
#include "tests/support/soak.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::House;
using vitalgate::testing::soak;

namespace {

constexpr int kDevices = 8;
/// So much may come and go, whatever the number of connections.
constexpr double kFlatMegabytes = 1;

double residentMegabytes() {
    std::ifstream statm("/proc/self/statm");
    long total = 0;
    long resident = 0;
    statm >> total >> resident;
    return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

std::string busyHousehold() {
    std::string text = "seed: 5\nadapters: {hci0: {address: \"00:11:22:33:44:55\"}}\ndevices:\n";
    for (int i = 0; i < kDevices; ++i)
        text += fmt::format(
            "  cuff-{0}:\n    model: blood-pressure\n    address: \"C4:7C:8D:6A:12:0{0}\"\n"
            "    advertise: {{when: after-measurement, for: 5s, every: 250ms}}\n"
            "    disconnect: {{when-done: 250ms}}\n"
            "    measure:\n      - {{at: {1}s, every: 14s, times: 100000, systolic: 110..140, "
            "diastolic: 70..90}}\n",
            i, 1 + i);
    return text;
}

/// Counts what has come and forgets it: what the test keeps must not count.
struct Counted : House {
    std::size_t readings = 0;

    Counted() {
        for (int i = 0; i < kDevices; ++i)
            configure(fmt::format("cuff-{}", i), fmt::format("C4:7C:8D:6A:12:0{}", i));
    }
    void passAndForget(Duration time) {
        pass(time);
        readings += sink.readings.size();
        sink.readings = {};
        sink.events = {};
        lines = {};
        ledger.str("");
    }
};

}  // namespace

TEST_CASE("connections and restarts of BlueZ leave nothing behind") {
    const auto connections = static_cast<std::size_t>(soak(80, 10'000));
    const auto restarts = static_cast<std::size_t>(soak(3, 50));
    Counted house;
    house.simulate(busyHousehold());
    house.start();
    double before = 0;
    for (std::size_t restart = 0; restart <= restarts; ++restart) {
        const auto until = connections * (restart + 1) / (restarts + 1);
        while (house.readings < until) house.passAndForget(14s);
        // What is allocated once, by the library and by the first conversations, is there by then.
        if (restart == restarts / 10) before = residentMegabytes();
        if (restart == restarts) break;
        house.simulator.reset();
        house.passAndForget(2s);
        house.simulate(busyHousehold());
    }
    const auto grown = residentMegabytes() - before;
    MESSAGE(house.readings << " connections, " << restarts << " restarts: " << grown << " MB more");
#ifndef __SANITIZE_ADDRESS__
    if (soak(0, 1) == 1) CHECK(std::abs(grown) <= kFlatMegabytes);
#endif
}
