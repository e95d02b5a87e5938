#pragma once

#include <string>

#include "gateway/cli/exit_status.hpp"
#include "gateway/config/config.hpp"

namespace vitalgate::cli {

struct EraseArguments {
    std::string state = "/var/lib/vitalgate";  ///< the daemon's state directory
    bool isConfirmed = false;                  ///< a person, who is asked otherwise, has said yes
    bool hasConfiguration = true;              ///< else what lies in `state` is all that is known
};

/// Makes what the hub has stored unreadable for ever: destroys the store's key, on which all of it
/// depends, then removes the store, damaged ones and the other keys. Refuses while a daemon has the
/// store that is found. Says what it did and what it cannot do. Cut off at any point, it is run
/// again. Where there is no configuration `config` says at most where the store is; without a
/// store there, keys that are found are left: a daemon may be using them for one elsewhere.
ExitStatus erase(const config::Config& config, const EraseArguments& arguments);

}  // namespace vitalgate::cli
