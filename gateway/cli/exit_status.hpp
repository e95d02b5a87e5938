#pragma once

namespace vitalgate::cli {

/// What the program says to scripts; the same for all subcommands.
enum class ExitStatus {
    done = 0,         ///< or: the answer is yes
    no = 1,           ///< the answer is no: an invalid file, a malformed payload
    usage = 2,        ///< the command line is wrong
    unreachable = 3,  ///< neither daemon nor broker answers
    notPermitted = 4,
    timedOut = 5,
};

}  // namespace vitalgate::cli
