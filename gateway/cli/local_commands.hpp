#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/cli/exit_status.hpp"

/// The subcommands that need neither daemon nor broker.
namespace vitalgate::cli {

struct CheckOptions {
    std::string file;
    bool checkFiles = true;  ///< whether secrets and certificates must be there
};

/// "vitalgate.yaml: valid, 4 devices, 1 uplink", or everything that is wrong.
ExitStatus checkConfig(const CheckOptions& options);

/// The reference of one key, of a section, or of everything as a table in Markdown.
ExitStatus explainConfig(const std::string& key);

struct DecodeArguments {
    std::string characteristic;  ///< UUID
    /// Hexadecimal, as people copy it: with or without 0x, spaces, colons or hyphens. Only "" is a
    /// value without octets.
    std::vector<std::string> value;
    /// Likewise; of the service's feature characteristic.
    std::optional<std::string> feature;
    /// A row of the quirk table, a part of its name that no other has, or a model.
    std::string quirk;
    bool explain = false;
};

/// What a value of a characteristic says, as one line of JSON; with `explain` a line for each field
/// follows: its octets, their places and its name. Of a value that is refused, too, as far as it
/// could be read.
ExitStatus decode(const DecodeArguments& arguments);

}  // namespace vitalgate::cli
