#include "gateway/config/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/suggestion.hpp"

namespace vitalgate::config {

namespace {

/// The first part of a dotted key, taken off it. A name in brackets has no dots.
std::string_view takePart(std::string_view& key) {
    const auto part = key.substr(0, key.find('.'));
    key.remove_prefix(std::min(part.size() + 1, key.size()));
    return part;
}

/// Whether `key` is `asked`, lies below it, or would with names in the place of brackets.
bool answers(std::string_view key, std::string_view asked) {
    while (!asked.empty()) {
        const auto part = takePart(key);
        const auto want = takePart(asked);
        if (part != want && !part.starts_with('<')) return false;
    }
    return true;
}

}  // namespace

std::vector<KeyHelp> explain(std::string_view key) {
    auto keys = configurationKeys();
    std::erase_if(keys, [&](const KeyHelp& help) { return !answers(help.key, key); });
    return keys;
}

std::string nearestKey(std::string_view key) {
    const auto keys = configurationKeys();
    return nearest(key, [&] {
        std::vector<std::string_view> names;
        for (const auto& help : keys) names.push_back(help.key);
        return names;
    }());
}

std::string referencePage() {
    std::string page = "| key | type | default | range | meaning |\n|---|---|---|---|---|\n";
    for (const auto& help : configurationKeys()) {
        page += fmt::format("| `{}` | {} | {} | {} | {} |\n", help.key, help.type, help.standard,
                            help.range, help.help);
    }
    return page;
}

}  // namespace vitalgate::config
