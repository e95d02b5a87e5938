#include "gateway/cli/local_commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdio>

#include "adapters/profiles/describe.hpp"
#include "adapters/profiles/quirks.hpp"
#include "gateway/base/words.hpp"
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

/// "beurer-bm85 (Beurer BM85), …": the rows, and the devices that each of them is for.
std::string knownQuirks() {
    std::string text;
    for (const auto& row : profiles::quirks()) {
        std::vector<std::string_view> device;
        for (const auto part : {row.manufacturer, row.model, row.advertisedName}) {
            if (!part.empty()) device.push_back(part);
        }
        text += fmt::format("{}{}", text.empty() ? "" : ", ", row.name);
        if (!device.empty()) text += fmt::format(" ({})", fmt::join(device, " "));
    }
    return text;
}

/// The only row that can be meant: "bm85", "BM85" and "Beurer BM85" are "beurer-bm85".
Result<std::string> quirkMeant(const std::string& text) {
    if (text.empty() || text == "none") return std::string();
    const auto names = profiles::quirksMeant(text);
    if (names.size() == 1) return std::string(names.front());
    const auto* problem = names.empty() ? "is no row of the quirk table, and no model in it"
                                        : "can be more than one row of the quirk table";
    return fail(ErrorKind::invalid, "--quirks: {} {}; write one of {}", inQuotes(text), problem,
                knownQuirks());
}

/// What the value is decoded with.
Result<Bytes> featureOf(const Uuid& characteristic, const std::string& text) {
    auto feature = octetsOf(text);
    if (!feature) return feature;
    if (auto status = profiles::checkFeature(characteristic, *feature); !status) {
        return std::unexpected(std::move(status.error()));
    }
    return feature;
}

/// "1-2     8000      systolic".
void explain(const std::vector<FieldSpan>& fields, ByteView value) {
    for (const auto& field : fields) {
        if (field.octets == 0) continue;
        const auto last = field.offset + field.octets - 1;
        auto places = std::to_string(field.offset);
        if (field.octets > 1) places += "-" + std::to_string(last);
        fmt::print("{:<8}{:<16} {}\n", places, toHex(value.subspan(field.offset, field.octets)),
                   field.field);
    }
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
    if (arguments.feature) {
        const auto feature = featureOf(*characteristic, *arguments.feature);
        if (!feature) return refuse(feature.error().in("--feature"));
        options.feature = *feature;
    }
    const auto quirk = quirkMeant(arguments.quirk);
    if (!quirk) {
        fmt::print(stderr, "{}\n", quirk.error().message);
        return ExitStatus::usage;
    }
    options.quirk = *quirk;
    std::vector<FieldSpan> fields;
    if (arguments.explain) options.trace = &fields;
    const auto json = profiles::describeAsJson(*characteristic, *value, options);
    if (json) fmt::print("{}\n", *json);
    explain(fields, *value);
    return json ? ExitStatus::done : refuse(json.error());
}

}  // namespace vitalgate::cli
