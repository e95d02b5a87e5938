#pragma once

namespace vitalgate::cli {

/// The whole program `vitalgate`: reads the arguments, runs the subcommand, gives the process's
/// exit status. Answers go to standard output, messages to standard error.
int run(int argc, const char* const* argv);

}  // namespace vitalgate::cli
