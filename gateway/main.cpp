#include <CLI/CLI.hpp>

#include "gateway/app/daemon.hpp"

namespace {

constexpr int kWrongUsage = 2;

}  // namespace

int main(int argc, char** argv) {
    using namespace vitalgate::app;
    DaemonOptions options;
    std::string state;
    CLI::App program{"Takes readings from health devices and brings them to the care service.",
                     "vitalgated"};
    program.add_option("--config", options.configuration, "The configuration file")
        ->required()
        ->type_name("FILE");
    program
        .add_option("--state", state,
                    "Folder of the store and the keys (default: $STATE_DIRECTORY, "
                    "/var/lib/vitalgate)")
        ->type_name("DIR");
    program.add_flag("--check", options.checkOnly, "Only check the configuration");
    program.set_version_flag("--version", "vitalgated " VITALGATE_VERSION);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool isAnswered = error.get_exit_code() == 0;
        program.exit(error);
        return isAnswered ? 0 : kWrongUsage;
    }
    if (!state.empty()) options.state = state;
    return static_cast<int>(runDaemon(options));
}
