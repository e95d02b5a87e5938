#include <fmt/ranges.h>

#include <algorithm>

#include "adapters/simulator/model.hpp"
#include "adapters/simulator/scenario_device.hpp"

namespace vitalgate::simulator {

namespace {

void readTimes(MapReader& map, Measure& out) {
    const bool hasFirst = map.read("at", out.first, parseSpan);
    const bool hasEvery = map.read("every", out.every, parseSpan);
    out.times = hasEvery ? 0 : 1;
    const bool hasTimes = map.read("times", out.times, [](std::string_view text) {
        return parseWhole<std::uint64_t>(text, 1, 1'000'000'000);
    });
    if (!map.node().find("at") && !map.node().find("every")) {
        map.missing("at", "is required, or every");
    }
    if (hasTimes && !hasEvery) map.missing("times", "needs every");
    if (!hasFirst && hasEvery) out.first = *out.every;
    if (out.first < Duration::zero()) map.missing("at", "is before the start");
    if (out.every && *out.every < std::chrono::milliseconds{1}) {
        map.missing("every", "is below 1ms");
    }
}

void readValues(MapReader& map, const ModelSpec& model, Measure& out) {
    for (const auto& spec : model.values) {
        NumberRange range;
        const bool given = map.read(spec.name, range, parseRange);
        if (given && range.special == Special::none &&
            (range.low < spec.low || range.high > spec.high)) {
            map.problem(*map.node().find(spec.name), spec.name,
                        fmt::format("is not within {} to {}", spec.low, spec.high));
        }
        if (given) out.values.emplace(spec.name, range);
        if (!given && spec.required && !out.failed && !map.node().find(spec.name)) {
            map.missing(spec.name, "is required, or failed: true");
        }
    }
}

Status knownStatus(const ModelSpec& model, std::string_view word) {
    if (std::ranges::find(model.statuses, word, &StatusSpec::word) != model.statuses.end()) {
        return {};
    }
    std::vector<std::string_view> words;
    for (const auto& each : model.statuses) words.push_back(each.word);
    return fail(ErrorKind::invalid, "\"{}\" is no status of this model ({})", word,
                words.empty() ? "it has none" : fmt::format("{}", fmt::join(words, ", ")));
}

void readPayload(MapReader& map, const DeviceSettings& device, Measure& out) {
    map.read("characteristic", out.characteristic, Uuid::parse);
    map.read("hex", out.payload, [](std::string_view text) { return fromHex(text); });
    if (!out.characteristic) return map.missing("characteristic", "is required");
    for (const auto& service : device.services) {
        if (std::ranges::find(service.characteristics, *out.characteristic,
                              &Characteristic::uuid) != service.characteristics.end()) {
            return;
        }
    }
    map.missing("characteristic", "does not stand in services");
}

Measure readMeasure(MapReader& map, const ModelSpec& model, const DeviceSettings& device) {
    Measure out;
    readTimes(map, out);
    if (model.word == "replay") {
        readPayload(map, device, out);
        map.done();
        return out;
    }
    map.read("user", out.user, [](std::string_view text) { return parseWhole<int>(text, 0, 255); });
    if (out.user && !device.slots.empty() && !device.slots.contains(*out.user)) {
        map.missing("user", "does not stand in users");
    }
    map.read("failed", out.failed, parseYesNo);
    readValues(map, model, out);
    map.each("status", [&](std::string_view word) {
        out.statuses.emplace_back(word);
        return knownStatus(model, word);
    });
    map.done();
    return out;
}

}  // namespace

std::vector<Measure> readMeasures(MapReader& device, const ModelSpec& model,
                                  const DeviceSettings& settings) {
    std::vector<Measure> out;
    const auto* list = device.take("measure");
    if (!list) return out;
    if (!list->isList()) {
        device.problem(*list, "measure", "must be a list");
        return out;
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        MapReader map(list->items[i], fmt::format("{}[{}]", device.pathOf("measure"), i + 1),
                      device.problems());
        out.push_back(readMeasure(map, model, settings));
    }
    return out;
}

}  // namespace vitalgate::simulator
