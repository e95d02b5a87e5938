#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/base/time.hpp"
#include "gateway/cli/exit_status.hpp"
#include "gateway/config/config.hpp"

namespace vitalgate::cli {

struct WatchArguments {
    std::string uplink;                  ///< empty: the first one
    std::vector<std::string> untilEach;  ///< end when each of these has delivered
    bool untilAll = false;               ///< likewise, all that are configured and enabled
    std::optional<Duration> timeout;     ///< nothing: 60 s with an end, else for ever
    bool json = false;
};

/// Subscribes to the configured broker and shows what the hub publishes, until Ctrl-C or until what
/// was asked for has come.
ExitStatus watch(const config::Config& config, const WatchArguments& arguments);

}  // namespace vitalgate::cli
