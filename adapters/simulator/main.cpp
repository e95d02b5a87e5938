#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>

#include "adapters/simulator/peripheral.hpp"
#include "adapters/simulator/peripheral_scenario.hpp"
#include "adapters/simulator/simulator.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace {

using namespace vitalgate;

constexpr int kInvalid = 1;
constexpr int kWrongUsage = 2;
constexpr int kUnreachable = 3;

struct Arguments {
    std::string scenario;
    std::string bus;
    std::string peripheral;
    std::string ledger;
    std::optional<std::uint64_t> seed;
    double speed = 1;
};

int complain(int status, std::string_view sentence) {
    fmt::print(stderr, "vitalgate-simulator: {}\n", sentence);
    return status;
}

/// For CLI11: empty if it is one.
std::string isController(const std::string& name) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && std::ranges::all_of(name, fits)
               ? ""
               : fmt::format("\"{}\" is no controller; write for example hci1", name);
}

void declare(CLI::App& app, Arguments& arguments) {
    app.add_option("--scenario", arguments.scenario,
                   "Which devices there are and what they do (YAML)")
        ->required()
        ->type_name("FILE");
    app.add_option("--bus", arguments.bus,
                   "The bus to serve org.bluez on: an address such as unix:path=/run/test/bus, or "
                   "the word session or system. The word system replaces the machine's own "
                   "Bluetooth service and works only where none runs; with --peripheral: the bus "
                   "of the Bluetooth service")
        ->required()
        ->type_name("ADDRESS");
    app.add_option("--peripheral", arguments.peripheral,
                   "Be the scenario's one device on this controller of the Bluetooth service that "
                   "is on the bus (hci1), instead of standing in for it")
        ->check(isController)
        ->type_name("CONTROLLER");
    app.add_option("--ledger", arguments.ledger,
                   "Write what really happened, one JSON object a line; an existing file is "
                   "replaced")
        ->type_name("FILE");
    app.add_option("--seed", arguments.seed, "Other numbers than the scenario's own seed gives")
        ->type_name("N");
    app.add_option("--speed", arguments.speed,
                   "How much faster the devices live (0.01 to 1000; default 1)")
        ->check(CLI::Range(0.01, 1000.0))
        ->type_name("N");
}

int incomplete(const Arguments& arguments) {
    return complain(kInvalid, fmt::format("{}: not all lines could be written", arguments.ledger));
}

/// Is a device on a real controller, until a signal or until Bluetooth goes; gives the exit status.
int servePeripheral(const simulator::Scenario& scenario, const Arguments& arguments,
                    std::ostream* ledger) {
    auto device = simulator::peripheralOf(scenario);
    if (!device) return complain(kInvalid, device.error().in(arguments.scenario).message);
    const auto name = device->name;
    const auto configured = device->address.text();
    asio::io_context loop(1);
    SystemClock clock(loop);
    int status = 0;
    simulator::Peripheral::Options options{arguments.bus, arguments.peripheral, ledger,
                                           arguments.speed};
    simulator::Peripheral peripheral(std::move(*device), scenario.seed, std::move(options), clock,
                                     Log::toStandardError(LogLevel::warning, false));
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&](const std::error_code& error, int) {
        if (!error) peripheral.stop([&] { loop.stop(); });
    });
    const auto serving = [&](const std::string& address) {
        fmt::print("serving {} on {} with its address {} instead of {}\n", name,
                   arguments.peripheral, address, configured);
        std::fflush(stdout);
    };
    peripheral.start(serving, [&](const Error& why) {
        status = complain(kUnreachable, why.message);
        loop.stop();
    });
    loop.run();
    return peripheral.isLedgerComplete() ? status : incomplete(arguments);
}

/// Serves until a signal or until the bus goes; gives the exit status.
int serveStandIn(simulator::Scenario scenario, const Arguments& arguments, std::ostream* ledger) {
    asio::io_context loop(1);
    SystemClock clock(loop);
    int status = 0;
    const auto end = [&](int code, std::string_view sentence) {
        status = complain(code, sentence);
        loop.stop();
    };
    simulator::Simulator::Options options{arguments.bus, ledger, arguments.speed};
    simulator::Simulator simulator(std::move(scenario), std::move(options), clock,
                                   Log::toStandardError(LogLevel::info, false));
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&](const std::error_code& error, int) {
        if (!error) loop.stop();
    });
    simulator.onLost([&] { end(kUnreachable, "the bus has gone"); });
    simulator.start([&](const Status& ready) {
        if (!ready) return end(kUnreachable, ready.error().message);
        fmt::print("serving org.bluez with {} {} on {}\n", simulator.deviceCount(),
                   simulator.deviceCount() == 1 ? "device" : "devices", arguments.bus);
        std::fflush(stdout);
    });
    loop.run();
    return simulator.isLedgerComplete() ? status : incomplete(arguments);
}

int serve(simulator::Scenario scenario, const Arguments& arguments, std::ostream* ledger) {
    if (!arguments.peripheral.empty()) return servePeripheral(scenario, arguments, ledger);
    return serveStandIn(std::move(scenario), arguments, ledger);
}

int run(const Arguments& arguments) {
    auto scenario = simulator::readScenario(arguments.scenario, arguments.seed);
    if (!scenario) {
        fmt::print(stderr, "{}\n", scenario.error().message);
        return kInvalid;
    }
    if (arguments.ledger.empty()) return serve(std::move(*scenario), arguments, nullptr);
    std::ofstream ledger(arguments.ledger, std::ios::trunc);
    if (!ledger) {
        return complain(kInvalid, fmt::format("{}: cannot be written", arguments.ledger));
    }
    return serve(std::move(*scenario), arguments, &ledger);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Virtual health devices with real Bluetooth behaviour, served as org.bluez (BlueZ 5.66) on "
        "a bus, to try a hub or a care service without hardware; or one of them on a real "
        "Bluetooth controller.");
    app.set_version_flag("--version", VITALGATE_VERSION);
    Arguments arguments;
    declare(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int status = app.exit(error);
        return status == 0 ? 0 : kWrongUsage;
    }
    return run(arguments);
}
