#pragma once

#include <optional>
#include <string>

namespace vitalgate::app {

struct DaemonOptions {
    std::string configuration;         ///< the file
    std::optional<std::string> state;  ///< folder; nothing: $STATE_DIRECTORY, or the usual place
    bool checkOnly = false;            ///< look at the configuration, start nothing
};

/// What the process says when it ends; 2 is a wrong command line.
enum class ExitStatus { done = 0, invalidConfiguration = 1, cannotStart = 3, mustRestart = 4 };

/// The daemon's life, from reading the configuration to the last line of its log. Told to stop
/// (SIGTERM, SIGINT) it ends within kStopLimit at any moment, then without waiting for libraries.
/// Does not come back once it has served: the process leaves from inside.
ExitStatus runDaemon(const DaemonOptions& options);

}  // namespace vitalgate::app
