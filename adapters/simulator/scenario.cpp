#include "adapters/simulator/scenario.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "adapters/simulator/scenario_device.hpp"
#include "adapters/simulator/scenario_values.hpp"

namespace vitalgate::simulator {

namespace {

constexpr std::size_t kMaximumDevices = 5000;

bool isAdapterName(std::string_view name) {
    return isIdentifier(name) && name.find_first_of(".-") == std::string_view::npos;
}

void readAbsences(MapReader& map, AdapterSettings& out) {
    const auto* list = map.take("gone");
    if (!list) return;
    if (!list->isList()) return map.problem(*list, "gone", "must be a list");
    for (const auto& item : list->items) {
        Absence absence;
        MapReader reader(item, map.pathOf("gone"), map.problems());
        const bool complete = reader.read("at", absence.at, parseSpan) &
                              reader.read("for", absence.lasting, parseSpan);
        reader.read("as", absence.returnsAs, [](std::string_view text) -> Result<std::string> {
            if (isAdapterName(text)) return std::string(text);
            return fail(ErrorKind::invalid, "a name is letters and digits: hci0");
        });
        reader.done();
        if (complete) {
            out.absences.push_back(std::move(absence));
        } else {
            reader.missing("", "needs at and for");
        }
    }
}

void readAdapters(MapReader& root, Scenario& out) {
    root.entries("adapters", [&](const config::Node::Entry& entry, std::string path) {
        AdapterSettings adapter;
        adapter.name = entry.key;
        MapReader map(entry.value, std::move(path), root.problems());
        if (!map.read("address", adapter.address, BluetoothAddress::parse)) {
            if (!map.node().find("address")) map.missing("address", "is required");
        }
        map.read("powered", adapter.powered, parseYesNo);
        map.read("attenuation", adapter.attenuationDb,
                 [](std::string_view text) { return parseWhole<int>(text, 0, 60); });
        readAbsences(map, adapter);
        map.done();
        if (!isAdapterName(entry.key)) {
            root.problems().add(entry.place, "adapters", "a name is letters and digits: hci0");
        }
        out.adapters.push_back(std::move(adapter));
    });
    if (out.adapters.empty()) {
        out.adapters.emplace_back().address = *BluetoothAddress::parse("00:11:22:33:44:55");
    }
}

void readDevices(MapReader& root, Scenario& out) {
    root.entries("devices", [&](const config::Node::Entry& entry, std::string path) {
        if (!isIdentifier(entry.key)) {
            root.problems().add(entry.place, path,
                                "a device's name is 1 to 64 letters, digits, dots, hyphens or "
                                "underscores");
        }
        MapReader map(entry.value, std::move(path), root.problems());
        auto crowd = readDevice(map, entry.key, out.seed);
        std::ranges::move(crowd, std::back_inserter(out.devices));
    });
    if (out.devices.empty()) root.missing("devices", "at least one device is required");
    if (out.devices.size() > kMaximumDevices) {
        root.missing("devices", fmt::format("more than {} devices", kMaximumDevices));
    }
}

void refuseSharedAddresses(MapReader& root, const Scenario& scenario) {
    std::map<BluetoothAddress, std::string> owners;
    for (const auto& device : scenario.devices) {
        const auto [owner, isNew] = owners.emplace(device.address, device.name);
        if (isNew) continue;
        root.missing("devices",
                     fmt::format("{} and {} have the same address", owner->second, device.name));
    }
}

void readFaults(MapReader& map, BluezSettings& out) {
    const auto* list = map.take("faults");
    if (!list) return;
    if (!list->isList()) return map.problem(*list, "faults", "must be a list");
    for (const auto& item : list->items) {
        Fault fault;
        std::size_t freeze = 0;
        MapReader reader(item, map.pathOf("faults"), map.problems());
        const auto word = [](std::string_view text) {
            return parseWord(text, {"discovery", "calls", "signals"});
        };
        std::size_t cure = 0;
        Duration lasting{};
        const auto cureWord = [](std::string_view text) {
            return parseWord(text, {"for", "restart", "new-session", "power-cycle", "reconnect"});
        };
        const bool complete =
            reader.read("at", fault.at, parseSpan) & reader.read("freeze", freeze, word);
        if (reader.read("for", lasting, parseSpan)) fault.lasting = lasting;
        reader.read("until", cure, cureWord);
        reader.done();
        fault.freeze = static_cast<Freeze>(freeze);
        fault.cure = static_cast<Cure>(cure);
        if (complete && (fault.lasting || fault.cure != Cure::none)) {
            out.faults.push_back(fault);
        } else {
            reader.missing("", "needs at, freeze, and for or until");
        }
    }
}

/// The name of a device of this scenario.
Status requireDevice(const Scenario& scenario, std::string_view name) {
    if (std::ranges::find(scenario.devices, name, &DeviceSettings::name) !=
        scenario.devices.end()) {
        return {};
    }
    return fail(ErrorKind::invalid, "no device is called \"{}\"", name);
}

void readBluez(MapReader& root, Scenario& out) {
    auto map = root.below("bluez");
    if (!map) return;
    auto& bluez = out.bluez;
    map->read("connect-after", bluez.connectAfter, parseSpan);
    map->read("connect-timeout", bluez.connectTimeout, parseSpan);
    map->read("services-resolved-after", bluez.servicesResolvedAfter, parseSpan);
    map->read("answer-after", bluez.answerAfter, parseSpan);
    map->read("vanish-after", bluez.vanishAfter, parseSpan);
    map->read("kernel-scans", bluez.kernelScans, parseSpan);
    map->read("pair-on-demand", bluez.pairOnDemand, parseYesNo);
    map->read("resolved-too-early", bluez.resolvedTooEarly, parseYesNo);
    map->read("battery-hidden", bluez.batteryHidden, parseYesNo);
    map->each("never-resolve", [&](std::string_view name) {
        bluez.neverResolve.emplace_back(name);
        return requireDevice(out, name);
    });
    map->entries("abort-connect", [&](const config::Node::Entry& entry, std::string path) {
        const auto count = parseWhole(entry.value.text, 1, 1'000'000);
        const auto known = requireDevice(out, entry.key);
        if (!count) map->problems().add(entry.value.place, path, count.error().message);
        if (!known) map->problems().add(entry.place, path, known.error().message);
        if (count) bluez.abortConnect[entry.key] = static_cast<std::uint32_t>(*count);
    });
    readFaults(*map, bluez);
    map->done();
}

Result<Scenario> fromNode(std::optional<config::Node> node, config::Problems& problems,
                          std::optional<std::uint64_t> seed) {
    Scenario out;
    if (node) {
        MapReader root(*node, "", problems);
        std::int64_t written = 1;
        root.read("seed", written, [](std::string_view text) {
            return parseWhole(text, 0, std::numeric_limits<std::int64_t>::max());
        });
        out.seed = seed.value_or(static_cast<std::uint64_t>(written));
        readAdapters(root, out);
        readDevices(root, out);
        refuseSharedAddresses(root, out);
        readBluez(root, out);
        root.done();
    }
    if (!problems.empty()) {
        return fail(ErrorKind::invalid, "{}", fmt::join(problems.lines(), "\n"));
    }
    return out;
}

}  // namespace

Result<Scenario> readScenario(const std::filesystem::path& file,
                              std::optional<std::uint64_t> seed) {
    config::Problems problems;
    auto node = config::readYaml(file, problems);
    return fromNode(std::move(node), problems, seed);
}

Result<Scenario> parseScenario(std::string_view text, const std::string& name,
                               std::optional<std::uint64_t> seed) {
    config::Problems problems;
    auto node = config::parseYaml(text, name, problems);
    return fromNode(std::move(node), problems, seed);
}

}  // namespace vitalgate::simulator
