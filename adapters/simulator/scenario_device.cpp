#include "adapters/simulator/scenario_device.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "adapters/simulator/model.hpp"
#include "gateway/runtime/random.hpp"

namespace vitalgate::simulator {

namespace {

Status addUuid(std::vector<Uuid>& out, std::string_view text) {
    const auto uuid = Uuid::parse(text);
    if (!uuid) return std::unexpected(uuid.error());
    out.push_back(*uuid);
    return {};
}

void readUuids(MapReader& map, std::string_view key, std::vector<Uuid>& out) {
    map.each(key, [&](std::string_view text) { return addUuid(out, text); });
}

void readPairing(MapReader& device, PairingSettings& out) {
    auto map = device.below("pairing");
    if (!map) return;
    std::size_t demand = 0;
    map->read("demand", demand, [](std::string_view text) {
        return parseWord(text, {"none", "just-works", "passkey", "refuse"});
    });
    out.demand = static_cast<PairingDemand>(demand);
    const bool hasPasskey = map->read("passkey", out.passkey, [](std::string_view text) {
        return parseWhole<std::uint32_t>(text, 0, 999'999);
    });
    if (out.demand == PairingDemand::passkey && !hasPasskey) {
        map->missing("passkey", "is required: six digits");
    }
    readUuids(*map, "encrypt", out.encrypt);
    const bool forgets = map->read("forget-after", out.forgetAfter, parseSpan);
    if (forgets && *out.forgetAfter <= Duration::zero()) {
        map->missing("forget-after", "must be longer than nothing");
    }
    const bool bonds =
        out.demand == PairingDemand::justWorks || out.demand == PairingDemand::passkey;
    if (forgets && !bonds) map->missing("forget-after", "needs a demand that bonds");
    map->read("asks", out.asks, parseYesNo);
    if (out.asks && !bonds) map->missing("asks", "needs a demand that bonds");
    map->done();
}

void readClock(MapReader& device, ClockSettings& out) {
    auto map = device.below("clock");
    if (!map) return;
    std::size_t kind = static_cast<std::size_t>(out.kind);
    map->read("as", kind, [](std::string_view text) {
        return parseWord(text,
                         {"none", "current-time", "date-time", "elapsed-time", "device-time"});
    });
    out.kind = static_cast<ClockKind>(kind);
    map->read("ahead", out.ahead, parseSpan);
    map->read("settable", out.settable, parseYesNo);
    map->read("drift", out.driftPpm, parsePpm);
    map->read("frozen", out.frozen, parseYesNo);
    map->read("zone", out.zone,
              [](std::string_view text) { return TimeZone::find(std::string(text)); });
    readLocalTime(*map, out);
    map->done();
}

void readUsers(MapReader& device, DeviceSettings& out) {
    device.entries("users", [&](const config::Node::Entry& entry, std::string path) {
        const auto user = parseWhole(entry.key, 0, 255);
        if (!user) device.problems().add(entry.place, path, user.error().message);
        std::int64_t slot = user.value_or(0);
        std::uint16_t consent = 0;
        MapReader map(entry.value, std::move(path), device.problems());
        map.read("slot", slot, [](std::string_view text) { return parseWhole(text, 0, 255); });
        const bool hasConsent = map.read("consent", consent, [](std::string_view text) {
            return parseWhole<std::uint16_t>(text, 0, 9999);
        });
        map.done();
        const auto own = static_cast<std::uint8_t>(slot);
        out.slots[static_cast<int>(user.value_or(0))] = own;
        if (hasConsent) out.consents[own] = consent;
    });
}

/// Data of an advertisement: hexadecimal octets by company or by service.
template <class Key, class ParseKey>
void readData(MapReader& map, std::string_view name, std::map<Key, Bytes>& out,
              const ParseKey& parseKey) {
    map.entries(name, [&](const config::Node::Entry& entry, std::string path) {
        const auto key = parseKey(entry.key);
        const auto octets = fromHex(entry.value.text);
        if (!key) map.problems().add(entry.place, path, key.error().message);
        if (!octets) map.problems().add(entry.value.place, path, octets.error().message);
        if (key && octets) out[static_cast<Key>(*key)] = *octets;
    });
}

void readAway(MapReader& map, std::vector<Away>& out) {
    const auto* list = map.take("away");
    if (!list) return;
    if (!list->isList()) return map.problem(*list, "away", "must be a list");
    for (const auto& item : list->items) {
        Away away;
        MapReader reader(item, map.pathOf("away"), map.problems());
        const bool complete =
            reader.read("at", away.at, parseSpan) & reader.read("for", away.lasting, parseSpan);
        reader.done();
        if (!complete || away.at < Duration::zero() || away.lasting <= Duration::zero()) {
            reader.missing("", "needs at and for: from the start, and longer than nothing");
        }
        out.push_back(away);
    }
}

void readAdvertise(MapReader& device, AdvertiseSettings& out) {
    auto map = device.below("advertise");
    if (!map) return;
    std::size_t when = 0;
    map->read("when", when, [](std::string_view text) {
        return parseWord(text, {"always", "after-measurement"});
    });
    out.when = static_cast<AdvertiseWhen>(when);
    map->read("for", out.window, parseSpan);
    map->read("every", out.every, parseSpan);
    map->read("signal", out.signalDbm, parseSignal);
    map->read("connectable", out.connectable, parseYesNo);
    readData(*map, "manufacturer-data", out.manufacturerData,
             [](std::string_view text) { return parseWhole(text, 0, 0xffff); });
    readData(*map, "service-data", out.serviceData, Uuid::parse);
    readAway(*map, out.away);
    map->done();
}

void readDisconnect(MapReader& device, DisconnectSettings& out) {
    auto map = device.below("disconnect");
    if (!map) return;
    const auto count = [](std::string_view text) {
        return parseWhole<std::uint32_t>(text, 1, 1'000'000);
    };
    map->read("after-values", out.afterValues, count);
    map->read("when-done", out.whenDone, parseSpan);
    std::size_t step = 0;
    const bool hasStep = map->read("at", step, [](std::string_view text) {
        return parseWord(text, {"connect", "resolve", "read", "write", "subscribe"});
    });
    if (hasStep) out.at = static_cast<Step>(step);
    map->read("times", out.times, count);
    map->read("reason", out.reason, [](std::string_view text) -> Result<std::string> {
        const auto word = parseWord(text, {"by-device", "link-lost"});
        if (!word) return std::unexpected(word.error());
        return std::string(text);
    });
    map->done();
}

void readRefuse(MapReader& device, RefuseSettings& out) {
    auto map = device.below("refuse");
    if (!map) return;
    readUuids(*map, "read", out.read);
    readUuids(*map, "write", out.write);
    readUuids(*map, "notify", out.notify);
    std::int64_t error = static_cast<std::int64_t>(out.error);
    map->read("error", error, [](std::string_view text) { return parseWhole(text, 1, 255); });
    out.error = static_cast<AttError>(error);
    map->done();
}

const ModelSpec* readModel(MapReader& map) {
    const auto* node = map.take("model");
    if (!node) {
        map.missing("model", "is required");
        return nullptr;
    }
    const auto* model = findModel(node->text);
    if (model) return model;
    std::vector<std::string_view> words;
    for (const auto& each : allModels()) words.push_back(each.word);
    map.problem(*node, "model",
                fmt::format("\"{}\" is not one of: {}", node->text, fmt::join(words, ", ")));
    return nullptr;
}

/// Fills what all models have in common.
void readCommon(MapReader& map, DeviceSettings& out) {
    readInformation(map, out.information);
    readPairing(map, out.pairing);
    readClock(map, out.clock);
    readUsers(map, out);
    readAdvertise(map, out.advertise);
    readDisconnect(map, out.disconnect);
    readRefuse(map, out.refuse);
    map.read("memory", out.memory,
             [](std::string_view text) { return parseWhole<std::size_t>(text, 0, 100'000); });
    map.read("battery", out.battery,
             [](std::string_view text) -> Result<std::optional<std::uint8_t>> {
                 if (text == "none") return std::nullopt;
                 const auto percent = parseWhole(text, 0, 255);
                 if (!percent) return std::unexpected(percent.error());
                 return static_cast<std::uint8_t>(*percent);
             });
    map.read("battery-status", out.batteryStatus, parseYesNo);
    if (out.batteryStatus && !out.battery) map.missing("battery-status", "needs a battery");
    map.read("bond-management", out.bondManagement, parseYesNo);
}

std::vector<DeviceSettings> readCrowd(MapReader& map, DeviceSettings device, std::uint64_t seed) {
    std::int64_t count = 1;
    device.advertise.connectable = false;
    device.battery.reset();
    map.read("count", count, [](std::string_view text) { return parseWhole(text, 1, 5000); });
    map.read("every", device.advertise.every, parseSpan);
    map.read("signal", device.advertise.signalDbm, parseSignal);
    std::vector<DeviceSettings> out;
    for (std::int64_t number = 1; number <= count; ++number) {
        auto one = device;
        if (count > 1) one.name = fmt::format("{}-{}", device.name, number);
        if (count > 1 || !map.node().find("address")) {
            one.address = drawAddress(seed, one.name);
            one.randomAddress = true;
        }
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace

std::vector<DeviceSettings> readDevice(MapReader& map, const std::string& name,
                                       std::uint64_t seed) {
    if (!map.node().isMap()) return {};
    DeviceSettings out;
    out.name = name;
    const auto* model = readModel(map);
    if (!model) return {};
    out.model = model->word;
    out.information.name = name;
    out.information.manufacturer = "Example";
    out.information.model = model->word;
    out.clock.kind = model->clock;
    out.memory = model->memory;
    const bool hasAddress = map.read("address", out.address, BluetoothAddress::parse);
    map.read("random-address", out.randomAddress, parseYesNo);
    readCommon(map, out);
    readModelKeys(map, *model, out);
    if (out.advertise.every < std::chrono::milliseconds{20}) {
        map.missing("advertise.every", "is below 20ms, the least that Bluetooth allows");
    }
    if (model->word == "advertiser") {
        auto crowd = readCrowd(map, std::move(out), seed);
        map.done();
        return crowd;
    }
    if (!hasAddress && !map.node().find("address")) map.missing("address", "is required");
    out.measures = readMeasures(map, *model, out);
    map.done();
    return {std::move(out)};
}

std::uint64_t seedOf(std::uint64_t seed, std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;  // FNV-1a, 64 bits
    for (const char c : name) {
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
    }
    return hash;
}

BluetoothAddress drawAddress(std::uint64_t seed, std::string_view name) {
    SeededRandom random(seedOf(seed, name));
    Bytes octets(6);
    random.fill(octets);
    octets[0] |= 0xc0U;
    return BluetoothAddress::parse(fmt::format("{:02X}", fmt::join(octets, ":"))).value();
}

}  // namespace vitalgate::simulator
