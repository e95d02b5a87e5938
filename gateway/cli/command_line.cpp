#include "gateway/cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>

#include "gateway/cli/configuration.hpp"
#include "gateway/cli/erase.hpp"
#include "gateway/cli/local_commands.hpp"
#include "gateway/cli/watch.hpp"
#include "gateway/config/values.hpp"

namespace vitalgate::cli {

namespace {

constexpr const char* kDefaultFile = "/etc/vitalgate/vitalgate.yaml";
constexpr const char* kFooter =
    "Exit status: 0 done, or the answer is yes; 1 the answer is no; 2 wrong usage;\n"
    "3 the broker cannot be reached; 4 not permitted; 5 timed out.";

/// Arguments of all subcommands, and the one that was chosen.
struct CommandLine {
    std::string configFile = kDefaultFile;
    CheckOptions check;
    std::string explainKey;
    DecodeArguments decode;
    WatchArguments watch;
    EraseArguments erase;
    config::Config withoutConfiguration;  ///< all that is known then
    std::function<ExitStatus()> chosen;
};

void addCheckConfig(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("check-config", "Say whether a configuration is valid");
    command->add_option("FILE", line.check.file, "The file; --config if none is given");
    command->add_flag_callback(
        "--without-files", [&line] { line.check.checkFiles = false; },
        "Do not look at the secrets and certificates that it names");
    command->callback([&line] {
        line.chosen = [&line] {
            if (line.check.file.empty()) line.check.file = line.configFile;
            return checkConfig(line.check);
        };
    });
}

void addConfig(CLI::App& app, CommandLine& line) {
    auto* config = app.add_subcommand("config", "Explain the configuration");
    config->require_subcommand(1);
    auto* explain = config->add_subcommand(
        "explain", "The meaning, default and range of a key, a section, or everything");
    explain->add_option("KEY", line.explainKey, "For example store.keep, devices or uplinks.care");
    explain->callback(
        [&line] { line.chosen = [&line] { return explainConfig(line.explainKey); }; });
}

void addDecode(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("decode", "Say what a value of a characteristic means");
    command->add_option("UUID", line.decode.characteristic, "The characteristic, for example 2A35")
        ->required();
    command
        ->add_option("HEX", line.decode.value,
                     "The value's octets in hexadecimal, in one word or several")
        ->required();
    command->add_option("--feature", line.decode.feature,
                        "Octets of the service's feature characteristic");
    command->add_option("--quirks", line.decode.quirk,
                        "A model that differs, or its row of the quirk table: BM85 or beurer-bm85");
    command->add_flag("--explain", line.decode.explain, "Say which octets mean what");
    command->callback([&line] { line.chosen = [&line] { return decode(line.decode); }; });
}

void addWatch(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand(
        "watch", "Show readings, events and status as they reach a subscriber of the broker");
    auto& watch = line.watch;
    command->add_option("--uplink", watch.uplink, "Whose broker; the first one if none is given");
    command->add_option("--until-each", watch.untilEach,
                        "End with status 0 when each of these devices has delivered a reading");
    command->add_flag("--until-all", watch.untilAll,
                      "End with status 0 when every enabled device has delivered a reading");
    command
        ->add_option_function<std::string>(
            "--timeout",
            [&watch](const std::string& text) {
                const auto limit = config::parseDuration(text);
                if (!limit) {
                    throw CLI::ValidationError(
                        "--timeout", limit.error().message + "; write for example 30s, 5m or 1h");
                }
                watch.timeout = *limit;
            },
            "End after this time, with status 5 if a device is missing (60s if one is awaited)")
        ->type_name("DURATION");
    command->callback([&line] {
        line.chosen = [&line] {
            const auto config = loadConfiguration(line.configFile, false);
            return config ? cli::watch(*config, line.watch) : ExitStatus::no;
        };
    });
}

void addErase(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand(
        "erase", "Make all that the hub has stored unreadable for ever, its keys first");
    command->add_option("--state", line.erase.state, "The daemon's state directory")
        ->capture_default_str()
        ->type_name("DIR");
    command->add_flag("--yes", line.erase.isConfirmed, "Do not ask");
    auto* without = command->add_flag_callback(
        "--without-configuration", [&line] { line.erase.hasConfiguration = false; },
        "Do not read the configuration: erase what lies in the state directory");
    command
        ->add_option("--store", line.withoutConfiguration.store.path,
                     "The folder of the store (store.path), if it is another one")
        ->needs(without)
        ->type_name("DIR");
    command->callback([&line] {
        line.chosen = [&line] {
            if (!line.erase.hasConfiguration) {
                return cli::erase(line.withoutConfiguration, line.erase);
            }
            const auto config = loadConfiguration(line.configFile, false);
            if (config) return cli::erase(*config, line.erase);
            fmt::print(stderr,
                       "nothing was erased; if the configuration is lost, add "
                       "--without-configuration\n");
            return ExitStatus::no;
        };
    });
}

/// The last border for exceptions (a full disk behind standard output), and the place where an
/// answer that could not be written is not taken for a success.
int finish(const std::function<ExitStatus()>& chosen) {
    try {
        const auto status = chosen();
        if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return static_cast<int>(status);
        fmt::print(stderr, "vitalgate: standard output cannot be written\n");
    } catch (const std::exception& error) {
        fmt::print(stderr, "vitalgate: {}\n", error.what());
    }
    return static_cast<int>(ExitStatus::no);
}

}  // namespace

int run(int argc, const char* const* argv) {
    CommandLine line;
    CLI::App app{"vitalgate: the command line of the health hub's M2M gateway", "vitalgate"};
    app.set_version_flag("--version", "vitalgate " VITALGATE_VERSION);
    app.add_option("--config", line.configFile, "The configuration")
        ->capture_default_str()
        ->type_name("FILE");
    app.add_flag("--json", line.watch.json,
                 "Print protobuf messages as JSON, one a line, and nothing else");
    app.footer(kFooter);
    app.require_subcommand(1);
    app.fallthrough();
    addCheckConfig(app, line);
    addConfig(app, line);
    addDecode(app, line);
    addWatch(app, line);
    addErase(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(ExitStatus::usage);
    }
    return finish(line.chosen);
}

}  // namespace vitalgate::cli
