#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitalgate::config {

/// One line of the configuration reference, made from the key table.
struct KeyHelp {
    std::string key;       ///< "devices.<id>.address"
    std::string type;      ///< "duration", "one of: a, b"
    std::string standard;  ///< the default as one would write it, "none", or "required"
    std::string range;     ///< "10s to 10m"; empty: none
    std::string help;
};

/// Every key, in the order of the table.
std::vector<KeyHelp> configurationKeys();

/// The keys equal to `key` or below it ("devices", "devices.cuff.address" like
/// "devices.<id>.address"); all of them for an empty one.
std::vector<KeyHelp> explain(std::string_view key);

/// The key nearest to one that does not exist; empty if none is near.
std::string nearestKey(std::string_view key);

/// The reference as a table in Markdown.
std::string referencePage();

}  // namespace vitalgate::config
