#include "gateway/cli/local_commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdio>

#include "adapters/profiles/describe.hpp"
#include "gateway/cli/configuration.hpp"
#include "gateway/config/reference.hpp"

namespace vitalgate::cli {

namespace {

std::string counted(std::size_t count, std::string_view thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

ExitStatus refuse(const Error& error) {
    fmt::print(stderr, "{}\n", error.message);
    return ExitStatus::no;
}

/// The octets that a person has written. A "0x" becomes two spaces, so that places stay right.
Result<Bytes> octetsOf(std::string text) {
    for (std::size_t at = 0; at + 1 < text.size(); ++at) {
        const bool begins = at == 0 || text[at - 1] == ' ';
        if (begins && text[at] == '0' && (text[at + 1] == 'x' || text[at + 1] == 'X')) {
            text.replace(at, 2, "  ");
        }
    }
    auto octets = fromHex(text);
    if (octets && octets->empty() && !text.empty()) {
        return fail(ErrorKind::invalid, "has no octets: write two digits 0-9 or a-f for each");
    }
    return octets;
}

void print(const config::KeyHelp& help) {
    fmt::print("{}\n    {}\n    {}", help.key, help.help, help.type);
    if (!help.range.empty()) fmt::print(", {}", help.range);
    fmt::print("; {}{}\n", help.standard == "required" ? "" : "default ", help.standard);
}

}  // namespace

ExitStatus checkConfig(const CheckOptions& options) {
    const auto loaded = loadConfiguration(options.file, options.checkFiles);
    if (!loaded) return ExitStatus::no;
    fmt::print("{}: valid, {}, {}\n", options.file, counted(loaded->devices.size(), "device"),
               counted(loaded->uplinks.size(), "uplink"));
    // No mistake: a hub must start with it.
    for (const auto& [name, rule] : loaded->admit) {
        if (rule.until > std::chrono::system_clock::now()) continue;
        fmt::print(stderr, "{}: admit.{}: has ended; it admits nothing any more\n", options.file,
                   name);
    }
    return ExitStatus::done;
}

ExitStatus explainConfig(const std::string& key) {
    if (key.empty()) {
        fmt::print("{}", config::referencePage());
        return ExitStatus::done;
    }
    const auto keys = config::explain(key);
    for (const auto& help : keys) print(help);
    if (!keys.empty()) return ExitStatus::done;
    const auto near = config::nearestKey(key);
    fmt::print(stderr, "there is no key \"{}\"{}\n", key,
               near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
    return ExitStatus::no;
}

ExitStatus decode(const DecodeArguments& arguments) {
    const auto characteristic = Uuid::parse(arguments.characteristic);
    if (!characteristic) {
        fmt::print(stderr, "{}\n", characteristic.error().message);
        return ExitStatus::usage;
    }
    profiles::DecodeOptions options;
    const auto value = octetsOf(fmt::format("{}", fmt::join(arguments.value, " ")));
    if (!value) return refuse(value.error().in("value"));
    const auto feature = octetsOf(arguments.feature);
    if (!feature) return refuse(feature.error().in("feature"));
    options.feature = *feature;
    const auto json = profiles::describeAsJson(*characteristic, *value, options);
    if (!json) return refuse(json.error());
    fmt::print("{}\n", *json);
    return ExitStatus::done;
}

}  // namespace vitalgate::cli
