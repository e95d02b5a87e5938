#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>

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
    std::string ledger;
    std::optional<std::uint64_t> seed;
    double speed = 1;
};

int complain(int status, std::string_view sentence) {
    fmt::print(stderr, "vitalgate-simulator: {}\n", sentence);
    return status;
}

void declare(CLI::App& app, Arguments& arguments) {
    app.add_option("--scenario", arguments.scenario,
                   "Which devices there are and what they do (YAML)")
        ->required()
        ->type_name("FILE");
    app.add_option("--bus", arguments.bus,
                   "The bus to serve org.bluez on: an address such as unix:path=/run/test/bus, or "
                   "the word session or system. The word system replaces the machine's own "
                   "Bluetooth service and works only where none runs")
        ->required()
        ->type_name("ADDRESS");
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

/// Serves until a signal or until the bus goes; gives the exit status.
int serve(simulator::Scenario scenario, const Arguments& arguments, std::ostream* ledger) {
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
    if (!simulator.isLedgerComplete()) {
        return complain(kInvalid,
                        fmt::format("{}: not all lines could be written", arguments.ledger));
    }
    return status;
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
        "a bus, to try a hub or a care service without hardware.");
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
