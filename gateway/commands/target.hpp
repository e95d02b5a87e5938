#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "vitalgate/v1/command.pb.h"
#include "vitalgate/v1/device.pb.h"

namespace vitalgate::commands {

/// Where accepted commands go.
class CommandTarget {
  public:
    virtual ~CommandTarget() = default;

    /// The kinds that can be run; any other is refused as not-supported.
    [[nodiscard]] virtual std::vector<v1::CommandSpec> commands() const = 0;

    /// Runs a command that was accepted; not_after is set, also where it came with the transport.
    /// The result has state, text, refusal or failure, and data; ids, kind and time are filled in
    /// by the caller. Ends by itself; the caller waits at most kRunLimit. `uplink` is the name of
    /// the one that brought the command.
    virtual asio::awaitable<v1::CommandResult> run(v1::Command command, std::string uplink) = 0;
};

}  // namespace vitalgate::commands
